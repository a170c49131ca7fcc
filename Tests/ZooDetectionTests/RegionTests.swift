import TestSupport
import Testing
import ZooDetection
import ZooKit

/// The region layers compared with torchvision's, forward and backward.
@Suite struct RegionTests {
  let golden: GoldenFile
  let regions: Tensor

  init() throws {
    golden = try GoldenFile("detection/operations.safetensors")
    var boxes = try formulaBoxes("regions", 40, place: 128, side: 128)
    boxes[3] = Box(-40, -30, 10, 20)
    boxes[4] = Box(200, 100, 700, 660)
    boxes[5] = Box(17, 19, 17, 19)
    boxes[6] = Box(400, 400, 420, 420)
    regions = try Tensor(
      [40, 5], boxes.enumerated().flatMap { [Float($0 % 2)] + $1.corners })
  }

  /// The inputs of the layer as views, with memory for the gradient of each.
  private func slopes(
    of layer: some Layer, _ maps: [Tensor], slope: Tensor
  ) throws -> [Tensor] {
    let inputs = maps + [regions]
    var slopes = try maps.map { try Tensor(zeros: $0.shape) }
    func view(_ tensor: Tensor) -> TensorView {
      TensorView(
        UnsafeMutablePointer(mutating: tensor.withValues { $0.baseAddress! }),
        batch: tensor.shape[0], shape: Shape(Array(tensor.shape.sizes.dropFirst())))
    }
    for index in slopes.indices { try slopes[index].withMutableValues { _ in } }
    let shape = try layer.output(inputs.map { Shape(Array($0.shape.sizes.dropFirst())) })
    let output = try Tensor(zeros: Shape([40] + shape.sizes))
    try withExtendedLifetime((inputs, slopes, output, slope)) {
      try layer.backward(
        Pass(
          mode: .inference, inputs: inputs.map(view), parameters: [], output: view(output),
          scratch: Scratch()),
        Gradients(
          output: view(slope), inputs: slopes.map(view) + [nil], parameters: []))
    }
    return slopes
  }

  @Test func alignsOverAPyramid() throws {
    let maps = try [(64, 80), (32, 40), (16, 20), (8, 10)].enumerated().map {
      try Formula.tensor("map.\($0)", [2, 3, $1.0, $1.1])
    }
    let layer = RoIAlign(to: 7, scales: [0.25, 0.125, 0.0625, 0.03125])
    let found = try layer.regions(of: maps, regions)
    #expect(found.shape == [40, 3, 7, 7])
    let error = relativeError(GoldenFile.sampled(found.values), try golden.values("multiscale"))
    #expect(error < 1e-6, "\(error)")
    let back = try slopes(of: layer, maps, slope: Formula.tensor("slope", [40, 3, 7, 7]))
    for (level, slope) in back.enumerated() {
      let expected = try golden.values("multiscale.gradient.\(level)")
      #expect(expected.contains { $0 != 0 })
      let error = relativeError(GoldenFile.sampled(slope.values), expected)
      #expect(error < 1e-5, "\(level): \(error)")
    }
  }

  @Test func alignsAndPoolsOneMap() throws {
    let map = try Formula.tensor("map.0", [2, 3, 64, 80])
    let slope = try Formula.tensor("slope.small", [40, 3, 5, 3])
    let size = Window.Size(5, 3)
    let layers: [(String, any Layer)] = [
      ("aligned", RoIAlign(to: size, sampling: 3, scales: [0.25], aligned: true)),
      ("pooled", RoIPool(to: size, scale: 0.25)),
    ]
    for (name, layer) in layers {
      let found = try layer.regions(of: [map], regions)
      let error = relativeError(GoldenFile.sampled(found.values), try golden.values(name))
      #expect(error < 1e-6, "\(name): \(error)")
      let back = try slopes(of: layer, [map], slope: slope)
      let miss = relativeError(
        GoldenFile.sampled(back[0].values), try golden.values("\(name).gradient"))
      #expect(miss < 1e-5, "\(name): \(miss)")
    }
  }

  /// The maps' gradients compared with central differences; both layers are linear as long as no
  /// comparison changes.
  @Test func slopesAreThoseOfTheValues() throws {
    let boxes: [[Float]] = [[0, 1.3, 2.1, 9.7, 8.2], [1, 0.2, 0.4, 14.9, 15.3], [1, 5, 5, 5, 5]]
    let layers: [(any Layer, [Shape])] = [
      (RoIAlign(to: 3, scales: [0.5]), [[2, 8, 8], [5]]),
      (RoIAlign(to: 2, sampling: 1, scales: [0.5, 0.25]), [[2, 8, 8], [2, 4, 4], [5]]),
      (RoIPool(to: 3, scale: 0.5), [[2, 8, 8], [5]]),
    ]
    for (layer, shapes) in layers {
      // As many pictures as regions, because every input has the same batch here.
      let maps = shapes.dropLast().enumerated().map { index, shape in
        let count = 3 * shape.count
        return (0..<count).map { Float(($0 * 7919 + index) % count) / Float(count) - 0.5 }
      }
      let run = try LayerRun(
        layer, shapes, batch: 3, inputs: maps + [boxes.flatMap { $0 }], weights: [])
      let y = try run.forward()
      let slope = y.indices.map { Formula.unit("slope", $0) }
      let found = try run.backward(y: y, dy: slope) { $0 < maps.count }
      for (index, gradient) in found.enumerated() where index < maps.count {
        let gradient = try #require(gradient)
        let step: Float = 0x1p-10
        let expected = try gradient.indices.map { element -> Float in
          func loss(_ step: Float) throws -> Double {
            run.inputs[index][element] += step
            defer { run.inputs[index][element] -= step }
            return zip(slope, try run.forward()).reduce(0) { $0 + Double($1.0) * Double($1.1) }
          }
          return Float((try loss(step) - loss(-step)) / Double(2 * step))
        }
        let error = relativeError(gradient, expected)
        #expect(error < 1e-3, "\(layer.kind) \(index): \(error)")
      }
    }
  }

  @Test func hostileRegionsAreHarmless() throws {
    let map = try Formula.tensor("map.0", [2, 3, 64, 80])
    let odd: [Float] = [.nan, .infinity, -.infinity, 1e30, -1e30, 0]
    var numbers: [Float] = []
    for index in 0..<36 {
      for place in 0..<5 { numbers.append(odd[(index * 7 + place * index + place) % 6]) }
    }
    let hostile = try Tensor([36, 5], numbers)
    for layer in [RoIAlign(to: 7, scales: [0.25]) as any Layer, RoIPool(to: 7, scale: 0.25)] {
      #expect(try layer.regions(of: [map], hostile).values.allSatisfy(\.isFinite))
    }
    #expect(throws: ZooError.self) {
      try RoIAlign(to: 7, scales: [1, 2]).output([[1, 2, 3], [5]])
    }
    #expect(throws: ZooError.self) { try RoIAlign(to: 7, scales: [1]).output([[1, 2, 3], [4]]) }
  }

  @Test func levelsAreThoseOfThePaper() {
    let scales: [Float] = [0.25, 0.125, 0.0625, 0.03125]
    let levels: [(Float, Int)] = [
      (1, 0), (111, 0), (112, 1), (223, 1), (224, 2), (447, 2), (448, 3), (9000, 3),
    ]
    for (side, level) in levels {
      #expect(LevelMapper()(Box(5, 5, 5 + side, 5 + side), scales: scales) == level, "\(side)")
    }
    #expect(LevelMapper()(Box(5, 5, 4, 9), scales: scales) == 0)
  }
}
