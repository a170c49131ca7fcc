import Glibc
import ZooExplain
import ZooKit
import ZooVision

extension SegmentationTask {
  static let region = TaskOption(
    "region", value: "X0,Y0,X1,Y1", .words(of: []),
    help: "explain a segmenter's class inside a rectangle of the picture")

  var explainingOptions: [TaskOption] { [Self.region] }

  /// The whole picture at its own scale, mirrored at its borders as for a prediction.
  func explainedInput(of picture: Picture, for model: Model) throws
    -> (input: Tensor, placement: Placement)
  {
    let tiling = (model.variant.architecture as? any Segmenter)?.tiling ?? Tiling()
    let preprocessing = model.checkpoint.preprocessing
    let seen = try preprocessing.applied(to: picture)
    let longest = 2048
    guard max(seen.width, seen.height) <= longest else {
      throw ZooError.corrupt(
        "a segmenter is explained for pictures of up to \(longest) pixels a side, not "
          + "\(seen.width)×\(seen.height); crop the picture")
    }
    var numbers = try preprocessing.settled(for: seen)
    (numbers.resize, numbers.crop, numbers.multiple) = (.none, nil, 1)
    numbers.interpolation = .nearest
    let area = Region(
      x: -tiling.margin, y: -tiling.margin, width: tiling.side(for: seen.width),
      height: tiling.side(for: seen.height))
    var placement = try preprocessing.placement(of: picture.size)
    placement.shown = Region(
      x: placement.shown.x + area.x, y: placement.shown.y + area.y, width: area.width,
      height: area.height)
    return (try numbers.tensor(from: seen.mirrored(in: area)), placement)
  }

  /// The mean logit of a class over the pixels that the network gives it, or over a rectangle.
  func subject(_ target: ExplanationTarget, of view: ExplainedView, _ options: TaskOptions) throws
    -> any Subject
  {
    let names = classes(of: view.model.checkpoint)
    let logits = try view.value(of: "logits")
    let pixels = pixels(of: logits.shape, view)
    let (channels, area) = (logits.shape.channels, logits.shape.height * logits.shape.width)
    let isBinary = channels == 1
    let winners = logits.withValues { values in
      pixels.map { pixel in
        Int(
          SemanticSegmenter.decision(0.5, channels: channels) {
            let value = values[$0 * area + pixel]
            return isBinary ? 1 / (1 + exp(-value)) : value
          })
      }
    }
    var index: Int
    if case .class(let name) = target {
      index = try view.model.classIndex(name, among: names)
    } else {
      var counts = [Int](repeating: 0, count: names.count)
      for winner in winners where names.indices.contains(winner) { counts[winner] += 1 }
      // Background is explained only if there is nothing else.
      let isBackground = isBinary || names.first?.lowercased() == "background"
      let things = counts.indices.filter { counts[$0] > 0 && !(isBackground && $0 == 0) }
      index = things.max { counts[$0] < counts[$1] } ?? (isBinary ? 1 : 0)
    }
    if isBinary, index == 0 {
      throw ZooError.usage(
        "\(view.model.name) has one logit, for \(names[1]); explain that class")
    }
    var shown = zip(pixels, winners).filter { $1 == index }.map(\.0)
    if let rectangle = try rectangle(options, view.picture.size) {
      shown = self.pixels(of: logits.shape, view, inside: rectangle)
      guard !shown.isEmpty else {
        throw ZooError.usage("--region: the network sees nothing of this rectangle")
      }
    }
    let (channel, region) = (isBinary ? 0 : index, shown.isEmpty ? pixels : shown)
    return try NetworkSubject(
      names[index], of: "logits", .mean(channel: channel, over: region), in: view.network
    ) { values in
      let sum = region.reduce(0.0) { total, pixel in
        let own = Double(values[channel * area + pixel])
        if isBinary { return total + 1 / (1 + exp(-own)) }
        let others = (0..<channels).reduce(0.0) {
          $0 + exp(Double(values[$1 * area + pixel]) - own)
        }
        return total + 1 / others
      }
      return sum / Double(region.count)
    }
  }

  /// The places of the map that show the picture, or a rectangle of it, and not its mirrored border.
  private func pixels(of map: Shape, _ view: ExplainedView, inside frame: Frame? = nil) -> [Int] {
    let margin = (
      y: (view.input.shape.height - map.height) / 2, x: (view.input.shape.width - map.width) / 2
    )
    let size = view.picture.size
    let frame =
      frame ?? Frame(x0: 0, y0: 0, x1: Double(size.width), y1: Double(size.height))
    return (0..<map.height * map.width).filter { place in
      let (x, y) = view.placement.pictureCoordinates(
        x: Double(place % map.width + margin.x) + 0.5, y: Double(place / map.width + margin.y) + 0.5
      )
      return frame.x0..<frame.x1 ~= x && frame.y0..<frame.y1 ~= y
    }
  }

  private func rectangle(_ options: TaskOptions, _ size: Window.Size) throws -> Frame? {
    guard case .words(let words)? = options[Self.region.name] else { return nil }
    let numbers = words.compactMap { Double($0) }
    guard numbers.count == 4, words.count == 4, numbers.allSatisfy(\.isFinite),
      0 <= numbers[0], numbers[0] < numbers[2], numbers[2] <= Double(size.width),
      0 <= numbers[1], numbers[1] < numbers[3], numbers[3] <= Double(size.height)
    else {
      throw ZooError.usage(
        "--region wants X0,Y0,X1,Y1 in pixels of the picture, which is \(size.width)×\(size.height), "
          + "not “\(words.joined(separator: ","))”")
    }
    return Frame(x0: numbers[0], y0: numbers[1], x1: numbers[2], y1: numbers[3])
  }
}
