import ZooKit

// The networks of Darknet's configurations. The order of the convolutions is that of the file, so
// none may be moved.

extension YOLO {
  /// The maps that the neck reads, the finest first.
  func body(_ image: Node, _ layers: DarknetLayers) -> [Node] {
    switch network {
    case .v1Tiny, .v2Tiny, .v3Tiny: tinyBody(image, layers)
    case .v2: darknet19(image, layers)
    case .v3, .v3SPP: darknet53(image, layers)
    case .v4Tiny: crossTinyBody(image, layers)
    case .v4: crossDarknet53(image, layers)
    }
  }

  /// From the maps to the inputs of the heads, in the order of the heads.
  func neck(
    _ maps: [Node], _ layers: DarknetLayers, head: (Node, Grid) -> Node
  ) -> [Node] {
    guard let last = maps.last else { return [] }
    switch network {
    case .v1Tiny: return [last]
    case .v2Tiny: return [head(last, grids[0])]
    case .v2: return [head(passThrough(maps[0], last, layers), grids[0])]
    case .v3Tiny, .v4Tiny: return twoLevels(maps, layers, head: head)
    case .v3, .v3SPP: return threeLevels(maps, layers, head: head)
    case .v4: return pathAggregation(maps, layers, head: head)
    }
  }

  // MARK: Bodies

  /// Pooled five times, then at constant size. The third version reads it at two levels.
  private func tinyBody(_ image: Node, _ layers: DarknetLayers) -> [Node] {
    let start = [16, 32, 64, 128].reduce(image) { layers.halved($0, $1) }
    let fine = layers.conv(start, to: 256, 3)
    let middle = layers.conv(layers.maxPool(fine, 2, stride: 2), to: 512, 3)
    switch network {
    case .v1Tiny:
      return [layers.convs(layers.maxPool(middle, 2, stride: 2), (1024, 3), (256, 3))]
    case .v2Tiny:
      return [layers.convs(layers.maxPool(middle, 2, stride: 1), (1024, 3), (512, 3))]
    default:
      return [fine, layers.convs(layers.maxPool(middle, 2, stride: 1), (1024, 3), (256, 1))]
    }
  }

  /// Table 6 of the second paper, without its classifier.
  private func darknet19(_ image: Node, _ layers: DarknetLayers) -> [Node] {
    var x = layers.halved(layers.halved(image, 32), 64)
    x = layers.maxPool(layers.convs(x, (128, 3), (64, 1), (128, 3)), 2, stride: 2)
    x = layers.maxPool(layers.convs(x, (256, 3), (128, 1), (256, 3)), 2, stride: 2)
    let fine = layers.convs(x, (512, 3), (256, 1), (512, 3), (256, 1), (512, 3))
    x = layers.convs(
      layers.maxPool(fine, 2, stride: 2), (1024, 3), (512, 1), (1024, 3), (512, 1), (1024, 3))
    return [fine, x]
  }

  /// Table 1 of the third paper, without its classifier.
  private func darknet53(_ image: Node, _ layers: DarknetLayers) -> [Node] {
    var x = layers.conv(image, to: 32, 3)
    var maps: [Node] = []
    for (width, blocks) in [(64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)] {
      x = layers.conv(x, to: width, 3, stride: 2)
      for _ in 0..<blocks { x = layers.sum(layers.convs(x, (width / 2, 1), (width, 3)), x) }
      maps.append(x)
    }
    return maps.suffix(3)
  }

  /// Cross-stage partial blocks (Wang et al. 2019, arXiv:1911.11929) of three convolutions: half of
  /// the channels go through two of them and are concatenated twice.
  private func crossTinyBody(_ image: Node, _ layers: DarknetLayers) -> [Node] {
    var x = layers.conv(layers.conv(image, to: 32, 3, stride: 2), to: 64, 3, stride: 2)
    var fine = x
    for width in [64, 128, 256] {
      let whole = layers.conv(x, to: width, 3)
      let first = layers.conv(layers.secondHalf(whole), to: width / 2, 3)
      let second = layers.conv(first, to: width / 2, 3)
      fine = layers.conv(layers.joined(second, first), to: width, 1)
      x = layers.maxPool(layers.joined(whole, fine), 2, stride: 2)
    }
    return [fine, layers.conv(x, to: 512, 3)]
  }

  /// The third paper's body, with each stage in two branches, of which one has the residual blocks.
  private func crossDarknet53(_ image: Node, _ layers: DarknetLayers) -> [Node] {
    var x = layers.conv(image, to: 32, 3, .mish)
    var maps: [Node] = []
    for (width, blocks) in [(64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)] {
      let isFirst = maps.isEmpty
      let branch = isFirst ? width : width / 2
      let whole = layers.conv(x, to: width, 3, stride: 2, .mish)
      let beside = layers.conv(whole, to: branch, 1, .mish)
      var deep = layers.conv(whole, to: branch, 1, .mish)
      for _ in 0..<blocks {
        deep = layers.sum(
          layers.convs(deep, (width / 2, 1), (branch, 3), function: .mish), deep)
      }
      deep = layers.conv(deep, to: branch, 1, .mish)
      x = layers.conv(layers.joined(deep, beside), to: width, 1, .mish)
      maps.append(x)
    }
    return maps.suffix(3)
  }

  // MARK: Necks

  /// The finer map, reorganised, beside the coarser one (section 2 of the second paper,
  /// “fine-grained features”).
  private func passThrough(_ fine: Node, _ coarse: Node, _ layers: DarknetLayers) -> Node {
    let deep = layers.convs(coarse, (1024, 3), (1024, 3))
    let beside = layers.reorganised(layers.conv(fine, to: 64, 1))
    return layers.conv(layers.joined(beside, deep), to: 1024, 3)
  }

  private func twoLevels(
    _ maps: [Node], _ layers: DarknetLayers, head: (Node, Grid) -> Node
  ) -> [Node] {
    // The third version already has this convolution in its body.
    let coarse = network == .v4Tiny ? layers.conv(maps[1], to: 256, 1) : maps[1]
    let first = head(layers.conv(coarse, to: 512, 3), grids[0])
    let above = layers.doubled(layers.conv(coarse, to: 128, 1))
    let second = layers.conv(layers.joined(above, maps[0]), to: 256, 3)
    return [first, head(second, grids[1])]
  }

  /// Section 2.3 of the third paper.
  private func threeLevels(
    _ maps: [Node], _ layers: DarknetLayers, head: (Node, Grid) -> Node
  ) -> [Node] {
    var ends: [Node] = []
    var above: Node?
    for (level, width) in [512, 256, 128].enumerated() {
      var x = maps[2 - level]
      if let above {
        x = layers.joined(layers.doubled(layers.conv(above, to: width, 1)), x)
      }
      if level == 0, network == .v3SPP {
        x = layers.pyramid(layers.convs(x, (width, 1), (2 * width, 3), (width, 1)))
        x = layers.convs(x, (width, 1), (2 * width, 3), (width, 1))
      } else {
        x = layers.convs(x, (width, 1), (2 * width, 3), (width, 1), (2 * width, 3), (width, 1))
      }
      ends.append(head(layers.conv(x, to: 2 * width, 3), grids[level]))
      above = x
    }
    return ends
  }

  /// Top-down to the finest map, then bottom-up (Liu et al. 2018, arXiv:1803.01534; section 3.4 of
  /// the fourth paper).
  private func pathAggregation(
    _ maps: [Node], _ layers: DarknetLayers, head: (Node, Grid) -> Node
  ) -> [Node] {
    func five(_ x: Node, _ width: Int) -> Node {
      layers.convs(x, (width, 1), (2 * width, 3), (width, 1), (2 * width, 3), (width, 1))
    }
    let seen = layers.pyramid(layers.convs(maps[2], (512, 1), (1024, 3), (512, 1)))
    let coarse = layers.convs(seen, (512, 1), (1024, 3), (512, 1))
    let down = layers.doubled(layers.conv(coarse, to: 256, 1))
    let middle = five(layers.joined(layers.conv(maps[1], to: 256, 1), down), 256)
    let further = layers.doubled(layers.conv(middle, to: 128, 1))
    let fine = five(layers.joined(layers.conv(maps[0], to: 128, 1), further), 128)
    let first = head(layers.conv(fine, to: 256, 3), grids[0])
    let up = five(layers.joined(layers.conv(fine, to: 256, 3, stride: 2), middle), 256)
    let second = head(layers.conv(up, to: 512, 3), grids[1])
    let last = five(layers.joined(layers.conv(up, to: 512, 3, stride: 2), coarse), 512)
    return [first, second, head(layers.conv(last, to: 1024, 3), grids[2])]
  }
}
