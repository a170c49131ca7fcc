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

  /// Calls the body for every row of the smaller map: its start there and in the larger one.
  private func forEachRow(
    _ input: Shape, _ output: Shape, batch: Int, _ body: (_ inner: Int, _ outer: Int) -> Void
  ) {
    for item in 0..<batch {
      for channel in 0..<input.channels {
        let (inner, outer) = (
          item * input.channels + channel, item * output.channels + channelsBefore + channel
        )
        for row in 0..<input.height {
          body(
            (inner * input.height + row) * input.width,
            (outer * output.height + border.top + row) * output.width + border.left)
        }
      }
    }
  }

  public func forward(_ pass: Pass) {
    let (x, y) = (pass.inputs[0], pass.output)
    y.pointer.update(repeating: value, count: y.count)
    forEachRow(x.shape, y.shape, batch: x.batch) { inner, outer in
      (y.pointer + outer).update(from: x.pointer + inner, count: x.shape.width)
    }
  }

  public func backward(_ pass: Pass, _ gradients: Gradients) {
    guard let dx = gradients.inputs[0] else { return }
    let dy = gradients.output
    forEachRow(dx.shape, dy.shape, batch: dx.batch) { inner, outer in
      add(dy.pointer + outer, to: dx.pointer + inner, dx.shape.width)
    }
  }
}
