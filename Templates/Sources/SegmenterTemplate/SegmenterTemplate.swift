import ZooKit

/// Describe the network here: what sets it apart, who published it and when, where to read it, and
/// which table the widths below are from. Name parameters as in the weights that are to fit.
public struct SegmenterTemplate: Segmenter {
  public static let name = "SegmenterTemplate"
  public static let paper = "authors and year, where to read it"
  public static let variants = [
    "segmentertemplate": SegmenterTemplate(widths: [16, 32, 64]),
    "segmentertemplate-small": SegmenterTemplate(widths: [8, 16, 32]),
  ]
  public static let miniatures = ["segmentertemplate": SegmenterTemplate(widths: [8, 12])]

  /// Channels at each size, the picture's own size first.
  let widths: [Int]

  public var input: Shape { [3, 256, 256] }

  /// Halves the size step by step and doubles it again, with a skip at each size.
  public func features(_ image: Node) -> Node {
    var skips: [Node] = []
    let deepest = widths.indices.reduce(image) { x, index in
      x.stage("down\(index + 1)") {
        let x = unit(
          index == 0 ? $0 : $0.maxPool("pool\(index)", kernel: 2), "down\(index + 1)",
          to: widths[index])
        skips.append(x)
        return x
      }
    }
    return widths.indices.dropLast().reversed().reduce(deepest) { x, index in
      x.stage("up\(index + 1)") {
        let skip = skips[index]
        let large = $0.upsample(
          "upsample\(index + 1)", .nearest, to: .init(skip.shape.height, skip.shape.width))
        return unit(
          large.concatenate(skip, name: "join\(index + 1)"), "up\(index + 1)",
          to: widths[index])
      }
    }
  }

  /// The part that depends on the classes: one map for each.
  public func head(_ features: Node, classes: Int) -> Node {
    features.conv("out", to: classes, kernel: 1)
  }

  private func unit(_ x: Node, _ name: String, to width: Int) -> Node {
    x.scope(name) {
      $0.conv("conv", to: width, kernel: 3, padding: 1, bias: false).batchNorm("bn").relu()
    }
  }
}

@section("zoo_plugins") @used
private let registration: Registration = { $0.register(SegmenterTemplate.self) }
