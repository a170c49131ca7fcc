import COneDNN
import ZooKit

extension OneDNNCompiler {
  func pool(_ layer: any Layer, _ step: Program.Step) throws -> Int? {
    if let average = layer as? AveragePool, try precede(average, step) { return 0 }
    let (input, output) = (program.shapes[step.inputs[0]], program.shapes[step.output])
    guard let pooling = Pooling(layer, input, output) else { return nil }
    if pooling.isNothing { return try identity(step) }
    let source = place(of: step.inputs[0])
    var request = Operation.Request(
      pooling.kind, [source.layout],
      target: try layout(output, zoo_dnn_any, source.layout.type))
    request.window = pooling.window
    guard let operation = Operation(request) else { return nil }
    try emit(operation, [source], for: step)
    return 0
  }
}
