import ZooKit

/// Darknet's layers, with convolutions numbered in the order in which they are written, which is
/// the order of a `.weights` file.
final class DarknetLayers {
  /// The part of the network that a layer belongs to; the prefix of its name.
  enum Part: String { case backbone, neck, head }

  enum Function { case leaky, mish }

  var part = Part.backbone
  private let narrowing: Int
  private var count = 0

  init(_ narrowing: Int) { self.narrowing = narrowing }

  /// Layers outside of the heads are frozen or tuned as `body` and `neck`; together they are the
  /// host's backbone.
  private func staged(_ x: Node, _ body: (Node) -> Node) -> Node {
    switch part {
    case .backbone: x.stage("body", body)
    case .neck: x.stage("neck", body)
    case .head: x.stage(Stage.head, body)
    }
  }

  /// A convolution that keeps or halves the map's size, with its norm and activation.
  func conv(
    _ x: Node, to width: Int, _ kernel: Int, stride: Int = 1, _ function: Function = .leaky
  ) -> Node {
    count += 1
    let (name, number) = (part.rawValue, count)
    return staged(x) { x in
      let norm = x.conv(
        "\(name).conv\(number)", to: max(1, width / narrowing), kernel: .init(kernel),
        stride: .init(stride), padding: .init(kernel / 2), bias: false
      ).batchNorm("\(name).norm\(number)", momentum: 0.03)
      return switch function {
      case .leaky: norm.leakyReLU("\(name).leaky\(number)", slope: 0.1)
      case .mish: norm.mish("\(name).mish\(number)")
      }
    }
  }

  /// Several convolutions in sequence: widths and kernels.
  func convs(_ x: Node, _ all: (Int, Int)..., function: Function = .leaky) -> Node {
    all.reduce(x) { conv($0, to: $1.0, $1.1, function) }
  }

  /// The part that depends on the classes: a 1×1 convolution with nothing after it.
  func head(_ x: Node, to width: Int) -> Node {
    count += 1
    let number = count
    return x.stage(Stage.head) { $0.conv("head.conv\(number)", to: width, kernel: 1) }
  }

  /// The total padding is one less than the kernel, with the smaller half before the map: a window
  /// of two with stride one keeps the size.
  func maxPool(_ x: Node, _ kernel: Int, stride: Int) -> Node {
    let before = (kernel - 1) / 2
    let after = kernel - 1 - before
    return staged(x) {
      $0.maxPool(
        "\(part.rawValue).maxpool", kernel: .init(kernel), stride: .init(stride),
        padding: .init(top: before, left: before, bottom: after, right: after))
    }
  }

  /// A convolution and a pooling that halves the map.
  func halved(_ x: Node, _ width: Int) -> Node { maxPool(conv(x, to: width, 3), 2, stride: 2) }

  /// `route`: concatenates maps.
  func joined(_ first: Node, _ others: Node...) -> Node {
    staged(first) { $0.callLayer(Concatenate(), "\(part.rawValue).route", with: others) }
  }

  /// `route` with groups: the second half of the channels.
  func secondHalf(_ x: Node) -> Node {
    let half = x.shape.channels / 2
    return staged(x) { $0.slice("\(part.rawValue).route", of: half..<x.shape.channels) }
  }

  func sum(_ a: Node, _ b: Node) -> Node {
    staged(a) { $0.add(b, "\(part.rawValue).shortcut") }
  }

  func doubled(_ x: Node) -> Node {
    staged(x) { $0.upsampleNearest("\(part.rawValue).upsample", by: 2) }
  }

  func reorganised(_ x: Node) -> Node {
    staged(x) { $0.callLayer(Reorganise(), "\(part.rawValue).reorg") }
  }

  /// Pooling over windows of several sizes (He et al. 2014, arXiv:1406.4729, in Darknet's form,
  /// which keeps the map's size).
  func pyramid(_ x: Node) -> Node {
    let (near, far, farther) = (
      maxPool(x, 5, stride: 1), maxPool(x, 9, stride: 1), maxPool(x, 13, stride: 1)
    )
    return joined(farther, far, near, x)
  }
}
