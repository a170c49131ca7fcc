import ZooKit

/// Large kernels as stacks of small ones, and of rows and columns: Christian Szegedy et al. 2015,
/// arXiv:1512.00567, table 1 and figures 5 to 7, with torchvision's names, which are TensorFlow's.
///
/// An auxiliary head sends gradients into the middle; only training computes it.
public struct InceptionV3: Architecture {
  public static let name = "Inception"
  public static let paper = "Szegedy et al. 2015, arXiv:1512.00567"
  public static let variants = ["inception_v3": InceptionV3()]
  public static let miniatures = ["inception_v3": InceptionV3(shrunk: 16)]

  /// The divisor of every width.
  package let shrunk: Int

  package init(shrunk: Int = 1) { self.shrunk = shrunk }

  public var input: Shape { [3, 299, 299] }
  /// As in the authors' TensorFlow code and in PyTorch's fine-tuning guide.
  public var auxiliaryWeight: Double { 0.4 }

  public func features(_ image: Node) -> Node { trunk(image).features }

  public func head(_ features: Node, classes: Int) -> Node {
    features.globalAveragePool("avgpool").dropout().flatten().dense("fc", to: classes)
  }

  public func outputs(_ image: Node, _ head: Head) -> KeyValuePairs<String, Node> {
    let (features, middle) = trunk(image)
    guard let classes = head.classes else { return ["features": features] }
    return [
      "logits": features.stage(Stage.head) { head.build(on: $0, original: self.head) },
      "aux": side(middle, classes),
    ]
  }

  /// The output of the trunk, and the input of the auxiliary head.
  private func trunk(_ image: Node) -> (features: Node, middle: Node) {
    let stem = image.stage("stem") { image in
      let a = image.unit("Conv2d_1a_3x3", 32 / shrunk, 3, stride: 2)
        .unit("Conv2d_2a_3x3", 32 / shrunk, 3)
        .unit("Conv2d_2b_3x3", 64 / shrunk, 3, padding: 1)
      return a.maxPool("maxpool1", kernel: 3, stride: 2).unit("Conv2d_3b_1x1", 80 / shrunk, 1)
        .unit("Conv2d_4a_3x3", 192 / shrunk, 3).maxPool("maxpool2", kernel: 3, stride: 2)
    }
    let fine = stem.stage("mixed5") {
      zip("bcd", [32, 64, 64]).reduce($0) { x, part in
        module(x, "Mixed_5\(part.0)") { scales($0, pooled: part.1) }
      }
    }
    let middle = fine.stage("mixed6") {
      zip("bcde", [128, 160, 160, 192]).reduce(module($0, "Mixed_6a", reduce)) { x, part in
        module(x, "Mixed_6\(part.0)") { crosses($0, width: part.1) }
      }
    }
    let features = middle.stage("mixed7") {
      "bc".reduce(module($0, "Mixed_7a", reduceAgain)) { module($0, "Mixed_7\($1)", spread) }
    }
    return (features, middle)
  }

  private func module(_ x: Node, _ name: String, _ branches: (Node) -> [Node]) -> Node {
    x.scope(name) { x in
      let all = branches(x)
      return all[0].callLayer(Concatenate(), with: Array(all.dropFirst()))
    }
  }

  // MARK: Branches

  /// Figure 5.
  private func scales(_ x: Node, pooled: Int) -> [Node] {
    [
      x.unit("branch1x1", 64 / shrunk, 1),
      x.unit("branch5x5_1", 48 / shrunk, 1).unit("branch5x5_2", 64 / shrunk, 5, padding: 2),
      x.unit("branch3x3dbl_1", 64 / shrunk, 1)
        .unit("branch3x3dbl_2", 96 / shrunk, 3, padding: 1)
        .unit("branch3x3dbl_3", 96 / shrunk, 3, padding: 1),
      average(x, to: pooled),
    ]
  }

  /// Half the size (figure 10).
  private func reduce(_ x: Node) -> [Node] {
    [
      x.unit("branch3x3", 384 / shrunk, 3, stride: 2),
      x.unit("branch3x3dbl_1", 64 / shrunk, 1)
        .unit("branch3x3dbl_2", 96 / shrunk, 3, padding: 1)
        .unit("branch3x3dbl_3", 96 / shrunk, 3, stride: 2),
      x.maxPool(kernel: 3, stride: 2),
    ]
  }

  /// Figure 6 with n = 7.
  private func crosses(_ x: Node, width: Int) -> [Node] {
    let width = width / shrunk
    return [
      x.unit("branch1x1", 192 / shrunk, 1),
      x.unit("branch7x7_1", width, 1).row("branch7x7_2", width, 7)
        .column("branch7x7_3", 192 / shrunk, 7),
      x.unit("branch7x7dbl_1", width, 1).column("branch7x7dbl_2", width, 7)
        .row("branch7x7dbl_3", width, 7).column("branch7x7dbl_4", width, 7)
        .row("branch7x7dbl_5", 192 / shrunk, 7),
      average(x, to: 192),
    ]
  }

  private func reduceAgain(_ x: Node) -> [Node] {
    let width = 192 / shrunk
    return [
      x.unit("branch3x3_1", width, 1).unit("branch3x3_2", 320 / shrunk, 3, stride: 2),
      x.unit("branch7x7x3_1", width, 1).row("branch7x7x3_2", width, 7)
        .column("branch7x7x3_3", width, 7).unit("branch7x7x3_4", width, 3, stride: 2),
      x.maxPool(kernel: 3, stride: 2),
    ]
  }

  /// Figure 7.
  private func spread(_ x: Node) -> [Node] {
    let width = 384 / shrunk
    func both(_ x: Node, _ name: String) -> Node {
      x.row(name + "a", width, 3).concatenate(x.column(name + "b", width, 3))
    }
    return [
      x.unit("branch1x1", 320 / shrunk, 1),
      both(x.unit("branch3x3_1", width, 1), "branch3x3_2"),
      both(
        x.unit("branch3x3dbl_1", 448 / shrunk, 1).unit("branch3x3dbl_2", width, 3, padding: 1),
        "branch3x3dbl_3"), average(x, to: 192),
    ]
  }

  private func average(_ x: Node, to width: Int) -> Node {
    x.averagePool(kernel: 3, stride: 1, padding: 1).unit("branch_pool", width / shrunk, 1)
  }

  /// The reference's head for pictures of 299×299. Smaller pictures are too small for it, so they
  /// use smaller windows and zero padding.
  private func side(_ map: Node, _ classes: Int) -> Node {
    func pooled(_ size: Int) -> Int { (size - min(5, size)) / 3 + 1 }
    func border(_ size: Int) -> Int { max(0, 6 - pooled(size)) / 2 }
    let (height, width) = (map.shape.height, map.shape.width)
    return map.stage(Stage.head) {
      $0.stage(Stage.auxiliary) {
        $0.scope("AuxLogits") {
          $0.averagePool(kernel: .init(min(5, height), min(5, width)), stride: 3)
            .unit("conv0", 128 / shrunk, 1)
            .unit(
              "conv1", 768 / shrunk, 5,
              padding: .init(Window.Size(border(height), border(width)))
            )
            .globalAveragePool().flatten().dense("fc", to: classes)
        }
      }
    }
  }
}

extension Node {
  /// A convolution, its norm and a rectifier.
  fileprivate func unit(
    _ name: String, _ width: Int, _ kernel: Window.Size, stride: Window.Size = 1,
    padding: Window.Padding = 0
  ) -> Node {
    scope(name) {
      $0.conv("conv", to: width, kernel: kernel, stride: stride, padding: padding, bias: false)
        .batchNorm("bn", epsilon: 1e-3).relu()
    }
  }

  /// 1×n
  fileprivate func row(_ name: String, _ width: Int, _ length: Int) -> Node {
    unit(name, width, .init(1, length), padding: .init(Window.Size(0, length / 2)))
  }

  /// n×1
  fileprivate func column(_ name: String, _ width: Int, _ length: Int) -> Node {
    unit(name, width, .init(length, 1), padding: .init(Window.Size(length / 2, 0)))
  }
}

@section("zoo_plugins") @used
private let registration: Registration = { $0.register(InceptionV3.self) }
