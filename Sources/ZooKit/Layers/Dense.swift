/// y = W·x + b, with W outputs × inputs. Takes vectors; flatten a map first.
public struct Dense: Layer {
  public var outputs: Int
  public var bias: Bool

  public init(outputs: Int, bias: Bool = true) {
    self.outputs = outputs
    self.bias = bias
  }

  public var kind: String { "dense" }
  public var needs: Needs { .inputs }
  public var dependsOnMode: Bool { false }

  public var linearMap: LinearMap? {
    var biased = self
    biased.bias = true
    return LinearMap(outputAxis: 0, biased: biased)
  }

  public func output(_ inputs: [Shape]) throws -> Shape {
    let input = try one(inputs)
    guard input.rank == 1, input.count > 0 else {
      throw ZooError.failure("dense takes a vector, not \(input); flatten it first")
    }
    guard outputs > 0 else { throw ZooError.failure("dense with \(outputs) outputs") }
    return [outputs]
  }

  public func parameters(_ inputs: [Shape]) -> [Parameter] {
    let fanIn = inputs[0].count
    let weight = Parameter("weight", [outputs, fanIn], .weight, fanIn: fanIn)
    return bias ? [weight, Parameter("bias", [outputs], .bias, fanIn: fanIn)] : [weight]
  }

  public func macs(_ inputs: [Shape], _ output: Shape) -> Int { inputs[0].count * outputs }

  public func forward(_ pass: Pass) throws {
    let (x, y) = (pass.inputs[0], pass.output)
    let blas = try BLAS.shared
    let weight = BLAS.Matrix(pass.parameters[0].pointer, stride: x.stride)
    if bias {
      for item in 0..<y.batch {
        y[item].update(from: pass.parameters[1].pointer, count: outputs)
      }
    }
    let beta: Float = bias ? 1 : 0
    if x.batch == 1 {
      // For one item, each weight is read once; a matrix product would pack them first.
      try blas.multiply(
        weight, vector: x.pointer, beta: beta, into: y.pointer, outputs, x.stride)
    } else {
      try blas.multiply(
        .init(x.pointer, stride: x.stride), weight.transpose, beta: beta, into: y.pointer,
        stride: outputs, x.batch, outputs, x.stride)
    }
  }

  public func backward(_ pass: Pass, _ gradients: Gradients) throws {
    let (x, dy) = (pass.inputs[0], gradients.output)
    let blas = try BLAS.shared
    let slope = BLAS.Matrix(dy.pointer, stride: outputs)
    if bias { addSums(of: dy, to: gradients.parameters[1]) }
    if let dw = gradients.parameters[0] {
      // dW += dyᵀ · x
      try blas.multiply(
        slope.transpose, .init(x.pointer, stride: x.stride), beta: 1, into: dw.pointer,
        stride: x.stride, outputs, x.stride, x.batch)
    }
    if let dx = gradients.inputs[0] {
      // dx += dy · W
      try blas.multiply(
        slope, .init(pass.parameters[0].pointer, stride: x.stride), beta: 1, into: dx.pointer,
        stride: x.stride, x.batch, x.stride, outputs)
    }
  }
}
