import TestSupport
import Testing
import ZooExplain
import ZooKit

@Suite struct ReceptiveFieldTests {
  /// AlexNet and VGG as in Araujo, Norris and Sim 2019 (“Computing Receptive Fields of Convolutional
  /// Neural Networks”); the ResNets with their strides in the kernel of 3×3, as torchvision has them.
  @Test(arguments: [
    ("alexnet", "features", 195, 32), ("vgg16", "block5", 212, 32),
    ("resnet18", "layer4", 435, 32), ("resnet50", "layer4", 427, 32),
  ])
  func fieldsArePublished(name: String, stage: String, size: Int, step: Int) throws {
    let graph = try Registry.linked().variant(name).graph()
    let field = try #require(graph.receptiveFields[try graph.resolve(stage)])
    #expect(field.height.size == size && field.width.size == size, "\(name): \(field)")
    #expect(field.height.step == step)
  }

  /// The gradient of one number of a map is zero outside its field, and not everywhere inside.
  @Test(arguments: ["AlexNet", "VGG", "ResNet", "DenseNet", "SqueezeNet"])
  func gradientsStayInside(family: String) throws {
    let family = try #require(try Registry.linked().families.first { $0.name == family })
    let variant = try #require(family.miniatures.first ?? family.variants.first)
    let graph = try #require(
      [64, 224].lazy.compactMap { side in
        try? variant.graph(head: .original(classes: 4), input: [3, side, side])
      }.first)
    let network = try ExplainedNetwork(graph, Formula.weights(for: graph))
    let input = try Formula.tensor("input", network.input.shape)
    let fields = graph.receptiveFields
    // A map in the middle whose field is smaller than the picture.
    let place = try #require(
      graph.operations.indices.last { index in
        fields[index].map { $0.height.size < input.shape.height / 2 } ?? false
          && graph.operations[index].shape.height > 2
      })
    let (shape, field) = (graph.operations[place].shape, try #require(fields[place]))
    let (y, x) = (shape.height / 2, shape.width / 2)
    let subject = try NetworkSubject(
      "n", of: graph.operations[place].name, .place(y * shape.width + x), in: network)
    let gradient = try subject.gradient(of: input).values
    let (rows, columns) = (field.height.range(of: y), field.width.range(of: x))
    let side = input.shape.width
    for (index, value) in gradient.enumerated() where value != 0 {
      #expect(rows.contains(index / side % side) && columns.contains(index % side))
    }
  }
}
