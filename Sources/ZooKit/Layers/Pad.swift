/// Pads a map with one value, and adds channels of it before and after.
public struct Pad: Layer {
  public var border: Window.Padding
  public var channelsBefore, channelsAfter: Int
  public var value: Float

  public init(
    border: Window.Padding = 0, channelsBefore: Int = 0, channelsAfter: Int = 0, value: Float = 0
  ) {
    self.border = border
    self.channelsBefore = channelsBefore
    self.channelsAfter = channelsAfter
    self.value = value
  }

  public var kind: String { "pad" }
  public var needs: Needs { [] }
  public var dependsOnMode: Bool { false }

  public func output(_ inputs: [Shape]) throws -> Shape {
    let input = try map(inputs)
    let sizes = [
      border.top, border.left, border.bottom, border.right, channelsBefore, channelsAfter,
    ]
    guard sizes.allSatisfy({ $0 >= 0 }) else {
      throw ZooError.failure("cannot pad \(input) by a negative amount")
    }
    return [
      input.channels + channelsBefore + channelsAfter, input.height + border.top + border.bottom,
      input.width + border.left + border.right,
    ]
  }

  /// Where the numbers of the input lie in the output.
  private func places(_ input: Shape, _ output: Shape, batch: Int) -> Places {
    let (width, plane) = (output.width, output.height * output.width)
    return Places(
      sizes: [batch] + input.sizes, strides: [output.count, plane, width, 1],
      start: channelsBefore * plane + border.top * width + border.left)
  }

  public func forward(_ pass: Pass) {
    let (x, y) = (pass.inputs[0], pass.output)
    y.pointer.update(repeating: value, count: y.count)
    places(x.shape, y.shape, batch: x.batch).forEachRun { there, here, count, _ in
      (y.pointer + there).update(from: x.pointer + here, count: count)
    }
  }

  public func backward(_ pass: Pass, _ gradients: Gradients) {
    guard let dx = gradients.inputs[0] else { return }
    let dy = gradients.output
    places(dx.shape, dy.shape, batch: dx.batch).forEachRun { there, here, count, _ in
      add(dy.pointer + there, to: dx.pointer + here, count)
    }
  }
}
