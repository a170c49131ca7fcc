import Foundation
import TestSupport
import Testing
import ZooKit
import ZooStore

/// Every layer compared with PyTorch.
struct LayerGoldens {
  @Test(arguments: LayerCase.all)
  func agreesWithPyTorch(_ test: LayerCase) throws {
    let run = try test.run()
    let y = try run.forward()
    #expect(relativeError(y, try Golden.values("\(test.name)/y")) <= 1e-6)

    let dy = try Formula.tensor("\(test.name)/dy", Shape([test.batch] + run.output.sizes)).values
    let gradients = try run.backward(y: y, dy: dy)
    let names =
      test.inputs.indices.map { "dx\($0)" }
      + run.parameters.map { $0.role.isTrainable ? "d\($0.name)" : $0.name }
    for (index, (name, gradient)) in zip(names, gradients).enumerated() {
      // A running statistic has no gradient; it has changed or not.
      let found = gradient ?? run.weights[index - test.inputs.count]
      let error = relativeError(found, try Golden.values("\(test.name)/\(name)"))
      #expect(error <= 1e-5, "\(name): \(error)")
    }
  }

  @Test(arguments: LayerCase.all)
  func runsInPlace(_ test: LayerCase) throws {
    guard test.layer.inPlace else { return }
    #expect(try test.run().forward(inPlace: true) == test.run().forward())
  }

  @Test(arguments: LayerCase.all)
  func givesEachGradientAlone(_ test: LayerCase) throws {
    let run = try test.run()
    let y = try run.forward()
    let dy = try Formula.tensor("\(test.name)/dy", Shape([test.batch] + run.output.sizes)).values
    let together = try run.backward(y: y, dy: dy)
    for index in together.indices {
      #expect(try run.backward(y: y, dy: dy) { $0 == index }[index] == together[index])
    }
  }
}

extension LayerCase {
  /// With the numbers of `make.py`.
  func run() throws -> LayerRun {
    let values = try inputs.enumerated().map {
      try Formula.tensor("\(name)/x\($0)", Shape([batch] + $1.sizes), scale: scale).values
    }
    let weights = try layer.parameters(inputs).map {
      try Formula.parameter("\(name).\($0.name)", $0.shape).values
    }
    return try LayerRun(layer, inputs, batch: batch, mode: mode, inputs: values, weights: weights)
  }
}

/// The arrays of `Golden/layers/layers.safetensors`.
private enum Golden {
  static func values(_ name: String) throws -> [Float] {
    try #require(arrays[name], "no golden \(name)")
  }

  private static let arrays: [String: [Float]] = {
    let url = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Golden/layers/layers.safetensors")
    guard let data = try? Data(contentsOf: url) else { return [:] }
    let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try? JSONSerialization.jsonObject(with: data[8..<8 + length]) as? [String: Any]
    let body = Data(data[(8 + length)...])
    var arrays: [String: [Float]] = [:]
    for case (let name, let entry as [String: Any]) in header ?? [:] {
      guard let range = entry["data_offsets"] as? [Int] else { continue }
      arrays[name] = body[range[0]..<range[1]].withUnsafeBytes { bytes in
        (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
      }
    }
    return arrays
  }()
}
