import ZooKit

/// Four times the channels and half the sides, in Darknet's order.
///
/// Darknet treats the array as a map with a quarter of the channels and twice the sides, takes
/// every other position of it four times, and reads the result in the required shape. Published
/// weights were trained with this order.
public struct Reorganise: Layer {
  public init() {}

  public var kind: String { "reorg" }
  public var needs: Needs { [] }
  public var dependsOnMode: Bool { false }

  public func output(_ inputs: [Shape]) throws -> Shape {
    guard inputs.count == 1, inputs[0].rank == 3 else {
      throw ZooError.failure("reorg takes one map C×H×W")
    }
    let input = inputs[0]
    guard input.channels % 4 == 0, input.height % 2 == 0, input.width % 2 == 0 else {
      throw ZooError.failure("\(input) cannot be reorganised: 4 channels and even sides are needed")
    }
    return [input.channels * 4, input.height / 2, input.width / 2]
  }

  /// Calls the body with the index of each output element of an item and the index of its source.
  private func forEachPlace(_ input: Shape, _ body: (_ to: Int, _ from: Int) -> Void) {
    let (quarter, height, width) = (input.channels / 4, input.height, input.width)
    var to = 0
    for channel in 0..<input.channels {
      let (part, source) = channel.quotientAndRemainder(dividingBy: quarter)
      for row in 0..<height {
        let start = 2 * width * (2 * row + part / 2 + 2 * height * source) + part % 2
        for column in 0..<width {
          body(to, start + 2 * column)
          to += 1
        }
      }
    }
  }

  public func forward(_ pass: Pass) {
    let x = pass.inputs[0]
    for item in 0..<x.batch {
      let (source, target) = (x[item], pass.output[item])
      forEachPlace(x.shape) { target[$0] = source[$1] }
    }
  }

  public func backward(_ pass: Pass, _ gradients: Gradients) {
    guard let dx = gradients.inputs[0] else { return }
    for item in 0..<dx.batch {
      let (source, target) = (gradients.output[item], dx[item])
      forEachPlace(dx.shape) { target[$1] += source[$0] }
    }
  }
}
