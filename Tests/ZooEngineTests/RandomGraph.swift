import TestSupport
import ZooKit

/// A small network of random layers, branches and joins, determined by the seed.
struct RandomGraph: CustomStringConvertible {
  let seed: Int
  let graph: Graph
  let weights: Weights
  /// A few operations whose values are kept.
  let kept: [String]

  var description: String { "random graph \(seed)" }

  /// - Parameter width: a divisor of all channel counts except the input's.
  init(_ seed: Int, width: Int = 1) throws {
    self.seed = seed
    let least = width == 1 ? 4 : 8
    var dice = Dice(random: Random(seed: UInt64(seed)))
    graph = try Graph { input in
      let image = input("image", [1 + dice.roll(4), least + dice.roll(5), least + dice.roll(5)])
      var nodes = [image]
      for step in 0..<6 + dice.roll(14) { RandomGraph.grow(&nodes, step, &dice, width) }
      let last = nodes[nodes.count - 1]
      let logits = last.globalAveragePool().flatten().dense("fc", to: 3)
      return ["logits": logits, "maps": nodes[dice.roll(nodes.count)]]
    }
    weights = try Formula.weights(for: graph)
    let names = graph.operations.map(\.name)
    kept = (0..<3).map { _ in names[dice.roll(names.count)] }
  }

  func input(batch: Int) throws -> Tensor {
    try Formula.tensor("image", Shape([batch] + graph.operations[0].shape.sizes))
  }

  private static func grow(_ nodes: inout [Node], _ step: Int, _ dice: inout Dice, _ width: Int) {
    // Prefer the latest nodes, so that networks grow deep.
    let x = dice.roll(3) == 0 ? nodes[dice.roll(nodes.count)] : nodes[nodes.count - 1]
    let fitting = nodes.filter { $0.shape == x.shape }
    let other = fitting[dice.roll(fitting.count)]
    switch dice.roll(16) {
    case 0 where width > 1:
      // Convolutions for Winograd, with epilogues.
      let y = x.conv("wide\(step)", to: width * (1 + dice.roll(4)), kernel: 3, padding: 1)
      nodes.append([y, y.relu(), y.add(y.batchNorm("side\(step)")).relu(), y.silu()][dice.roll(4)])
    case 0, 1:
      let kernel = 1 + 2 * dice.roll(2)
      nodes.append(
        x.conv(
          "conv\(step)", to: width * (1 + dice.roll(4)), kernel: .init(kernel),
          stride: .init(x.shape.height > 4 ? 1 + dice.roll(2) : 1), padding: .init(kernel / 2),
          bias: dice.roll(2) == 0))
    case 2, 3, 4:
      let norm = x.conv("conv\(step)", to: x.shape.channels, kernel: 3, padding: 1, bias: false)
        .batchNorm("norm\(step)")
      nodes.append(dice.roll(3) > 0 ? norm.relu() : norm)
    case 5: nodes.append(x.batchNorm("norm\(step)"))
    case 6: nodes.append([x.relu(), x.silu(), x.leakyReLU(slope: 0.1), x.tanh()][dice.roll(4)])
    case 7, 8, 9: nodes.append(x.add(other))
    case 10:
      let level = nodes.filter {
        $0.shape.height == x.shape.height && $0.shape.width == x.shape.width
      }
      nodes.append(
        x.concatenate(level[dice.roll(level.count)]).conv("mix\(step)", to: 2 * width, kernel: 1))
    case 11:
      let side = min(x.shape.height, x.shape.width)
      let pooled = x.averagePool(kernel: 3, stride: 1, padding: 1)
      nodes.append(side > 3 ? x.maxPool(kernel: 2) : side < 3 ? x.upsampleNearest(by: 2) : pooled)
    case 12:
      for input in [x, nodes.last { $0.shape.channels == x.shape.channels } ?? x] {
        nodes.append(
          input.shared {
            $0.conv("shared\(step)", to: 2 * width, kernel: 1).batchNorm("mean\(step)")
          })
      }
    case 13: nodes.append(x.dropout(rate: 0.3))
    case 14: nodes.append(x.multiply(x.globalAveragePool().sigmoid()))
    default: nodes.append(x.reshape(to: [x.shape.count]).reshape(to: x.shape).add(other))
    }
  }
}

/// A repeatable sequence of rolls.
struct Dice {
  let random: Random
  private var rolls = 0

  init(random: Random) { self.random = random }

  mutating func roll(_ sides: Int) -> Int {
    rolls += 1
    return random.below(sides, rolls)
  }
}
