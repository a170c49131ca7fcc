import ZooKit

extension Conformance {
  /// Stages cover the network, and their names are unambiguous.
  func checkStages(_ variant: Variant, _ notes: inout Notes) throws {
    let graph = try variant.graph()
    let bare = graph.operations.filter { $0.stages.isEmpty && !$0.layer.isInput }.map(\.name)
    notes.expect(
      bare.isEmpty, else: "\(Notes.list(bare)) belong\(bare.count == 1 ? "s" : "") to no stage")
    notes.expect(
      graph.stages.contains(Stage.head),
      else: "no stage is called “\(Stage.head)”; it has \(Notes.list(graph.stages))")
    notes.expect(
      !graph.stages.contains(Stage.backbone),
      else: "a stage is called “\(Stage.backbone)”, which means everything but the head")
    for stage in graph.stages {
      guard let named = graph.index(of: stage), named != graph.output(of: stage) else { continue }
      notes.note("a stage and a layer inside it are both called \(stage), and are different values")
    }
  }
}
