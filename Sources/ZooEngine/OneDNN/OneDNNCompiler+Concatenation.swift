import COneDNN
import ZooKit

extension OneDNNCompiler {
  /// All sources in blocks of the first one's format, where blocks do not straddle them.
  func concatenation(_ step: Program.Step) throws -> Int? {
    let shapes = step.inputs.map { program.shapes[$0] }
    let first = place(of: step.inputs[0]).layout
    for (format, multiple) in [(zoo_dnn_blocks_of_16, 16), (zoo_dnn_blocks_of_8, 8)]
    where shapes.allSatisfy({ $0.rank == 3 && $0.channels % multiple == 0 }) {
      let type = first.type
      guard try first.equals(layout(shapes[0], format, type)) else { continue }
      let sources = try zip(step.inputs, shapes).map {
        try place(of: $0, in: layout($1, format, type))
      }
      let target = try layout(program.shapes[step.output], format, type)
      if batch == 1 {
        try join(sources, as: target, step)
        return 0
      }
      return try simple(
        .init(zoo_dnn_concatenate, sources.map(\.layout), target: target), sources, step)
    }
    return nil
  }

  /// Of a single item the blocks of one source follow those of another: the sources are made where
  /// they will be parts of the whole, and nothing is left to do.
  private func join(_ sources: [Place], as layout: Layout, _ step: Program.Step) throws {
    let slot = newSlot(layout)
    var offset = 0
    for source in sources {
      try embed(source, in: slot, at: offset)
      offset += source.layout.floats
    }
    place(step.output, at: Place(slot: slot, layout: layout))
  }
}
