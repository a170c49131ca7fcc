import COneDNN
import ZooKit

// Operations that compute little or nothing: sums, concatenations, reshapes, renames.

extension TrainingCompiler {
  /// A sum of two values, with a rectifier if one follows.
  func sum(_ step: Program.Step) throws -> Bool {
    let (inputs, shape) = (step.inputs, self.shape(step.output))
    guard inputs.count == 2,
      shape.rank == 3 || inputs.allSatisfy({ self.form(of: $0) == .plain })
    else { return false }
    let form: Place.Form =
      inputs.contains { self.form(of: $0) == .blocks } ? .blocks : .plain
    let (a, b) = (try place(of: inputs[0], form), try place(of: inputs[1], form))
    let y = newPlace(shape, form)
    let count = Int64(self.count(y))
    let rectifies = !step.epilogue.isEmpty
    emit("sum", [a.slot, b.slot, y.slot]) { run in
      zoo_sum_forward(
        a.pointer(run), b.pointer(run), y.pointer(run), count, rectifies ? 1 : 0, run.threads)
    }
    places[step.output] = [y]
    onBackward(step) { [self] in
      let dy =
        rectifies
        ? try gradient(of: step.output, behind: y) : try gradient(of: step.output, form).place
      // Both have the same gradient, so neither may overwrite it.
      for input in inputs { contribute(dy, to: input, owned: false) }
    }
    return true
  }

  /// The same value under another name, or the same numbers with another shape.
  func identity(_ step: Program.Step) throws -> Bool {
    let input = step.inputs[0]
    let isSame = shape(step.output) == shape(input)
    let form: Place.Form = isSame ? self.form(of: input) : .plain
    let x = isSame ? places[input][0] : place(try place(of: input, .plain).slot, shape(step.output))
    places[step.output] = [x]
    onBackward(step) { [self] in
      let (dy, isOwned) = try gradient(of: step.output, form)
      contribute(isSame ? dy : place(dy.slot, shape(input)), to: input, owned: isOwned)
    }
    return true
  }
}
