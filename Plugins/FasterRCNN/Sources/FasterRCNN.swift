import ZooDetection
import ZooKit

/// A two-stage detector: the first stage proposes regions, the second classifies each of them.
///
/// Shaoqing Ren, Kaiming He, Ross Girshick and Jian Sun 2015, arXiv:1506.01497, on the feature
/// pyramid of Lin et al. 2016, arXiv:1612.03144, or on a single map as in the paper. Compatible
/// with torchvision.
public struct FasterRCNN: TrainableDetector {
  public static let name = "Faster R-CNN"
  public static let paper = "Ren, He, Girshick and Sun 2015, arXiv:1506.01497"
  public static let variants = [
    "fasterrcnn-resnet18-fpn": FasterRCNN(onPyramidOver: "resnet18", frozen: ["stem", "layer1"]),
    "fasterrcnn-resnet50-fpn": FasterRCNN(onPyramidOver: "resnet50", frozen: ["stem", "layer1"]),
    "fasterrcnn-vgg16": vgg16, "fasterrcnn-vgg16-c4": vgg16ForSmallThings,
    "fasterrcnn-resnet20": small,
  ]

  /// The paper's network: the map before the last pooling, and wide dense layers (section 3.3).
  static let vgg16 = FasterRCNN(
    onMapOf: "vgg16", stride: 16, sizes: [128, 256, 512], representation: 4096,
    frozen: ["block1", "block2"])

  /// On the fourth block's map, with stride 8: for objects of 20 to 200 pixels, such as cells, and
  /// for CPUs.
  static let vgg16ForSmallThings = {
    var detector = FasterRCNN(
      onMapOf: "vgg16", stride: 8, sizes: [32, 64, 128], representation: 512,
      frozen: ["block1", "block2", "block3"])
    detector.input = [3, 336, 448]
    detector.preprocessing?.resize = .within(shorter: 336, longer: 560)
    (detector.proposals.before, detector.proposals.after) = (500, 200)
    detector.learning.proposals.before = 1000
    detector.learning.proposals.after = 300
    detector.learning.regions.count = 128
    return detector
  }()

  /// For pictures of about 128 pixels, on a backbone for small pictures.
  private static let small = {
    var detector = FasterRCNN(
      onMapOf: "resnet20", stride: 4, sizes: [24, 40, 64], representation: 128)
    detector.input = [3, 128, 128]
    detector.preprocessing?.resize = .within(shorter: 128, longer: 256)
    (detector.proposals.before, detector.proposals.after) = (300, 60)
    (detector.learning.proposals.before, detector.learning.proposals.after) = (400, 120)
    detector.learning.regions.count = 64
    (detector.usualBatch, detector.usualRate) = (8, 5e-4)
    return detector
  }()

  public static let miniatures = ["fasterrcnn": miniature]

  private static let miniature = {
    var detector = FasterRCNN(
      onMapOf: "resnet20", stride: 4, sizes: [8, 16, 32], representation: 16)
    detector.input = [3, 64, 64]
    detector.width = 16
    (detector.proposals.before, detector.proposals.after) = (60, 20)
    (detector.learning.proposals.before, detector.learning.proposals.after) = (60, 20)
    detector.learning.regions.count = 16
    return detector
  }()

  /// The variant of another family that serves as backbone.
  package var backbone: String
  /// The stride of the single map; nil means a pyramid.
  package var stride: Int?
  /// The width of every map of the pyramid.
  package var width = 256
  /// The width of the second stage's two dense layers.
  package var representation = 1024
  /// The size to which regions are pooled.
  package var pooled: Window.Size = 7

  /// One size per level (section 4.1 of the pyramid's paper), three aspects.
  package var anchors = Anchors(
    sizes: [[32], [64], [128], [256], [512]], aspects: [0.5, 1, 2])
  package var proposals = Proposals()
  /// How training targets are chosen.
  package var learning = Learning()
  package var emphasis = ClassEmphasis()
  /// Stages that are usually frozen, to keep what the backbone has learned.
  public var usuallyFrozen: [String] = []
  /// A step over two large pictures already sees a few hundred regions.
  public private(set) var usualBatch = 2
  public private(set) var usualRate = 1e-4

  /// Nil for a pyramid, which uses the usual preprocessing.
  public private(set) var preprocessing: Preprocessing?

  /// Any size works; torchvision publishes the cost for this one.
  public private(set) var input: Shape = [3, 800, 800]
  /// COCO's, including the holes in its numbering; background does not count.
  public var classes: Int { 90 }

  /// On a feature pyramid over the last four maps of a classifier.
  /// - Parameters:
  ///   - backbone: a variant in the registry.
  ///   - frozen: stages that usually do not learn.
  public init(onPyramidOver backbone: String, frozen: [String] = []) {
    self.backbone = backbone
    usuallyFrozen = frozen
  }

  /// On a single map of a classifier, as in the paper.
  /// - Parameters:
  ///   - backbone: a variant in the registry.
  ///   - stride: the stride of the map; the last map with this stride is used.
  ///   - sizes: the sizes of the anchors in pixels, each with three aspects.
  ///   - representation: the width of the second stage's dense layers.
  ///   - frozen: stages that usually do not learn.
  public init(
    onMapOf backbone: String, stride: Int, sizes: [Float] = [128, 256, 512],
    representation: Int = 1024, frozen: [String] = []
  ) {
    self.backbone = backbone
    self.stride = stride
    self.representation = representation
    anchors = Anchors(sizes: [sizes], aspects: [0.5, 1, 2])
    usuallyFrozen = frozen
    // As in section 3.3.
    preprocessing = Preprocessing(
      resize: .within(shorter: 600, longer: 1000), interpolation: .sampled, multiple: stride,
      mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225])
  }

  // MARK: The graph

  public func features(_ image: Node) -> Node {
    image.scope("backbone") { image in
      image.frozenNorms { image in
        stride == nil
          ? image.scope("body") { $0.features(of: backbone) } : image.features(of: backbone)
      }
    }
  }

  /// The class of a region, or background.
  public func head(_ features: Node, classes: Int) -> Node {
    features.dense("roi_heads.box_predictor.cls_score", to: classes + 1)
  }

  public func outputs(_ image: Node, _ head: Head) -> KeyValuePairs<String, Node> {
    let maps = stride.map { [map(of: image, stride: $0)] } ?? pyramid(over: image)
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

  /// The number of maps from which regions are cut: for a pyramid all but the last.
  package var levels: Int { stride == nil ? anchors.sizes.count - 1 : 1 }

  /// The backbone's last map with this stride. It is the output of the stage `body`; later
  /// operations of the backbone do not affect any output and are not part of the graph.
  private func map(of image: Node, stride: Int) -> Node {
    image.stage(FasterRCNN.body) { image in
      let levels = image.levels(through: features(image))
      let wanted = levels.last { map in
        let ratio = Double(image.shape.height) / Double(map.shape.height)
        return ratio > 0.75 * Double(stride) && ratio < 1.5 * Double(stride)
      }
      return wanted
        ?? image.refused(
          "\(backbone) has no map with places \(stride) pixels apart, "
            + "of \(image.shape.height)×\(image.shape.width) pixels")
    }
  }

  static let body = "body"

  /// The backbone's last `levels` maps, with the coarser ones added to the finer ones from the top
  /// down, and the last one subsampled by two.
  private func pyramid(over image: Node) -> [Node] {
    let found = image.levels(through: features(image))
    guard found.count >= levels else {
      _ = image.refused(
        "\(backbone) has \(found.count) levels; expected a pyramid over \(levels)")
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

  /// A small network applied to every level: whether an anchor contains an object, and how to move
  /// it there. The levels are concatenated into one vector, each as A×H×W and 4A×H×W.
  private func proposer(_ maps: [Node]) -> (objectness: Node, deltas: Node) {
    var (objectness, deltas): ([Node], [Node]) = ([], [])
    for (level, map) in maps.enumerated() {
      _ = map.stage("rpn") { map in
        map.shared { map in
          let count = anchors.count(level: level)
          let hidden = map.conv(
            "rpn.head.conv.0.0", to: map.shape.channels, kernel: 3, padding: 1
          ).relu("rpn.head.conv.0.1")
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

  /// The maps of a pyramid are 4, 8, … times smaller than the picture, which is a multiple of 32.
  package var scales: [Float] {
    stride.map { [1 / Float($0)] } ?? (0..<levels).map { 1 / Float(4 << $0) }
  }
}

@section("zoo_plugins") @used
private let registration: Registration = { $0.register(FasterRCNN.self) }
