import Foundation
import TestSupport
import Testing
import ZooFormats
import ZooKit
import ZooStore

extension Graph {
  /// Every parameter by the common formula.
  func formulaWeights() throws -> Weights {
    var weights = Weights()
    for parameter in parameters {
      weights[parameter.name] = try Formula.parameter(parameter.name, parameter.shape)
    }
    return weights
  }

  /// Convolutions, a flattened map and dense layers, as in VGG.
  static func flattening() throws -> Graph {
    try Graph { input in
      let map = input("image", [3, 8, 12]).sequential("features") {
        $0.conv(to: 5, kernel: 3, padding: 1).relu().maxPool(kernel: 2)
          .conv(to: 4, kernel: 3, padding: 1).batchNorm().relu().maxPool(kernel: 2)
      }
      return [
        "logits": map.flatten().sequential("classifier") {
          $0.dense(to: 7).relu().dropout().dense(to: 3)
        }
      ]
    }
  }

  /// ResNet-50 as in Keras Applications, with their names.
  static func kerasResNet50(width base: Int = 64, classes: Int = 1000) throws -> Graph {
    func block(_ x: Node, _ name: String, _ width: Int, stride: Int, projects: Bool) -> Node {
      let size = Window.Size(stride, stride)
      func unit(
        _ x: Node, _ part: Int, to outputs: Int, kernel: Window.Size, stride: Window.Size = 1
      ) -> Node {
        x.conv(
          "\(name)_\(part)_conv", to: outputs, kernel: kernel, stride: stride,
          padding: kernel == 3 ? 1 : 0
        ).batchNorm("\(name)_\(part)_bn", epsilon: 1.001e-5)
      }
      let shortcut = projects ? unit(x, 0, to: 4 * width, kernel: 1, stride: size) : x
      let deep = unit(
        unit(unit(x, 1, to: width, kernel: 1, stride: size).relu(), 2, to: width, kernel: 3).relu(),
        3, to: 4 * width, kernel: 1)
      return shortcut.add(deep).relu()
    }
    return try Graph { input in
      var x = input("image", [3, 224, 224])
        .conv("conv1_conv", to: base, kernel: 7, stride: 2, padding: 3)
        .batchNorm("conv1_bn", epsilon: 1.001e-5).relu()
        .maxPool(kernel: 3, stride: 2, padding: 1)
      for (stage, (count, width)) in zip([3, 4, 6, 3], [base, 2 * base, 4 * base, 8 * base])
        .enumerated()
      {
        for index in 0..<count {
          x = block(
            x, "conv\(stage + 2)_block\(index + 1)", width,
            stride: stage > 0 && index == 0 ? 2 : 1, projects: index == 0)
        }
      }
      return ["logits": x.globalAveragePool().flatten().dense("predictions", to: classes)]
    }
  }
}

@Suite struct KerasExportTests {
  @Test func whatIsExportedComesBack() throws {
    let graph = try Graph.flattening()
    let weights = try graph.formulaWeights()
    let scratch = try Scratch()
    let path = "\(scratch.folder)/out.h5"
    let renames = [
      try Rename(from: "block*_conv1", to: "features.*"),
      try Rename(from: "fc*", to: "classifier.*"),
    ]
    try KerasCheckpoint.write(weights, of: graph, to: path, renames: renames)
    let source = try ForeignCheckpoint.open(path)
    #expect(source.format == "Keras HDF5")
    #expect(try source.tensor("block0_conv1.weight").shape == [3, 3, 3, 5])
    #expect(try source.tensor("fc0.weight").shape == [24, 7])
    let back = try LoadPlan(from: source, into: graph, renames: renames).execute()
    #expect(back.names == weights.names)
    for (name, tensor) in weights { #expect(back[name]?.values == tensor.values, "\(name)") }
  }

  @Test func layersStandInTheOrderOfKeras() throws {
    // keras_resnet50_order.txt is the order of Keras' own ResNet50.
    let graph = try Graph.kerasResNet50(width: 2, classes: 3)
    let order = try String(contentsOfFile: Golden.path("keras_resnet50_order.txt"), encoding: .utf8)
    let scratch = try Scratch()
    let path = "\(scratch.folder)/order.h5"
    var weights = Weights()
    for parameter in graph.parameters {
      weights[parameter.name] = try Tensor(zeros: parameter.shape)
    }
    try KerasCheckpoint.write(weights, of: graph, to: path)
    let layers = try #require(try HDF5File(path).attributes(of: "/")["layer_names"]?.strings)
    #expect(layers == order.split(separator: "\n").map(String.init))
  }
}
