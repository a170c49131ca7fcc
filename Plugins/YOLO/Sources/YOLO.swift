import ZooDetection
import ZooKit

/// One-stage detectors: one network, whose last maps predict boxes and classes at every position.
///
/// Joseph Redmon and others 2015–2018 (arXiv:1506.02640, 1612.08242, 1804.02767) and Alexey
/// Bochkovskiy, Chien-Yao Wang and Mark Liao 2020 (arXiv:2004.10934), compatible with Darknet. Its
/// `.weights` contain no names, so convolutions are numbered in the order of the file.
public struct YOLO: Detector {
  public static let name = "YOLO"
  public static let paper =
    "Redmon and Farhadi 2018, arXiv:1804.02767; Bochkovskiy, Wang and Liao 2020, arXiv:2004.10934"
  public static let variants = [
    "yolov1-tiny": YOLO(.v1Tiny, input: 448, classes: 20, []),
    "yolov2-tiny": YOLO(.v2Tiny, input: 416, [.v2]),
    "yolov2": YOLO(.v2, input: 608, [.v2]),
    "yolov3-tiny": YOLO(.v3Tiny, input: 416, Grid.tiny),
    "yolov3": YOLO(.v3, input: 416, Grid.v3),
    "yolov3-spp": YOLO(.v3SPP, input: 608, Grid.v3),
    "yolov4-tiny": YOLO(.v4Tiny, input: 416, Grid.tiny.map { $0.scaled(1.05) }),
    "yolov4": YOLO(.v4, input: 608, Grid.v4), "yolov4-tiny-half": half,
  ]

  /// Half the width, for pictures of about 128 pixels.
  private static let half = {
    var detector = YOLO(.v4Tiny, input: 128, Grid.tiny.map { $0.scaled(1.05).shrunk(128 / 416) })
    detector.narrowing = 2
    return detector
  }()

  /// One of each kind: the same network, narrow, for small pictures.
  public static let miniatures = [
    "yolov1-tiny": miniature(.v1Tiny, []), "yolov2": miniature(.v2, [.v2]),
    "yolov4-tiny": miniature(.v4Tiny, Grid.tiny), "yolov4": miniature(.v4, Grid.v4),
  ]

  private static func miniature(_ network: Network, _ grids: [Grid]) -> YOLO {
    var detector = YOLO(network, input: network == .v1Tiny ? 448 : 96, classes: 4, grids)
    detector.narrowing = 16
    return detector
  }

  package enum Network: Sendable {
    case v1Tiny, v2Tiny, v2, v3Tiny, v3, v3SPP, v4Tiny, v4
  }

  package var network: Network
  /// In the order of the network's heads; none for the first version, which has no anchors.
  package var grids: [Grid]
  /// For each grid, the box shapes that its anchors learn: their own, unless the boxes of a data
  /// set have other shapes.
  package var priors: [[SIMD2<Float>]]
  package var emphasis = ClassEmphasis()
  private let side: Int
  public let classes: Int
  /// The divisor of every width.
  package var narrowing = 1

  package init(_ network: Network, input side: Int, classes: Int = 80, _ grids: [Grid]) {
    self.network = network
    self.grids = grids
    priors = grids.map(\.anchors)
    self.side = side
    self.classes = classes
  }

  public var input: Shape { [3, side, side] }

  /// Stretched to the network's size and divided by 255.
  public var preprocessing: Preprocessing? {
    Preprocessing(resize: .exact(height: side, width: side), mean: [0, 0, 0], std: [1, 1, 1])
  }

  // MARK: The graph

  public func features(_ image: Node) -> Node {
    let layers = DarknetLayers(narrowing)
    return body(image, layers).last ?? image
  }

  /// A 1×1 convolution; in the first version a dense layer over all positions.
  public func head(_ features: Node, classes: Int) -> Node {
    let values = classes + 5
    return network == .v1Tiny
      ? features.flatten("head.flatten").dense(
        "head.dense", to: Cells.side * Cells.side * (classes + 5 * Cells.boxes))
      : features.conv("head.conv", to: (grids.first?.anchors.count ?? 1) * values, kernel: 1)
  }

  public func outputs(_ image: Node, _ head: Head) -> KeyValuePairs<String, Node> {
    let layers = DarknetLayers(narrowing)
    let maps = body(image, layers)
    if case .none = head { return ["features": maps.last ?? image] }
    guard case .original(let classes) = head else {
      return ["grid": image.refused("a detector has no head but its own")]
    }
    layers.part = .neck
    let ends = neck(maps, layers) { map, grid in
      layers.head(map, to: grid.anchors.count * (classes + 5))
    }
    if network == .v1Tiny {
      return ["grid": ends[0].stage(Stage.head) { self.head($0, classes: classes) }]
    }
    // Such pairs can only be made from literals.
    switch ends.count {
    case 1: return [gridNames[0]: ends[0]]
    case 2: return [gridNames[0]: ends[0], gridNames[1]: ends[1]]
    default: return [gridNames[0]: ends[0], gridNames[1]: ends[1], gridNames[2]: ends[2]]
    }
  }

  /// The names of the outputs, by their stride.
  package var gridNames: [String] {
    grids.isEmpty ? ["grid"] : grids.map { "grid\($0.stride)" }
  }
}

@section("zoo_plugins") @used
private let registration: Registration = { $0.register(YOLO.self) }
