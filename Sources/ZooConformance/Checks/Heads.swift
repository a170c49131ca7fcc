import ZooEngine
import ZooKit

extension Conformance {
  /// Only the head depends on the classes.
  func checkHead(_ variant: Variant, _ notes: inout Notes) throws {
    let (few, many) = (Sample.classes, Sample.classes + 3)
    let base = try variant.graph(head: .original(classes: few))
    let backbone = base.parameters(ofHead: false)
    let shared = Set(backbone.map(\.name)).intersection(base.parameters(ofHead: true).map(\.name))
    notes.expect(
      shared.isEmpty, else: "\(Notes.list(shared.sorted())) belongs to the head and to the backbone"
    )
    notes.expect(
      !base.parameters(ofHead: true).isEmpty, else: "its head has nothing to learn")

    let takesAnyHead = variant.architecture.form == .vector
    let heads: [(Head, String)] = [
      (.original(classes: many), "for \(many) classes"), (.linear(classes: many), "--head linear"),
      (.mlp(classes: many, hidden: 8), "--head mlp"),
    ]
    for (head, name) in takesAnyHead ? heads : Array(heads.prefix(1)) {
      let other = try variant.graph(head: head)
      let changed = other.parameters(ofHead: false)
      let differing = backbone.indices.first {
        !changed.indices.contains($0) || changed[$0] != backbone[$0]
      }
      if let differing {
        notes.note(
          "\(backbone[differing].name) is outside the stage “\(Stage.head)” and changes with the "
            + "head (\(name))")
      } else if changed.count != backbone.count {
        notes.note("\(changed[backbone.count].name) comes to the backbone with the head (\(name))")
      }
      if takesAnyHead {
        let logits = other.outputs.first { $0.name == "logits" }?.operation
        let shape = logits.map { other.operations[$0].shape }
        notes.expect(
          shape == [many],
          else:
            "\(name): its logits are \(shape.map { "\($0)" } ?? "missing"); expected \(many)"
        )
      }
    }
    let none = try variant.graph(head: Head.none)
    let known = Set(backbone)
    let strange = none.parameters.filter { !known.contains($0) }.map(\.name)
    notes.expect(
      strange.isEmpty,
      else: "without a head it has \(Notes.list(strange)), which it has not with one")
    notes.expect(!none.outputs.isEmpty, else: "without a head it has no outputs")
    if takesAnyHead {
      let lost = known.subtracting(none.parameters).map(\.name).sorted()
      notes.expect(lost.isEmpty, else: "without a head \(Notes.list(lost)) is missing")
    }
  }

  /// The input of the head is the same to the last bit, whatever the head.
  func checkBytes(_ sample: Sample, _ notes: inout Notes) throws {
    let other = try Sample(sample, classes: Sample.classes + 3)
    guard sample.parts.count == other.parts.count else {
      return notes.note("under another head it has other parts")
    }
    for (part, changed) in zip(sample.parts, other.parts) {
      let inputs = try part.inputs()
      let before = try Walkthrough(part.graph, sample.weights, inputs, batch: part.batch)
      let after = try Walkthrough(changed.graph, other.weights, inputs, batch: part.batch)
      for (name, index) in part.graph.namedBackbone {
        guard let place = changed.graph.index(of: name) else { continue }
        guard before.values[index].elementsEqual(after.values[place]) else {
          return notes.note("\(name) is in the backbone and gives other numbers under another head")
        }
      }
    }
  }
}

extension Graph {
  /// The parameters of the operations inside the stage `head`, or outside it, each once.
  func parameters(ofHead isHead: Bool) -> [Parameter] {
    var seen: Set<String> = []
    return operations.filter { $0.stages.contains(Stage.head) == isHead }
      .flatMap(\.parameters).filter { seen.insert($0.name).inserted }
  }

  fileprivate var namedBackbone: [(String, Int)] {
    operations(in: Stage.backbone).map { (operations[$0].name, $0) }
  }
}
