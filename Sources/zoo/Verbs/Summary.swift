import ModelZoo
import ZooArguments

struct SummaryVerb: Verb {
  let name = "summary"
  let summary = "print a model's layers"
  let discussion = "Prints shapes, parameters and multiply-accumulates, without loading weights."
  let examples: KeyValuePairs = [
    "zoo summary resnet50": "at its usual input size",
    "zoo summary resnet50 --input 3x448x448": "for larger pictures",
    "zoo summary vgg16 --receptive-field": "the pixels that a place of each map sees",
  ]
  let size = Option<Shape?>("--input", value: "CxHxW", help: "input shape")
  let fields = Flag(
    "--receptive-field", help: "show the part of the picture that a place of each map depends on")
  var arguments: [any Argument] { [Common.model, size, fields] }

  func run(_ input: Parsed) throws {
    let zoo = try input.zoo()
    let entry = try zoo.entry(input[Common.model])
    var graph = entry.graph
    if let shape = try input[size] {
      guard shape.rank == 3 else { throw ZooError.usage("--input wants 3x224x224, not \(shape)") }
      do {
        graph = try entry.graph(input: shape)
      } catch let error as ZooError {
        throw ZooError.usage("--input \(shape): \(error.message)")
      }
    }
    if try input.wantsJSON {
      return emit(try input[fields] ? json(entry, fieldsOf: graph) : json(entry, graph))
    }

    if try input[fields] { return print(fieldTable(graph).text()) }
    var table = Table(
      "layer", "kind", .right("output"), .right("parameters"), .right("MACs"), "stage")
    for (index, operation) in graph.operations.enumerated() {
      let macs = graph.macs(of: index)
      table.add(
        operation.name, operation.layer.kind, "\(operation.shape)",
        operation.learned == 0 ? "" : grouped(operation.learned), macs == 0 ? "" : grouped(macs),
        operation.stages.joined(separator: "/"))
    }
    table.rule()
    let outputs = graph.outputs.filter { !graph.isAuxiliary($0.operation) }
      .map { "\(graph.operations[$0.operation].shape)" }
    table.add(
      entry.variant.name, "", outputs.joined(separator: " "),
      grouped(graph.inferenceParameterCount), grouped(graph.macs), "")
    if graph.auxiliaryParameterCount > 0 {
      table.add(
        "only in training", "", "", grouped(graph.auxiliaryParameterCount), "", Stage.auxiliary)
    }
    print(table.text())
  }

  /// The size of a place's field, the distance between two, and where the first begins.
  private func fieldTable(_ graph: Graph) -> Table {
    var table = Table(
      "layer", "kind", .right("output"), .right("field"), .right("step"), .right("start"))
    for (operation, field) in zip(graph.operations, graph.receptiveFields) {
      table.add(
        operation.name, operation.layer.kind, "\(operation.shape)",
        field.map { "\($0.height.size)×\($0.width.size)" } ?? "all",
        field.map { "\($0.height.step)×\($0.width.step)" } ?? "",
        field.map { "\($0.height.start),\($0.width.start)" } ?? "")
    }
    return table
  }

  private func json(_ entry: Entry, fieldsOf graph: Graph) -> JSON {
    let layers = zip(graph.operations, graph.receptiveFields).map { operation, field -> JSON in
      var members: [(key: String, value: JSON)] = [
        ("name", JSON(operation.name)), ("output", JSON(operation.shape.sizes)),
      ]
      for (name, value) in [
        ("field", field.map { [$0.height.size, $0.width.size] }),
        ("step", field.map { [$0.height.step, $0.width.step] }),
        ("start", field.map { [$0.height.start, $0.width.start] }),
      ] {
        members.append((name, value.map { JSON($0) } ?? JSON(String?.none)))
      }
      return JSON(.object(members))
    }
    return ["model": JSON(entry.name), "layers": JSON(layers)]
  }

  private func json(_ entry: Entry, _ graph: Graph) -> JSON {
    let layers = graph.operations.enumerated().map { index, operation -> JSON in
      [
        "name": JSON(operation.name), "kind": JSON(operation.layer.kind),
        "inputs": JSON(operation.inputs.map { graph.operations[$0].name }),
        "output": JSON(operation.shape.sizes), "parameters": JSON(operation.learned),
        "macs": JSON(graph.macs(of: index)), "stages": JSON(operation.stages),
      ]
    }
    return [
      "model": JSON(entry.name), "variant": JSON(entry.variant.name),
      "input": JSON(graph.operations[graph.inputs[0].operation].shape.sizes),
      "parameters": JSON(graph.inferenceParameterCount),
      "auxiliaryParameters": JSON(graph.auxiliaryParameterCount), "macs": JSON(graph.macs),
      "layers": JSON(layers),
    ]
  }
}

extension Graph.Operation {
  /// The number of trainable parameters.
  fileprivate var learned: Int {
    parameters.filter(\.role.isTrainable).reduce(0) { $0 + $1.shape.count }
  }
}
