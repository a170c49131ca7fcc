import Glibc
import ZooExplain
import ZooKit
import ZooVision

extension ClassificationTask {
  /// The logit of a class, and its probability.
  func subject(_ target: ExplanationTarget, of view: ExplainedView, _ options: TaskOptions) throws
    -> any Subject
  {
    let classes = view.model.checkpoint.classes
    let place: Int
    if case .class(let name) = target {
      place = try view.model.classIndex(name)
    } else {
      let logits = try view.value(of: "logits").values
      place = logits.indices.max { logits[$0] < logits[$1] } ?? 0
    }
    return try NetworkSubject(classes[place], of: "logits", .place(place), in: view.network) {
      probability(of: place, $0)
    }
  }
}

/// By softmax; of a single logit, by the logistic function.
private func probability(of place: Int, _ logits: UnsafeBufferPointer<Float>) -> Double {
  guard logits.count > 1 else { return 1 / (1 + exp(-Double(logits[place]))) }
  let highest = Double(logits.max() ?? 0)
  let sum = logits.reduce(0) { $0 + exp(Double($1) - highest) }
  return exp(Double(logits[place]) - highest) / sum
}
