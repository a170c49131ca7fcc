import Glibc
import ZooDetection
import ZooKit

// The decisions between and after the two networks.

extension FasterRCNN {
  /// Which anchors the second stage receives.
  package struct Proposals: Hashable, Sendable {
    /// The number per level, before suppression.
    package var before = 1000
    /// The number over all levels, after suppression.
    package var after = 1000
    package var iou = 0.7
    /// Boxes with shorter sides are dropped.
    package var side: Float = 1e-3

    package init() {}
  }

  /// The names in the graph of the maps from which regions are cut.
  package var mapNames: [String] {
    stride == nil
      ? (0..<levels).map { "backbone.fpn.layer_blocks.\($0).0" } : [FasterRCNN.body]
  }

  /// The first stage. It outputs objectness, deltas, and the maps; a pyramid's last map is only for
  /// large anchors.
  package var proposing: Graph.Part {
    let last = stride == nil ? ["backbone.fpn.extra_blocks"] : []
    return .init(from: ["image"], to: ["objectness", "deltas"] + mapNames + last)
  }

  package static let looking = Graph.Part(
    from: ["roi_heads.box_roi_pool"], to: ["scores", "boxes"], takesRegions: true)

  public func detect(
    in batch: PictureBatch, _ options: DetectionOptions, running network: some PartRunner
  ) throws -> [[Detection]] {
    let values = try network(proposing, ["image": batch.tensor])
    let maps = Array(values[2..<2 + levels])
    let proposals = try propose(
      proposals, objectness: values[0], deltas: values[1],
      from: try AnchorField(anchors, values[2...], batch))
    let regions = try Tensor(regions: proposals)
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

  /// The proposals of the first stage (section 3.1): the highest-scoring anchors of each level,
  /// decoded, clipped, and suppressed.
  package func propose(
    _ proposals: Proposals, objectness: Tensor, deltas: Tensor, from field: AnchorField
  ) throws -> [[Box]] {
    try field.check(objectness, deltas)
    let coding = BoxCoding()
    return field.batch.sizes.enumerated().map { picture, size in
      var (boxes, scores, levels): ([Box], [Float], [Int]) = ([], [], [])
      for (level, range) in field.levels.enumerated() {
        let logits = objectness.withValues { values in
          range.map { values[field.logit($0, picture)] }
        }
        deltas.withValues { values in
          for index in largest(logits, proposals.before) {
            let (code, step) = field.code(range.lowerBound + index, picture)
            let box = coding.decode(
              SIMD4(
                values[code], values[code + step], values[code + 2 * step],
                values[code + 3 * step]),
              from: field.boxes[range.lowerBound + index]
            ).clipped(to: size)
            guard box.isFinite, box.hasSides(atLeast: proposals.side) else { continue }
            boxes.append(box)
            scores.append(1 / (1 + exp(-logits[index])))
            levels.append(level)
          }
        }
      }
      let kept = Suppression.greedy(
        boxes, scores: scores, groups: levels, threshold: proposals.iou)
      return kept.prefix(proposals.after).map { boxes[$0] }
    }
  }

  /// The detections of the second stage in one picture: every class of every region is a candidate.
  private func detections(
    from proposals: [Box], scores: Tensor, boxes: Tensor, first: Int, in size: Window.Size,
    _ options: DetectionOptions
  ) -> [Detection] {
    let classes = scores.shape[1]
    var found: [Detection] = []
    scores.withValues { scores in
      boxes.withValues { codes in
        for (index, proposal) in proposals.enumerated() {
          let row = (first + index) * classes
          let softmax = RowSoftmax(scores[row..<row + classes])
          // Class 0 is the background.
          for label in 1..<max(1, classes) {
            let score = Float(softmax.share(of: scores[row + label]))
            guard score > options.score else { continue }
            let box = seen(proposal, codes, 4 * (row + label), in: size)
            guard box.isFinite, box.hasSides(atLeast: 1e-2) else { continue }
            found.append(Detection(box, classIndex: label - 1, score: score))
          }
        }
      }
    }
    // torchvision counts background among the classes here.
    let kept = Suppression.greedy(
      found.map(\.box), scores: found.map(\.score), groups: found.map { $0.classIndex + 1 },
      threshold: options.iou)
    return kept.prefix(options.limit).map { found[$0] }
  }

  /// The box that the second stage sees in a region.
  private func seen(
    _ proposal: Box, _ codes: UnsafeBufferPointer<Float>, _ place: Int, in size: Window.Size
  ) -> Box {
    BoxCoding(weights: 10, 10, 5, 5).decode(
      SIMD4(codes[place], codes[place + 1], codes[place + 2], codes[place + 3]), from: proposal
    ).clipped(to: size)
  }

  /// What it says of a class in every region of one picture.
  func candidates(
    of classIndex: Int, from proposals: [Box], scores: Tensor, boxes: Tensor, in size: Window.Size
  ) -> [Detection] {
    let classes = scores.shape[1]
    guard classIndex + 1 < classes else { return [] }
    return scores.withValues { scores in
      boxes.withValues { codes in
        proposals.enumerated().map { index, proposal in
          let row = index * classes
          let softmax = RowSoftmax(scores[row..<row + classes])
          return Detection(
            seen(proposal, codes, 4 * (row + classIndex + 1), in: size), classIndex: classIndex,
            score: Float(softmax.share(of: scores[row + classIndex + 1])))
        }
      }
    }
  }
}
