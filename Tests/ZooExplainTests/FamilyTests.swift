import TestSupport
import Testing
import ZooEngine
import ZooExplain
import ZooKit

/// Every method on every classifier that is linked; a family that comes tomorrow is among them.
@Suite(.serialized)
struct FamilyTests {
  /// The miniatures, or the smallest variant of a family without any.
  static let networks: [Variant] = {
    let families = (try? Registry.linked())?.families ?? []
    return families.flatMap { family in
      family.miniatures.isEmpty ? Array(family.variants.prefix(1)) : family.miniatures
    }.filter { $0.architecture.form == .vector }
  }()

  @Test func thereAreFamilies() { #expect(Self.networks.count >= 8) }

  @Test(arguments: networks)
  func everyMethodApplies(variant: Variant) throws {
    let side = min(64, variant.architecture.input.height)
    let shapes = [side, variant.architecture.input.height].map {
      Shape([variant.architecture.input.channels, $0, $0])
    }
    let graph = try #require(
      shapes.lazy.compactMap {
        try? variant.graph(head: .original(classes: 4), input: $0)
      }.first { $0.lastMap != nil })
    let network = try ExplainedNetwork(graph, Formula.weights(for: graph))
    let subject = try NetworkSubject("class", of: "logits", .place(1), in: network)
    let input = try Formula.tensor("input", network.input.shape)
    var options = ExplanationOptions()
    options.samples = 3
    options.window = network.input.shape.height / 2
    for method in ExplanationMethods.all(options) {
      let found: Attribution
      do { found = try method.attribution(of: subject, for: input) } catch let error as ZooError
        where ["cam", "sliding-window"].contains(method.name)
      {
        // A head that is not one layer over an average, or a gate that sees the whole window; the
        // error says what works.
        let other = method.name == "cam" ? "gradcam" : "occlusion"
        #expect(error.kind == .usage && error.message.contains(other), "\(error)")
        continue
      }
      let raw = try found.enlarged(to: input.shape.height, input.shape.width)
      #expect(raw.shape.sizes.suffix(2) == input.shape.sizes.suffix(2), "\(method.name)")
      #expect(raw.values.allSatisfy { $0.isFinite }, "\(variant.name): \(method.name)")
      // Deconvnet may end before the picture: nothing positive is left.
      let isZero = raw.values.allSatisfy { $0 == 0 }
      if ["saliency", "occlusion", "rise", "integrated-gradients"].contains(method.name) {
        #expect(!isZero, "\(variant.name): \(method.name)")
      }
    }
  }

  /// The values of integrated gradients sum to the difference of the scores.
  @Test func pathsAreComplete() throws {
    let variant = try #require(Self.networks.first { $0.family == "ResNet" })
    let graph = try variant.graph(head: .original(classes: 4), input: [3, 64, 64])
    let network = try ExplainedNetwork(graph, Formula.weights(for: graph))
    let subject = try NetworkSubject("class", of: "logits", .place(1), in: network)
    let input = try Formula.tensor("input", [3, 64, 64])
    let found = try IntegratedGradients(steps: 200).attribution(of: subject, for: input)
    let sum = found.values.values.reduce(0.0) { $0 + Double($1) }
    let difference =
      try subject.score(of: input, on: .raw)
      - subject.score(of: Tensor(zeros: [3, 64, 64]), on: .raw)
    #expect(abs(sum - difference) < 0.01 * abs(difference), "\(sum) instead of \(difference)")
  }

  /// A neuron is explained as a class is.
  @Test func neuronsAreExplained() throws {
    let variant = try #require(Self.networks.first { $0.family == "ResNet" })
    let graph = try variant.graph(head: .original(classes: 4), input: [3, 64, 64])
    let network = try ExplainedNetwork(graph, Formula.weights(for: graph))
    let input = try Formula.tensor("input", [3, 64, 64])
    let layer = try #require(graph.lastMap)
    let shape = graph.operations[try graph.resolve(layer)].shape
    let strongest = try NetworkSubject("n", of: layer, .strongest(channel: 2), in: network)
    let value = try network.value(of: layer, for: input.reshaped([1, 3, 64, 64])).values
    let pixels = shape.height * shape.width
    let channel = Array(value[2 * pixels..<3 * pixels])
    let best = try #require(channel.indices.max { channel[$0] < channel[$1] })
    let placed = try NetworkSubject("n", of: layer, .place(2 * pixels + best), in: network)
    let maps = try [strongest, placed].map {
      try Saliency().attribution(of: $0, for: input).values.values
    }
    #expect(maps[0] == maps[1] && maps[0].contains { $0 > 0 })
    let map = try GradCAM().attribution(of: strongest, for: input)
    #expect(map.layer != nil && map.layer != layer)
  }

  @Test func mapWithoutPlacesIsRefused() throws {
    let graph = try Graph { makeInput in
      let x = makeInput("image", [3, 8, 8]).conv("conv", to: 4, kernel: 8).relu()
      return ["logits": x.flatten().dense("fc", to: 2)]
    }
    let network = try ExplainedNetwork(graph, Formula.weights(for: graph))
    let subject = try NetworkSubject("class", of: "logits", .place(1), in: network)
    let input = try Formula.tensor("input", [3, 8, 8])
    for layer in ["conv", "fc", "cnov", nil] {
      let error = #expect(throws: ZooError.self) {
        try GradCAM(layer: layer).attribution(of: subject, for: input)
      }
      #expect(error?.kind == .usage)
      if layer == "cnov" { #expect(error?.message.contains("conv") == true) }
    }
  }
}
