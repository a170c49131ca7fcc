import ModelZoo

/// The files of a new family.
struct Scaffold {
  struct File {
    let path: String
    let text: String
  }

  let name: String
  let template: Template

  /// The names that users type.
  var variants: [String] { [variant, "\(variant)-small"] }
  var variant: String { name.lowercased() }

  /// What the templates use, and what every Swift source sees.
  static let takenNames = [
    "Architecture", "Segmenter", "Node", "Shape", "Head", "Stage", "VisionTask", "Registration",
    "Registrar",
    "Registry", "Detector", "TrainableDetector", "Grid", "Detection", "DetectionOptions",
    "PictureBatch", "PartRunner", "Graph",
    "Box", "Suppression", "Tensor", "Window", "Weights", "Layer", "Variant", "Conformance",
    "Upsample", "Swift", "Glibc", "Foundation", "Testing", "XCTest", "Dispatch", "Any", "Self",
    "Type", "Protocol", "Int", "Float", "Double", "Bool", "String", "Array", "Dictionary", "Set",
    "Optional", "Never", "Void", "Error", "Result", "Model", "ModelZoo", "TestSupport", "Training",
  ]

  /// In `Plugins/NAME`.
  var plugin: [File] {
    [
      File(path: "Sources/\(name).swift", text: source),
      File(path: "Tests/\(name)Tests.swift", text: tests),
      File(path: "README.md", text: readMe(folder: "Plugins/\(name)")),
    ]
  }

  /// As a package of its own.
  func package(zoo: String) -> [File] {
    [
      File(path: "Package.swift", text: manifest(zoo: zoo)),
      File(path: "Sources/\(name)/\(name).swift", text: source),
      File(path: "Tests/\(name)Tests/\(name)Tests.swift", text: tests),
      File(path: "README.md", text: readMe(folder: nil)),
    ]
  }

  private var source: String {
    let text =
      switch template {
      case .classifier: Scaffold.classifier
      case .segmenter: Scaffold.segmenter
      case .detector: Scaffold.detector
      }
    return filled(text)
  }

  private var tests: String { filled(Scaffold.tests) }

  private func filled(_ text: String) -> String {
    text.replacing("NAME", with: name).replacing("VARIANT", with: variant)
      .replacing("COUNT", with: "\(parameters)").replacing("IMPORTS", with: imports) + "\n"
  }

  /// In the order that the formatter wants.
  private var imports: String {
    [name, "Testing", "ZooConformance", "ZooKit"].sorted().map { "import \($0)" }
      .joined(separator: "\n")
  }

  /// Of the larger variant, as the templates have it.
  private var parameters: String {
    switch template {
    case .classifier: "1_218_600"
    case .segmenter: "58_369"
    case .detector: "96_568"
    }
  }

  // MARK: Sources

  private static let classifier = """
    import ZooKit

    /// What it does that others do not: authors and year, where to read it, and the table that the
    /// widths below are from. Names are those of the weights that are to fit.
    public struct NAME: Architecture {
      public static let name = "NAME"
      public static let paper = "authors and year, where to read it"
      public static let variants = [
        "VARIANT": NAME(widths: [64, 128, 256, 256]),
        "VARIANT-small": NAME(widths: [32, 64, 128, 128]),
      ]
      public static let miniatures = ["VARIANT": NAME(widths: [8, 12, 16])]

      /// Channels of each stage; all but the first halve the map.
      let widths: [Int]

      public func features(_ image: Node) -> Node {
        widths.indices.reduce(image) { x, index in
          x.stage("layer\\(index + 1)") {
            $0.scope("layer\\(index + 1)") {
              $0.conv("conv", to: widths[index], kernel: 3, stride: 2, padding: 1, bias: false)
                .batchNorm("bn").relu()
            }
          }
        }
      }

      /// All that depends on the classes.
      public func head(_ features: Node, classes: Int) -> Node {
        features.globalAveragePool("pool").flatten().dense("fc", to: classes)
      }
    }

    @section("zoo_plugins") @used
    private let registration: Registration = { $0.register(NAME.self) }
    """

  private static let segmenter = """
    import ZooKit

    /// What it does that others do not: authors and year, where to read it, and the table that the
    /// widths below are from. Names are those of the weights that are to fit.
    public struct NAME: Segmenter {
      public static let name = "NAME"
      public static let paper = "authors and year, where to read it"
      public static let variants = [
        "VARIANT": NAME(widths: [16, 32, 64]),
        "VARIANT-small": NAME(widths: [8, 16, 32]),
      ]
      public static let miniatures = ["VARIANT": NAME(widths: [8, 12])]

      /// Channels at each size, the picture's own first.
      let widths: [Int]

      public var input: Shape { [3, 256, 256] }

      /// Down by halves and up again, each size with what was seen there on the way down.
      public func features(_ image: Node) -> Node {
        var skips: [Node] = []
        let deepest = widths.indices.reduce(image) { x, index in
          x.stage("down\\(index + 1)") {
            let x = unit(
              index == 0 ? $0 : $0.maxPool("pool\\(index)", kernel: 2), "down\\(index + 1)",
              to: widths[index])
            skips.append(x)
            return x
          }
        }
        return widths.indices.dropLast().reversed().reduce(deepest) { x, index in
          x.stage("up\\(index + 1)") {
            let skip = skips[index]
            let large = $0.upsample(
              "upsample\\(index + 1)", .nearest, to: .init(skip.shape.height, skip.shape.width))
            return unit(
              large.concatenate(skip, name: "join\\(index + 1)"), "up\\(index + 1)",
              to: widths[index])
          }
        }
      }

      /// All that depends on the classes: a map for each.
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
    private let registration: Registration = { $0.register(NAME.self) }
    """

  private static let detector = """
    import Glibc
    import ZooDetection
    import ZooKit

    /// What it does that others do not: authors and year, where to read it, and the table that the
    /// widths below are from. Names are those of the weights that are to fit.
    ///
    /// As it stands, each place of the last map says whether it is the middle of something, and how
    /// far that reaches from there.
    public struct NAME: TrainableDetector {
      public static let name = "NAME"
      public static let paper = "authors and year, where to read it"
      public static let variants = [
        "VARIANT": NAME(widths: [32, 64, 128]),
        "VARIANT-small": NAME(widths: [16, 32, 64]),
      ]
      public static let miniatures = ["VARIANT": NAME(widths: [8, 12, 16])]

      /// Channels of each stage; each halves the map.
      let widths: [Int]

      public var input: Shape { [3, 256, 256] }
      public var classes: Int { 20 }

      // MARK: The graph

      public func features(_ image: Node) -> Node {
        widths.indices.reduce(image) { x, index in
          x.stage("layer\\(index + 1)") {
            $0.scope("layer\\(index + 1)") {
              $0.conv("conv", to: widths[index], kernel: 3, stride: 2, padding: 1, bias: false)
                .batchNorm("bn").relu()
            }
          }
        }
      }

      /// How likely each place is to be the middle of something, for every class.
      public func head(_ features: Node, classes: Int) -> Node {
        features.conv("scores", to: classes, kernel: 1)
      }

      public func outputs(_ image: Node, _ head: Head) -> KeyValuePairs<String, Node> {
        let features = features(image)
        switch head {
        case .none: return ["features": features]
        case .original(let classes):
          return [
            "scores": features.stage(Stage.head) { self.head($0, classes: classes) },
            // Left, up, right and down, as logarithms of strides.
            "reaches": features.stage("reaches") { $0.conv("reaches", to: 4, kernel: 1) },
          ]
        default: return ["scores": image.refused("a detector has no head but its own")]
        }
      }

      // MARK: Looking

      private static let whole = Graph.Part(from: ["image"], to: ["scores", "reaches"])

      public func detect(
        in batch: PictureBatch, _ options: DetectionOptions, running network: some PartRunner
      ) throws -> [[Detection]] {
        let values = try network(Self.whole, ["image": batch.tensor])
        let (scores, reaches, grid) = (values[0].values, values[1].values, Grid(values[0], batch))
        return batch.sizes.enumerated().map { picture, size in
          var found: [Detection] = []
          for place in 0..<grid.places {
            let sides = (0..<4).map { reaches[(4 * picture + $0) * grid.places + place] }
            let box = grid.box(at: place, sides).clipped(to: size)
            for label in 0..<grid.classes {
              let score = 1 / (1 + exp(-scores[grid.index(picture, label, place)]))
              guard score > options.score, box.isFinite, box.hasSides(atLeast: 1) else { continue }
              found.append(Detection(box, classIndex: label, score: score))
            }
          }
          let kept = Suppression.greedy(
            found.map(\\.box), scores: found.map(\\.score), groups: found.map(\\.classIndex),
            threshold: options.iou)
          return kept.prefix(options.limit).map { found[$0] }
        }
      }

      // MARK: Learning

      public var losses: [String] { ["score", "reach"] }

      /// Cross-entropy of every score, the middles of things with as much say as all other places;
      /// squares of how far the reaches are off there.
      public func learn(
        from lesson: DetectionLesson, running network: some TrainingPartRunner
      ) throws -> [Double] {
        let values = try network.forward(Self.whole, ["image": lesson.pictures.tensor])
        guard let scores = values["scores"], let reaches = values["reaches"] else {
          throw ZooError.failure("the network gives no scores and reaches")
        }
        let grid = Grid(scores, lesson.pictures)
        var truth = Array(repeating: Float(0), count: scores.count)
        var sides: [Int: Float] = [:]
        for (picture, things) in lesson.truths.enumerated() {
          for thing in things where thing.classIndex < grid.classes {
            let place = grid.place(of: thing.box)
            truth[grid.index(picture, thing.classIndex, place)] = 1
            for (side, reach) in grid.reaches(of: thing.box, from: place).enumerated() {
              sides[(4 * picture + side) * grid.places + place] = reach
            }
          }
        }
        let (things, share) = (max(1, truth.reduce(0, +)), Float(lesson.share))
        var losses = [0.0, 0.0]
        let slopes = zip(scores.values, truth).map { logit, truth in
          let odds = 1 / (1 + exp(-logit))
          let weight = truth > 0 ? 1 / things : 1 / max(1, Float(scores.count) - things)
          losses[0] -= Double(weight * log(max(1e-7, truth > 0 ? odds : 1 - odds)))
          return share * weight * (odds - truth)
        }
        let found = reaches.values
        var pulls = Array(repeating: Float(0), count: reaches.count)
        for (index, reach) in sides {
          let off = found[index] - reach
          losses[1] += Double(off * off / (4 * things))
          pulls[index] = share * off / (2 * things)
        }
        _ = try network.backward(
          Self.whole,
          ["scores": Tensor(scores.shape, slopes), "reaches": Tensor(reaches.shape, pulls)])
        return losses
      }
    }

    /// The places of the last map, in pixels of the batch.
    private struct Grid {
      let classes, height, width: Int
      let stride: Float
      var places: Int { height * width }

      init(_ scores: Tensor, _ pictures: PictureBatch) {
        (classes, height, width) = (scores.shape[1], scores.shape[2], scores.shape[3])
        stride = Float(pictures.size.width) / Float(max(1, width))
      }

      func index(_ picture: Int, _ label: Int, _ place: Int) -> Int {
        (classes * picture + label) * places + place
      }

      /// Where the middle of a box is.
      func place(of box: Box) -> Int {
        let row = Int((box.y0 + box.y1) / 2 / stride)
        let column = Int((box.x0 + box.x1) / 2 / stride)
        return min(max(row, 0), height - 1) * width + min(max(column, 0), width - 1)
      }

      private func middle(_ place: Int) -> (x: Float, y: Float) {
        ((Float(place % width) + 0.5) * stride, (Float(place / width) + 0.5) * stride)
      }

      func reaches(of box: Box, from place: Int) -> [Float] {
        let (x, y) = middle(place)
        return [x - box.x0, y - box.y0, box.x1 - x, box.y1 - y].map {
          log(max($0 / stride, 0.1))
        }
      }

      func box(at place: Int, _ reaches: [Float]) -> Box {
        let (x, y) = middle(place)
        let sides = reaches.map { exp(min($0, 8)) * stride }
        return Box(x - sides[0], y - sides[1], x + sides[2], y + sides[3])
      }
    }

    @section("zoo_plugins") @used
    private let registration: Registration = { $0.register(NAME.self) }
    """

  private static let tests = """
    IMPORTS

    struct NAMETests {
      /// What the rest of the zoo relies on.
      @Test func conforms() throws { try Conformance.check(NAME.self) }

      /// First what the paper says.
      @Test func hasThePublishedSize() throws {
        let graph = try Registry.linked().variant("VARIANT").graph()
        #expect(graph.parameterCount == COUNT)
      }
    }
    """

  // MARK: The rest

  private func manifest(zoo: String) -> String {
    let quoted = zoo.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return filled(
      """
      // swift-tools-version: 6.2
      import PackageDescription

      // A program that holds plugins is its own libZooPlugin.so, as zoo is; the tests are one.
      let lending: [LinkerSetting] = [
        .unsafeFlags(
          ["-use-ld=lld", "-Xlinker", "-soname=libZooPlugin.so", "-Xlinker", "--export-dynamic"])
      ]

      let package = Package(
        name: "NAME",
        products: [.library(name: "NAME", type: .dynamic, targets: ["NAME"])],
        dependencies: [.package(name: "zoo", path: "\(quoted)")],
        targets: [
          // ZooPlugin is what the program lends to its plugins; ZooKit would be a copy of its own.
          .target(name: "NAME", dependencies: [.product(name: "ZooPlugin", package: "zoo")]),
          .testTarget(
            name: "NAMETests",
            dependencies: ["NAME", .product(name: "ZooConformance", package: "zoo")],
            linkerSettings: lending),
        ]
      )
      """)
  }

  private func readMe(folder: String?) -> String {
    let build =
      folder == nil
      ? """
      swift build -c release
      swift test -c release
      zoo plugins --check NAME --plugin .build/release/libNAME.so
      """
      : """
      make build
      .ci/test --filter NAMETests
      .build/release/zoo plugins --check NAME
      """
    return filled(
      """
      # NAME

      Authors and year, *title*, where to read it.

      | variant | parameters | from |
      |---|---|---|
      | `VARIANT` | \(parameters.replacing("_", with: ",")) | table 1 |
      | `VARIANT-small` | | table 1 |

      Names and layouts follow: whose weights fit.

      ```sh
      \(build)
      ```

      1. The widths and layers of the paper's table take the place of those in `NAME.swift`; the
         first test counts the published parameters.
      2. Names follow the weights: `zoo diff FILE --as VARIANT` says which do not fit yet.
      3. `zoo run MODEL --input X --compare REFERENCE` names the first layer that differs.
      """)
  }
}
