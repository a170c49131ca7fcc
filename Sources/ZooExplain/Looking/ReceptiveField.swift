import ZooKit

/// The part of the input that a place of a map depends on: along each axis, where it begins for the
/// first place, how long it is, and how far it moves from place to place.
///
/// ```swift
/// let field = graph.receptiveFields[graph.index(of: "layer3")]
/// field?.height.size            // 203 pixels
/// ```
/// It may begin before the input, in the padding.
public struct ReceptiveField: Hashable, Sendable {
  public struct Axis: Hashable, Sendable {
    public let start, size, step: Int

    /// The pixels that a place depends on, which may lie outside the input.
    public func range(of place: Int) -> Range<Int> {
      start + place * step..<start + place * step + size
    }
  }

  public let height, width: Axis
}

extension Graph {
  /// The receptive field of each operation in the graph's first input. Nil for values that depend on
  /// the whole input or have no regular field, such as dense layers and maps that are enlarged.
  public var receptiveFields: [ReceptiveField?] {
    var fields: [ReceptiveField?] = []
    for operation in operations {
      let inputs = operation.inputs.map { fields[$0] }
      if operation.layer.isInput {
        let whole = ReceptiveField.Axis(start: 0, size: 1, step: 1)
        fields.append(
          operation.shape.rank == 3
            && operation.name == self.operations[self.inputs[0].operation].name
            ? ReceptiveField(height: whole, width: whole) : nil)
        continue
      }
      let maps = operation.inputs.map { operations[$0].shape }
      fields.append(field(of: operation, inputs, maps))
    }
    return fields
  }

  private func field(of operation: Operation, _ inputs: [ReceptiveField?], _ maps: [Shape])
    -> ReceptiveField?
  {
    guard let first = inputs.first.flatMap(\.self), operation.shape.rank == 3 else { return nil }
    let (map, shape) = (maps[0], operation.shape)
    switch operation.layer {
    case let layer as Convolution: return first.through(layer.window)
    case let layer as MaxPool: return first.through(layer.window)
    case let layer as AveragePool: return first.through(layer.window)
    case let layer as AdaptivePool:
      // Regular where every place covers as many pixels.
      guard map.height % layer.size.height == 0, map.width % layer.size.width == 0 else {
        return nil
      }
      let size = Window.Size(map.height / layer.size.height, map.width / layer.size.width)
      return first.through(Window(size, stride: size))
    case let layer as Pad:
      return first.through(
        Window(
          1, padding: .init(top: layer.border.top, left: layer.border.left, bottom: 0, right: 0)))
    case is Slice:
      return map.height == shape.height && map.width == shape.width ? first : nil
    case is Permute: return nil
    case is Multiply:
      // A gate of one number per channel depends on everything; the map it scales does not move.
      return first
    default:
      // Layers that move nothing: norms, rectifiers, sums, concatenations.
      guard
        maps.allSatisfy({ $0.rank == 3 && $0.height == shape.height && $0.width == shape.width })
      else { return nil }
      return inputs.dropFirst().reduce(first) { joined, next in
        joined.flatMap { one in next.flatMap { one.joined(with: $0) } }
      }
    }
  }
}

extension ReceptiveField {
  fileprivate func through(_ window: Window) -> ReceptiveField {
    ReceptiveField(
      height: height.through(
        window.kernel.height, window.stride.height, window.padding.top, window.dilation.height),
      width: width.through(
        window.kernel.width, window.stride.width, window.padding.left, window.dilation.width))
  }

  /// Both together; nil if they move at different speeds.
  fileprivate func joined(with other: ReceptiveField) -> ReceptiveField? {
    guard let height = height.joined(with: other.height),
      let width = width.joined(with: other.width)
    else { return nil }
    return ReceptiveField(height: height, width: width)
  }
}

extension ReceptiveField.Axis {
  fileprivate func through(_ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int) -> Self {
    Self(
      start: start - padding * step, size: size + (kernel - 1) * dilation * step,
      step: step * stride)
  }

  fileprivate func joined(with other: Self) -> Self? {
    guard step == other.step else { return nil }
    let first = min(start, other.start)
    return Self(
      start: first, size: max(start + size, other.start + other.size) - first, step: step)
  }
}
