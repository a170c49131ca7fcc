import ZooDetection
import ZooKit
import ZooVision

extension DetectionTask {
  var viewKinds: [PictureView.Kind] { [.flip, .scales] }

  /// Farther away, as ultralytics does: parts of a picture would cut objects.
  func views(_ kinds: [PictureView.Kind]) -> [PictureView] {
    PictureView.views(kinds, scales: [1.2, 1.5])
  }

  /// All boxes, without those that overlap a better one of their class.
  func combined(
    _ seen: [SeenPrediction], of size: Window.Size, classes: [String], _ options: TaskOptions
  ) throws -> any Prediction {
    var objects: [DetectedObject] = []
    for answer in seen {
      guard let found = answer.prediction as? DetectedObjects else { continue }
      objects += found.objects.map { object in
        let frame = answer.view.pictureFrame(object.box.frame, of: size)
        let box = Box(Float(frame.x0), Float(frame.y0), Float(frame.x1), Float(frame.y1))
        return DetectedObject(
          name: object.name, index: object.index, score: object.score, box: box.clipped(to: size))
      }
    }
    let kept = Suppression.greedy(
      objects.map(\.box), scores: objects.map(\.score), groups: objects.map(\.index),
      threshold: options.number(Self.iou) ?? 0.5)
    let answers = seen.compactMap { $0.prediction as? DetectedObjects }
    return DetectedObjects(
      objects: kept.map { objects[$0] },
      surest: answers.compactMap(\.surest).max { $0.score < $1.score },
      threshold: answers[0].threshold)
  }
}
