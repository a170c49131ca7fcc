import ZooKit

/// An encoder that reduces resolution, a decoder that restores it, and skips between both at each
/// size.
///
/// Olaf Ronneberger, Philipp Fischer and Thomas Brox 2015, arXiv:1505.04597, figure 1, in three
/// forms: the paper's, without padding; with padding and norms, under the names of Mateusz Buda's
/// published weights; and with another family's classifier as encoder.
public struct UNet: Segmenter {
  public static let name = "U-Net"
  public static let paper = "Ronneberger, Fischer and Brox 2015, arXiv:1505.04597"
  public static let variants = [
    "unet": UNet(.padded), "unet-16": UNet(.padded, width: 16),
    "unet-64": UNet(.padded, width: 64), "unet-depth3": UNet(.padded, depth: 3),
    "unet-bilinear": UNet(.padded, rise: .bilinear), "unet-paper": UNet(.unpadded, width: 64),
    "unet-resnet18": UNet(.borrowed("resnet18")), "unet-resnet50": UNet(.borrowed("resnet50")),
    "unet-vgg16": UNet(.borrowed("vgg16")),
  ]

  public static let miniatures = [
    "unet": UNet(.padded, width: 4, depth: 2),
    "unet-bilinear": UNet(.padded, width: 4, depth: 2, rise: .bilinear),
    "unet-paper": UNet(.unpadded, width: 4, depth: 2), "unet-borrowed": UNet(.borrowed("resnet20")),
  ]

  /// The encoder.
  package enum Encoder: Hashable, Sendable {
    /// Two convolutions at each size, without padding: 572×572 becomes 388×388.
    case unpadded
    /// The same with zero padding and norms.
    case padded
    /// The features of a variant of another family.
    case borrowed(String)
  }

  /// How the decoder doubles a map.
  package enum Rise: Hashable, Sendable { case transposed, bilinear }

  package var encoder: Encoder
  /// The width of the finest level; each coarser one has twice as many.
  package var width: Int
  /// How often our own encoder halves the picture.
  package var depth: Int
  package var rise: Rise

  package init(_ encoder: Encoder, width: Int = 32, depth: Int = 4, rise: Rise = .transposed) {
    (self.encoder, self.width, self.depth, self.rise) = (encoder, width, depth, rise)
  }

  private var isPadded: Bool { encoder != .unpadded }
  public var input: Shape { isPadded ? [3, 256, 256] : [1, 572, 572] }
  public var classes: Int { isPadded ? 1 : 2 }

  /// A level's two convolutions in the encoder and two in the decoder each remove one position, 2ˡ
  /// pixels, from every border: 6·2ᵈ − 4 in all, the 92 pixels of the paper's figure 2. With zero
  /// padding these pixels are not missing but affected by the border, and pooling rounds the
  /// affected part up: 6·2ᵈ − 2.
  public var tiling: Tiling {
    let scale = 1 << depth
    let lost = 6 * scale - 4
    switch encoder {
    // The coarsest map must keep one position.
    case .unpadded: return Tiling(least: 2 * lost + 4, step: scale, margin: lost, reach: 0)
    case .padded:
      let spread = rise == .bilinear ? scale : 0
      return Tiling(least: scale, step: scale, reach: lost + 2 + spread)
    // ResNet-18 reaches 217 pixels to each side, and its decoder 62 more.
    case .borrowed: return Tiling(least: 32, step: 32, reach: 288)
    }
  }

  // MARK: The graph

  public func features(_ image: Node) -> Node {
    if !isPadded, !tiling.takes(image.shape.height) || !tiling.takes(image.shape.width) {
      return image.refused(
        "\(image.shape) cannot be halved \(depth) times without padding; "
          + "expected sides of \(tiling.least) plus any multiple of \(tiling.step)")
    }
    let (skips, bottom) = descended(image)
    return image.stage("decoder") { _ in
      skips.enumerated().reversed().reduce(bottom) { x, level in
        let (index, skip) = (level.offset + 1, level.element)
        // Another family's encoder may have many more maps than a decoder needs.
        let width = min(width << level.offset, skip.map?.shape.channels ?? .max)
        return x.stage("decoder\(index)") {
          block(
            raised($0, to: skip, width, "\(index)"), "decoder\(index)", "dec\(index)", to: width)
        }
      }
    }
  }

  /// The class of each position; the only part that depends on the classes.
  public func head(_ features: Node, classes: Int) -> Node {
    features.conv("conv", to: classes, kernel: 1)
  }

  // MARK: Encoder

  /// The skip of a decoder level: a map, or only its size if the encoder has no such map.
  private struct Skip {
    var map: Node?
    let size: Window.Size

    init(_ map: Node) {
      self.map = map
      size = .init(map.shape.height, map.shape.width)
    }

    /// The size after halving the picture this often, rounded up as strides do.
    init(_ image: Node, halvings: Int) {
      let last = (1 << halvings) - 1
      size = .init((image.shape.height + last) >> halvings, (image.shape.width + last) >> halvings)
    }
  }

  /// The skips, the finest first, and the map at the bottom.
  private func descended(_ image: Node) -> (skips: [Skip], bottom: Node) {
    if case .borrowed(let variant) = encoder { return borrowed(variant, image) }
    var (skips, x): ([Skip], Node) = ([], image)
    x = image.stage("encoder") { image in
      (1...depth).reduce(image) { x, level in
        let map = x.stage("encoder\(level)") {
          block($0, "encoder\(level)", "enc\(level)", to: width << (level - 1))
        }
        skips.append(Skip(map))
        // “Drop-out layers at the end of the contracting path”, section 3.1.
        let isLast = !isPadded && level == depth
        return (isLast ? map.dropout("drop\(level)") : map).maxPool("pool\(level)", kernel: 2)
      }
    }
    let bottom = x.stage("bottleneck") {
      let bottom = block($0, "bottleneck", "bottleneck", to: width << depth)
      return isPadded ? bottom : bottom.dropout("drop\(depth + 1)")
    }
    return (skips, bottom)
  }

  /// The last map of each size inside a classifier. If it starts by halving the picture, there is
  /// none of the finest size.
  private func borrowed(_ variant: String, _ image: Node) -> (skips: [Skip], bottom: Node) {
    let features = image.stage("encoder") { $0.scope("encoder") { $0.features(of: variant) } }
    var maps = image.levels(through: features)
    guard let bottom = maps.popLast(), !maps.isEmpty else {
      return ([], image.refused("\(variant) has no levels that a decoder could go back to"))
    }
    var skips: [Skip] = []
    for map in maps {
      while map.isCoarser(than: image, halved: skips.count) {
        skips.append(Skip(image, halvings: skips.count))
      }
      skips.append(Skip(map))
    }
    return (skips, bottom)
  }

  /// Two convolutions (figure 1): `encoder1.enc1conv1`, `bottleneck.bottleneckconv2`.
  private func block(_ x: Node, _ scope: String, _ name: String, to width: Int) -> Node {
    x.scope(scope) { x in
      (1...2).reduce(x) { x, index in
        let x = x.conv(
          "\(name)conv\(index)", to: width, kernel: 3, padding: isPadded ? 1 : 0, bias: !isPadded)
        return (isPadded ? x.batchNorm("\(name)norm\(index)") : x).relu("\(name)relu\(index)")
      }
    }
  }

  // MARK: Decoder

  /// The coarser map at twice its size, concatenated with the skip.
  private func raised(_ x: Node, to skip: Skip, _ width: Int, _ level: String) -> Node {
    let name = "upconv\(level)"
    let doubled: Node
    switch rise {
    case .bilinear:
      // The weights of the four neighbours sum to 1, so the convolution may come first, where there
      // are fewer positions.
      doubled = x.conv(name, to: width, kernel: 1)
        .upsample(
          "up\(level)", .bilinear(alignCorners: false), to: isPadded ? skip.size : x.doubled)
    case .transposed:
      // Pooling rounds an odd side down; a stride rounds it up.
      let missing = Window.Size(
        max(0, skip.size.height - 2 * x.shape.height), max(0, skip.size.width - 2 * x.shape.width))
      doubled = x.transposedConv(
        name, to: width, kernel: 2, stride: 2, outputPadding: isPadded ? missing : 0)
    }
    guard isPadded else {
      return skip.map.map {
        doubled.concatenate($0.cropped(to: doubled, "crop\(level)"), name: "cat\(level)")
      } ?? doubled
    }
    let fitting = doubled.topLeft(skip.size, "cut\(level)")
    return skip.map.map { fitting.concatenate($0, name: "cat\(level)") } ?? fitting
  }
}

extension Node {
  fileprivate var doubled: Window.Size { .init(2 * shape.height, 2 * shape.width) }

  /// By a factor of √2 or more, as `levels` counts sizes.
  fileprivate func isCoarser(than image: Node, halved times: Int) -> Bool {
    let own = max(shape.height, shape.width) << times
    let other = max(image.shape.height, image.shape.width)
    return 2 * own * own <= other * other
  }

  private func part(_ rows: Range<Int>, _ columns: Range<Int>, _ name: String) -> Node {
    let whole = rows.count == shape.height && columns.count == shape.width
    return whole ? self : slice(name, of: rows, axis: 1).slice(name, of: columns, axis: 2)
  }

  /// The centre, cropped to the size of another map.
  fileprivate func cropped(to other: Node, _ name: String) -> Node {
    let (top, left) = (
      (shape.height - other.shape.height) / 2, (shape.width - other.shape.width) / 2
    )
    return part(top..<top + other.shape.height, left..<left + other.shape.width, name)
  }

  /// The top left corner of a given size.
  fileprivate func topLeft(_ size: Window.Size, _ name: String) -> Node {
    part(0..<size.height, 0..<size.width, name)
  }
}

@section("zoo_plugins") @used
private let registration: Registration = { $0.register(UNet.self) }
