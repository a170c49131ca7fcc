import ZooKit

/// MobileNetV2's blocks, found by a search, some with squeeze-and-excite, and with a cheaper swish:
/// Andrew Howard et al. 2019, arXiv:1905.02244, tables 1 and 2, with torchvision's names.
public struct MobileNetV3: Architecture {
  public static let name = "MobileNetV3"
  public static let paper = "Howard et al. 2019, arXiv:1905.02244"
  public static let variants = [
    "mobilenet_v3_large": MobileNetV3(
      blocks: [
        Block(3, 16, 16), Block(3, 64, 24, stride: 2), Block(3, 72, 24),
        Block(5, 72, 40, looks: true, stride: 2), Block(5, 120, 40, looks: true),
        Block(5, 120, 40, looks: true), Block(3, 240, 80, swish: true, stride: 2),
        Block(3, 200, 80, swish: true), Block(3, 184, 80, swish: true),
        Block(3, 184, 80, swish: true), Block(3, 480, 112, looks: true, swish: true),
        Block(3, 672, 112, looks: true, swish: true),
        Block(5, 672, 160, looks: true, swish: true, stride: 2),
        Block(5, 960, 160, looks: true, swish: true), Block(5, 960, 160, looks: true, swish: true),
      ], hidden: 1280),
    "mobilenet_v3_small": MobileNetV3(
      blocks: [
        Block(3, 16, 16, looks: true, stride: 2), Block(3, 72, 24, stride: 2), Block(3, 88, 24),
        Block(5, 96, 40, looks: true, swish: true, stride: 2),
        Block(5, 240, 40, looks: true, swish: true), Block(5, 240, 40, looks: true, swish: true),
        Block(5, 120, 48, looks: true, swish: true), Block(5, 144, 48, looks: true, swish: true),
        Block(5, 288, 96, looks: true, swish: true, stride: 2),
        Block(5, 576, 96, looks: true, swish: true), Block(5, 576, 96, looks: true, swish: true),
      ], hidden: 1024),
  ]
  public static let miniatures = [
    "mobilenet_v3": MobileNetV3(
      blocks: [
        Block(3, 16, 16), Block(3, 24, 8, stride: 2), Block(5, 24, 8, looks: true),
        Block(5, 32, 16, looks: true, swish: true, stride: 2), Block(3, 48, 16, swish: true),
      ], hidden: 32)
  ]

  /// A row of the tables.
  package struct Block: Sendable {
    let kernel, expanded, width: Int
    /// SE: squeeze and excite.
    var looks = false
    /// HS: hard-swish instead of ReLU.
    var swish = false
    var stride = 1

    package init(
      _ kernel: Int, _ expanded: Int, _ width: Int, looks: Bool = false, swish: Bool = false,
      stride: Int = 1
    ) {
      (self.kernel, self.expanded, self.width) = (kernel, expanded, width)
      (self.looks, self.swish, self.stride) = (looks, swish, stride)
    }
  }

  let blocks: [Block]
  /// The width of the dense layer before the last.
  let hidden: Int

  public func features(_ image: Node) -> Node {
    image.sequential("features") { image in
      let stem = image.stage("stem") { unit($0, to: 16, kernel: 3, stride: 2, swish: true) }
      var layer = 1
      return blocks.reduce(stem) { x, block in
        if block.stride > 1 { layer += 1 }
        return x.stage("layer\(layer)") { bottleneck($0, block) }
      }
      .stage("last") { unit($0, to: 6 * $0.shape.channels, swish: true) }
    }
  }

  public func head(_ features: Node, classes: Int) -> Node {
    features.globalAveragePool("avgpool").flatten().sequential("classifier") {
      $0.dense(to: hidden).hardSwish().dropout(rate: 0.2).dense(to: classes)
    }
  }

  /// Figure 4.
  private func bottleneck(_ x: Node, _ block: Block) -> Node {
    x.next { x in
      let residual = x.sequential("block") { x in
        let wide =
          block.expanded == x.shape.channels
          ? x : unit(x, to: block.expanded, swish: block.swish)
        let seen = unit(
          wide, to: block.expanded, kernel: block.kernel, stride: block.stride,
          groups: block.expanded, swish: block.swish)
        return (block.looks ? seen.next(weighed) : seen)
          .unit(to: block.width, epsilon: 1e-3, momentum: 0.01) { $0 }
      }
      return residual.shape == x.shape ? residual.add(x) : residual
    }
  }

  /// Squeeze and excite (Hu et al. 2017, arXiv:1709.01507), to a quarter of the channels.
  private func weighed(_ x: Node) -> Node {
    let channels = x.shape.channels
    // The nearest multiple of 8 that reduces the number by at most a tenth.
    let nearest = max(8, (channels / 4 + 4) / 8 * 8)
    let squeezed = 10 * nearest < 9 * (channels / 4) ? nearest + 8 : nearest
    return x.multiply(
      x.globalAveragePool("avgpool").conv("fc1", to: squeezed, kernel: 1).relu("activation")
        .conv("fc2", to: channels, kernel: 1).hardSigmoid("scale_activation"))
  }

  private func unit(
    _ x: Node, to width: Int, kernel: Int = 1, stride: Int = 1, groups: Int = 1, swish: Bool
  ) -> Node {
    x.unit(
      to: width, kernel: kernel, stride: stride, groups: groups, epsilon: 1e-3, momentum: 0.01
    ) { swish ? $0.hardSwish() : $0.relu() }
  }
}

@section("zoo_plugins") @used
private let registration: Registration = { $0.register(MobileNetV3.self) }
