import COneDNN
import ZooKit

extension OneDNNCompiler {
  /// All sources in the first one's block format, if no block straddles two sources.
  func concatenation(_ step: Program.Step) throws -> Int? {
    let shapes = step.inputs.map { program.shapes[$0] }
    let first = layout(of: step.inputs[0])
    for (format, multiple) in [(zoo_dnn_blocks_of_16, 16), (zoo_dnn_blocks_of_8, 8)]
    where shapes.allSatisfy({ $0.rank == 3 && $0.channels % multiple == 0 }) {
      let type = first.type
      guard try first.equals(layout(shapes[0], format, type)) else { continue }
      let target = try layout(program.shapes[step.output], format, type)
      // In a batch, the items of one source are not contiguous in the concatenation; only our own
      // kernels can read them there.
      if batch > 1, multiple == 16, self.type == zoo_dnn_float32, type == zoo_dnn_float32, isWide {
        join(try step.inputs.map { try blockedPlace(of: $0) }, as: target, step)
        return 0
      }
      let sources = try zip(step.inputs, shapes).map {
        try place(of: $0, in: layout($1, format, type))
      }
      if batch == 1 {
        join(sources, as: target, step)
        return 0
      }
      return try simple(
        .init(zoo_dnn_concatenate, sources.map(\.layout), target: target), sources, step)
    }
    return nil
  }

  /// The sources are computed directly into the concatenation, so nothing is left to do.
  private func join(_ sources: [Place], as layout: Layout, _ step: Program.Step) {
    let slot = newPlace(layout).slot
    var offset = 0
    for source in sources {
      embed(source, in: slot, at: offset)
      offset += source.layout.floats / batch
    }
    place(step.output, at: Place(slot: slot, layout: layout))
  }

  /// Whole blocks of channels need no copy: the value is a part of the other one.
  func slice(_ layer: Slice, _ step: Program.Step) throws -> Int? {
    let (input, output) = (program.shapes[step.inputs[0]], program.shapes[step.output])
    // In a batch the part is not contiguous, and only float32 parts can be copied.
    guard batch == 1 || type == zoo_dnn_float32,
      input.rank == 3, layer.axis == 0, layer.step == 1, input.channels % 16 == 0,
      layer.range.lowerBound % 16 == 0, layer.range.count % 16 == 0
    else { return nil }
    let blocks = try layout(input, zoo_dnn_blocks_of_16, type)
    guard let source = places[step.inputs[0]].first(where: { $0.layout.equals(blocks) }),
      let place = part(
        of: source, at: blocks.floats / batch * layer.range.lowerBound / input.channels,
        try layout(output, zoo_dnn_blocks_of_16, type))
    else { return nil }
    self.place(step.output, at: place)
    return 0
  }
}
