import Glibc
import ZooDetection
import ZooKit
import ZooTraining

extension Conformance {
  /// A detector learns by its own losses, from pictures with one bright thing in each.
  func checkLearning(
    of detector: any TrainableDetector, _ sample: Sample, _ notes: inout Notes
  ) throws {
    let input = sample.graph.operations[sample.graph.inputs[0].operation].shape
    let source = try Things(on: input)
    var (best, reason) = (Double.infinity, "its losses overflow")
    for (seed, rate) in [(1, 3e-3), (2, 1e-3), (3, 3e-4)] where best >= Conformance.remainder {
      let folder = try TemporaryFolder()
      var options = Trainer.Options()
      options.epochs = 8
      options.batch = Conformance.pictures
      options.rate = rate
      options.descent = .init(Adam(), clipping: 10)
      options.seed = UInt64(seed)
      let trainer = Trainer(
        of: detector, sample.graph, try Weights(randomFor: sample.graph, seed: UInt64(seed)),
        source,
        options: options
      ) { shape in
        try sample.variant.graph(head: .original(classes: Sample.classes), input: shape)
      }
      do {
        let report = try trainer.run(in: folder.path + "/run")
        guard let first = report.epochs.first?.loss, let last = report.epochs.last?.loss else {
          continue
        }
        best = min(best, last / max(first, 1e-12))
      } catch {
        reason = (error as? ZooError)?.message ?? "\(error)"
      }
    }
    notes.expect(
      best < Conformance.remainder,
      else: "it does not learn \(Conformance.pictures) pictures by heart: "
        + (best.isFinite ? "\(Int(100 * best)) % of its losses are left" : reason))
  }

  /// Of the losses of the first epoch; samplers draw anew in each step, so not all of it goes.
  static let remainder = 0.6
}

/// Eight pictures that come again and again.
private struct Things: BatchSource {
  let shape: Shape
  let pictures: [Float]
  let boxes: [TrueBox]
  let count = 15 * Conformance.pictures
  let fingerprint = "conformance"

  init(on shape: Shape) throws {
    self.shape = shape
    var boxes: [TrueBox] = []
    var pictures = try Tensor(noise: [Conformance.pictures, shape.count], seed: 4).values
    for item in 0..<Conformance.pictures {
      let (height, width) = (shape.height * (3 + item % 3) / 8, shape.width * (3 + item / 3) / 8)
      let top = (shape.height - height) * (item % 4) / 3
      let left = (shape.width - width) * (item / 2 % 4) / 3
      let label = item % Sample.classes
      for channel in 0..<shape.channels {
        for row in top..<top + height {
          for column in left..<left + width {
            let place = (item * shape.channels + channel) * shape.height + row
            pictures[place * shape.width + column] += (label >> channel) & 1 == 1 ? 2 : -2
          }
        }
      }
      let box = Box(Float(left), Float(top), Float(left + width), Float(top + height))
      boxes.append(TrueBox(box, classIndex: label))
    }
    (self.pictures, self.boxes) = (pictures, boxes)
  }

  func batch(_ items: [Int], epoch: Int, random: Random) throws -> Batch {
    let places = items.map { $0 % Conformance.pictures }
    let tensor = try Tensor(
      Shape([items.count] + shape.sizes),
      places.flatMap { pictures[$0 * shape.count..<($0 + 1) * shape.count] })
    let sizes = places.map { _ in Window.Size(shape.height, shape.width) }
    return Batch(PictureBatch(tensor, sizes: sizes), boxes: places.map { [boxes[$0]] })
  }
}
