import Glibc
import ZooDetection
import ZooKit

// From a box back to the region that it was seen in.

extension FasterRCNN: TraceableDetector {
  /// The region is held fixed: how the first stage came to propose it is not explained.
  public func origin(
    of detection: Detection, in batch: PictureBatch, running network: some PartRunner
  ) throws -> BoxOrigin {
    let values = try network(proposing, ["image": batch.tensor])
    let maps = Array(values[2..<2 + levels])
    let proposals = try propose(
      proposals, objectness: values[0], deltas: values[1],
      from: try AnchorField(anchors, values[2...], batch))[0]
    guard !proposals.isEmpty else { throw ZooError.failure("no region is proposed") }
    let layer = RoIAlign(to: pooled, scales: scales)
    let seen = try layer.regions(of: maps, Tensor(regions: [proposals]))
    let said = try network(FasterRCNN.looking, ["roi_heads.box_roi_pool": seen])
    let candidates = candidates(
      of: detection.classIndex, from: proposals, scores: said[0], boxes: said[1],
      in: batch.sizes[0])
    guard
      let region = candidates.indices.min(by: {
        candidates[$0].distance(to: detection) < candidates[$1].distance(to: detection)
      }), candidates[region].distance(to: detection).isFinite
    else { throw ZooError.failure("the box is none of the network's") }
    let (proposal, label) = (proposals[region], detection.classIndex + 1)
    return BoxOrigin(
      inputs: ["regions": try Tensor(regions: [[proposal]])], outputs: ["scores", "boxes"],
      map: mapNames[scales.count == 1 ? 0 : layer.mapper(proposal, scales: scales)]
    ) { number, values in
      guard let scores = values["scores"], let boxes = values["boxes"] else {
        throw ZooError.failure("the second stage gives neither scores nor boxes")
      }
      return FasterRCNN.reading(number, of: label, scores.values, boxes.values, proposal)
    }
  }

  private static func reading(
    _ number: BoxNumber, of label: Int, _ scores: [Float], _ codes: [Float], _ proposal: Box
  ) -> BoxReading {
    guard let (isAcross, half) = number.side else {
      let logits = scores.map(Double.init)
      let softmax = RowSoftmax(logits)
      return BoxReading(
        -softmax.surprise(of: logits[label]),
        logits.indices.map {
          .init("scores", $0, ($0 == label ? 1 : 0) - softmax.share(of: logits[$0]))
        })
    }
    let coding = BoxCoding(weights: 10, 10, 5, 5)
    let axis = isAcross ? 0 : 1
    let length = Double(isAcross ? proposal.width : proposal.height)
    let centre = Double(isAcross ? proposal.centreX : proposal.centreY)
    let (toCentre, toLength) = (
      Double(isAcross ? coding.weights.x : coding.weights.y),
      Double(isAcross ? coding.weights.width : coding.weights.height)
    )
    let place = 4 * label + axis
    let growth = Double(codes[place + 2]) / toLength
    let isLimited = growth > Double(BoxCoding.largestGrowth)
    let long = exp(min(growth, Double(BoxCoding.largestGrowth))) * length
    return BoxReading(
      centre + Double(codes[place]) / toCentre * length + half * long / 2,
      [
        .init("boxes", place, length / toCentre),
        .init("boxes", place + 2, isLimited ? 0 : half * long / 2 / toLength),
      ])
  }
}
