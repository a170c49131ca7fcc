import ZooDetection
import ZooKit

/// A detector in two stages: a network proposes regions, a second one looks at each of them.
///
/// Shaoqing Ren, Kaiming He, Ross Girshick and Jian Sun 2015, arXiv:1506.01497, on the feature
/// pyramid of Lin et al. 2016, arXiv:1612.03144, in torchvision's lineage.
public struct FasterRCNN: Detector {
  public static let name = "Faster R-CNN"
  public static let paper = "Ren, He, Girshick and Sun 2015, arXiv:1506.01497"
  public static let variants = [
    "fasterrcnn-resnet50-fpn": FasterRCNN(backbone: "resnet50")
  ]

  /// The variant of another family whose features it stands on.
  package var backbone: String
  /// Of every map of the pyramid.
  package var width = 256
  /// Of the second stage's two dense layers.
  package var representation = 1024
  /// Of the maps that regions are looked up in.
  package var pooled: Window.Size = 7

  /// One size for each level (section 4.1 of the pyramid's paper), three aspects.
  package var anchors = Anchors(
    sizes: [[32], [64], [128], [256], [512]], aspects: [0.5, 1, 2])
  package var proposals = Proposals()

  package init(backbone: String) { self.backbone = backbone }

  /// Any size will do; for this one torchvision publishes how much it computes.
  public var input: Shape { [3, 800, 800] }
  /// Of COCO, with the holes in its numbering; background is not among them.
  public var classes: Int { 90 }

  // MARK: The graph

  public func features(_ image: Node) -> Node {
    image.scope("backbone") { image in
      image.frozenNorms { $0.scope("body") { $0.features(of: backbone) } }
    }
  }

  /// Which of the classes, or none of them, a region shows.
  public func head(_ features: Node, classes: Int) -> Node {
    features.dense("roi_heads.box_predictor.cls_score", to: classes + 1)
  }

  public func outputs(_ image: Node, _ head: Head) -> KeyValuePairs<String, Node> {
    let maps = pyramid(over: image)
    let (objectness, deltas) = proposer(maps)
    if case .none = head { return ["objectness": objectness, "deltas": deltas] }
    guard case .original(let classes) = head else {
      return ["scores": image.refused("a detector has no head but its own")]
    }
    let regions = image.newInput("regions", [5], count: proposals.after)
    let represented = image.stage("box_head") { _ in
      maps[0].callLayer(
        RoIAlign(to: pooled, scales: scales), "roi_heads.box_roi_pool",
        with: Array(maps[1..<levels]) + [regions]
      ).flatten("roi_heads.flatten").scope("roi_heads.box_head") {
        $0.dense("fc6", to: representation).relu().dense("fc7", to: representation).relu()
      }
    }
    return [
      "objectness": objectness, "deltas": deltas,
      "scores": represented.stage(Stage.head) { self.head($0, classes: classes) },
      "boxes": represented.stage(Stage.head) {
        $0.dense("roi_heads.box_predictor.bbox_pred", to: 4 * (classes + 1))
      },
    ]
  }

  /// How many maps of the pyramid regions are looked up in: all but the last.
  package var levels: Int { anchors.sizes.count - 1 }

  /// The backbone's last `levels` maps, the coarser ones added to the finer ones from the top down,
  /// and every other place of the last one.
  private func pyramid(over image: Node) -> [Node] {
    let found = image.levels(through: features(image))
    guard found.count >= levels else {
      _ = image.refused(
        "\(backbone) has \(found.count) levels, a pyramid over \(levels) was expected")
      return Array(repeating: image, count: levels + 1)
    }
    let body = found.suffix(levels)
    var maps: [Node] = []
    _ = image.stage("fpn") { image in
      var above: Node?
      for (level, map) in body.enumerated().reversed() {
        let name = "backbone.fpn.inner_blocks.\(level).0"
        var sum = map.conv(name, to: width, kernel: 1)
        if let above {
          let size = Window.Size(map.shape.height, map.shape.width)
          sum = sum.add(
            above.upsample("backbone.fpn.upsample", .nearest, to: size), "backbone.fpn.add")
        }
        above = sum
        maps.insert(
          sum.conv("backbone.fpn.layer_blocks.\(level).0", to: width, kernel: 3, padding: 1), at: 0)
      }
      maps.append(
        maps[levels - 1].maxPool("backbone.fpn.extra_blocks", kernel: 1, stride: 2))
      return image
    }
    return maps
  }

  /// One small network over every level: whether an anchor holds a thing, and how to move it there.
  /// The levels follow one another in one vector, each as A×H×W and 4A×H×W.
  private func proposer(_ maps: [Node]) -> (objectness: Node, deltas: Node) {
    var (objectness, deltas): ([Node], [Node]) = ([], [])
    for (level, map) in maps.enumerated() {
      _ = map.stage("rpn") { map in
        map.shared { map in
          let count = anchors.count(level: level)
          let hidden = map.conv("rpn.head.conv.0.0", to: width, kernel: 3, padding: 1)
            .relu("rpn.head.conv.0.1")
          objectness.append(
            hidden.conv("rpn.head.cls_logits", to: count, kernel: 1).flatten("rpn.flatten"))
          deltas.append(
            hidden.conv("rpn.head.bbox_pred", to: 4 * count, kernel: 1).flatten("rpn.flatten"))
          return map
        }
      }
    }
    func joined(_ nodes: [Node], _ name: String) -> Node {
      nodes[0].stage("rpn") {
        $0.callLayer(Concatenate(), name, with: Array(nodes.dropFirst()))
      }
    }
    return (joined(objectness, "rpn.objectness"), joined(deltas, "rpn.deltas"))
  }

  /// The maps are 4, 8, … times smaller than the picture, which is a multiple of 32.
  package var scales: [Float] { (0..<levels).map { 1 / Float(4 << $0) } }
}

@section("zoo_plugins") @used
private let registration: Registration = { $0.register(FasterRCNN.self) }
