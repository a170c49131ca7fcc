import ZooExplain
import ZooKit

extension RegressionTask {
  /// A number that is predicted, on the scale of the network; the first unless another is named.
  func subject(_ target: ExplanationTarget, of view: ExplainedView, _ options: TaskOptions) throws
    -> any Subject
  {
    var place = 0
    if case .class(let name) = target { place = try view.model.classIndex(name) }
    return try NetworkSubject(
      view.model.checkpoint.classes[place], of: "logits", .place(place), in: view.network)
  }
}
