import Glibc
import ZooDetection
import ZooKit

// What is decided between and after the two networks.

extension FasterRCNN {
  /// Which anchors go on to the second stage.
  package struct Proposals: Hashable, Sendable {
    /// Of each level, before overlapping ones are suppressed.
    package var before = 1000
    /// Of all levels together, after that.
    package var after = 1000
    package var iou = 0.7
    /// Shorter sides are no box.
    package var side: Float = 1e-3

    package init() {}
  }

  /// Where the maps of the pyramid are in the graph.
  package var mapNames: [String] {
    (0..<levels).map { "backbone.fpn.layer_blocks.\($0).0" }
  }

  package var proposing: Graph.Part {
    .init(from: ["image"], to: ["objectness", "deltas", "backbone.fpn.extra_blocks"] + mapNames)
  }

  package static let looking = Graph.Part(
    from: ["roi_heads.box_roi_pool"], to: ["scores", "boxes"], takesRegions: true)

  public func detect(
    in batch: PictureBatch, _ options: DetectionOptions, running network: some PartRunner
  ) throws -> [[Detection]] {
    let values = try network(proposing, ["image": batch.tensor])
    let maps = Array(values[3...])
    let proposals = try propose(
      objectness: values[0], deltas: values[1], maps: maps + [values[2]], batch)
    let regions = try Tensor(
      [proposals.reduce(0) { $0 + $1.count }, 5],
      proposals.enumerated().flatMap { picture, boxes in
        boxes.flatMap { [Float(picture), $0.x0, $0.y0, $0.x1, $0.y1] }
      })
    network.note("regions", regions)
    guard regions.shape[0] > 0 else { return proposals.map { _ in [] } }
    let seen = try RoIAlign(to: pooled, scales: scales).regions(of: maps, regions)
    let said = try network(FasterRCNN.looking, ["roi_heads.box_roi_pool": seen])
    var start = 0
    return zip(proposals, batch.sizes).map { boxes, size in
      defer { start += boxes.count }
      return detections(
        from: boxes, scores: said[0], boxes: said[1], first: start, in: size, options)
    }
  }

  /// The first stage's answer (section 3.1): of each level the likeliest anchors, moved, clipped,
  /// without those that overlap a likelier one.
  package func propose(
    objectness: Tensor, deltas: Tensor, maps: [Tensor], _ batch: PictureBatch
  ) throws -> [[Box]] {
    let coding = BoxCoding()
    let sizes = maps.map { Window.Size($0.shape[2], $0.shape[3]) }
    let count = sizes.indices.reduce(0) {
      $0 + sizes[$1].height * sizes[$1].width * anchors.count(level: $1)
    }
    guard sizes.count == levels + 1, objectness.shape[1] == count, deltas.shape[1] == 4 * count
    else {
      throw ZooError.failure("\(objectness.shape) scores do not fit \(count) anchors")
    }
    let levelAnchors = sizes.indices.map {
      anchors.boxes(level: $0, map: sizes[$0], picture: batch.size)
    }
    return batch.sizes.enumerated().map { picture, size in
      var (boxes, scores, levels): ([Box], [Float], [Int]) = ([], [], [])
      var first = picture * count
      for (level, map) in sizes.enumerated() {
        let (each, area) = (anchors.count(level: level), map.height * map.width)
        /// In the order of the anchors, place by place.
        let logits = objectness.withValues { values in
          (0..<area * each).map { values[first + $0 % each * area + $0 / each] }
        }
        deltas.withValues { values in
          for index in largest(logits, proposals.before) {
            let (place, kind) = index.quotientAndRemainder(dividingBy: each)
            let code = values.baseAddress.map {
              $0 + 4 * first + 4 * kind * area + place
            }
            guard let code else { continue }
            let box = coding.decode(
              SIMD4(code[0], code[area], code[2 * area], code[3 * area]),
              from: levelAnchors[level][index]
            ).clipped(to: size)
            guard box.isFinite, box.hasSides(atLeast: proposals.side) else { continue }
            boxes.append(box)
            scores.append(1 / (1 + exp(-logits[index])))
            levels.append(level)
          }
        }
        first += area * each
      }
      let kept = Suppression.greedy(
        boxes, scores: scores, groups: levels, threshold: proposals.iou)
      return kept.prefix(proposals.after).map { boxes[$0] }
    }
  }

  /// The second stage's answer for one picture: every class of every region is a candidate.
  private func detections(
    from proposals: [Box], scores: Tensor, boxes: Tensor, first: Int, in size: Window.Size,
    _ options: DetectionOptions
  ) -> [Detection] {
    let coding = BoxCoding(weights: 10, 10, 5, 5)
    let classes = scores.shape[1]
    var found: [Detection] = []
    scores.withValues { scores in
      boxes.withValues { codes in
        for (index, proposal) in proposals.enumerated() {
          let row = (first + index) * classes
          let largest = scores[row..<row + classes].max() ?? 0
          let odds = scores[row..<row + classes].map { exp($0 - largest) }
          let sum = odds.reduce(0, +)
          // Class 0 is the background.
          for label in odds.indices.dropFirst() where odds[label] / sum > options.score {
            let code = 4 * (row + label)
            let box = coding.decode(
              SIMD4(codes[code], codes[code + 1], codes[code + 2], codes[code + 3]),
              from: proposal
            ).clipped(to: size)
            guard box.isFinite, box.hasSides(atLeast: 1e-2) else { continue }
            found.append(Detection(box, classIndex: label - 1, score: odds[label] / sum))
          }
        }
      }
    }
    // The background counts among the classes there.
    let kept = Suppression.greedy(
      found.map(\.box), scores: found.map(\.score), groups: found.map { $0.classIndex + 1 },
      threshold: options.iou)
    return kept.prefix(options.limit).map { found[$0] }
  }
}
