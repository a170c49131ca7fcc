/// The same numbers in another shape; by default a vector.
public struct Reshape: Layer {
  public var shape: Shape?

  public init(shape: Shape? = nil) { self.shape = shape }

  public var kind: String { shape == nil ? "flatten" : "reshape" }
  public var needs: Needs { [] }
  public var inPlace: Bool { true }
  public var dependsOnMode: Bool { false }
  public var isIdentity: Bool { true }

  public func output(_ inputs: [Shape]) throws -> Shape {
    let input = try one(inputs)
    guard let shape else { return [input.count] }
    guard Shape(checked: shape.sizes) != nil, shape.count == input.count else {
      throw ZooError.failure("\(input) cannot be reshaped to \(shape)")
    }
    return shape
  }

  public func forward(_ pass: Pass) { copy(pass.inputs[0], to: pass.output) }

  public func backward(_ pass: Pass, _ gradients: Gradients) {
    guard let dx = gradients.inputs[0] else { return }
    add(gradients.output.pointer, to: dx.pointer, dx.count)
  }
}
