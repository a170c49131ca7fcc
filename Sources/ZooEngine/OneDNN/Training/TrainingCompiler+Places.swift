import COneDNN
import ZooKit

// The places of values and gradients.

extension TrainingCompiler.Place {
  /// The number of floats of one item.
  static func floats(_ shape: Shape, _ form: Form) -> Int {
    form == .plain ? shape.count : (shape[0] + 15) / 16 * 16 * (shape.count / shape[0])
  }

  var isDense: Bool { item == Self.floats(shape, form) }

  /// The map for the loops in C.
  func map(_ run: Workspace) -> zoo_map {
    zoo_map(base: run.memory[slot] + offset, item: Int64(item))
  }

  func pointer(_ run: Workspace) -> UnsafeMutablePointer<Float> { run.memory[slot] + offset }
}

extension TrainingCompiler {
  func place(_ slot: Schedule.Slot, _ shape: Shape, _ form: Place.Form = .plain) -> Place {
    Place(slot: slot, item: Place.floats(shape, form), form: form, shape: shape)
  }

  func newPlace(_ shape: Shape, _ form: Place.Form) -> Place {
    place(schedule.newSlot(batch * Place.floats(shape, form)), shape, form)
  }

  func shape(_ value: Program.Value) -> Shape { program.shapes[value] }

  /// The number of floats of the whole batch.
  func count(_ place: Place) -> Int { batch * Place.floats(place.shape, place.form) }

  func layout(_ shape: Shape, _ form: Place.Form) throws -> Layout {
    guard
      let layout = Layout(
        [batch] + shape.sizes, form == .plain ? zoo_dnn_plain : zoo_dnn_blocks_of_16)
    else { throw ZooError.failure("oneDNN cannot describe \(batch)×\(shape)") }
    return layout
  }

  /// The layout in which a value was computed.
  func form(of value: Int) -> Place.Form { places[value][0].form }

  /// A value in a given layout, contiguous, reordered if necessary.
  func place(of value: Int, _ form: Place.Form) throws -> Place {
    if let known = places[value].first(where: { $0.form == form && $0.isDense }) { return known }
    let found = try laid(places[value][0], form)
    places[value].append(found)
    return found
  }

  /// The same numbers in a given layout, contiguous; a copy unless they already have it.
  func laid(_ place: Place, _ form: Place.Form) throws -> Place {
    if place.form == form, place.isDense { return place }
    let dense = place.isDense ? place : try copied(place)
    guard dense.form != form else { return dense }
    let target = newPlace(place.shape, form)
    let (from, to) = try (layout(place.shape, dense.form), layout(place.shape, form))
    try reorder("reorder", from, to, uses: [dense.slot, target.slot]) {
      [(zoo_dnn_source, dense.pointer($0)), (zoo_dnn_target, target.pointer($0))]
    }
    return target
  }

  private func copied(_ place: Place) throws -> Place {
    let target = newPlace(place.shape, place.form)
    copy(place, to: target)
    return target
  }

  func copy(_ place: Place, to target: Place, adding: Bool = false) {
    let (items, count) = (Int64(batch), Int64(Place.floats(place.shape, place.form)))
    emit("copy", [place.slot, target.slot]) { run in
      zoo_copy_items(place.map(run), target.map(run), items, count, adding ? 1 : 0, run.threads)
    }
  }

  func reorder(
    _ name: String, _ from: Layout, _ to: Layout, uses: [Schedule.Slot],
    _ arguments: @escaping (Workspace) throws -> [Operation.Argument]
  ) throws {
    let operation = try Operation.reorder(from, to: to)
    emit(name, uses, scratch: operation.scratchFloats) { run in
      try operation.run(try arguments(run), scratch: run.scratchpad.base)
    }
  }

  /// A parameter in a kernel's layout, packed again in every step.
  func packed(_ parameter: Parameter, _ plain: Layout, as layout: Layout) throws -> Place {
    let target = place(newSlot(layout), [layout.floats])
    try reorder("pack", plain, layout, uses: [target.slot]) { run in
      [
        (zoo_dnn_source, try run.value(of: parameter).pointer),
        (zoo_dnn_target, target.pointer(run)),
      ]
    }
    return target
  }

  // MARK: Gradients

  func contribute(_ place: Place, to value: Int, owned: Bool = true) {
    guard flow.hasGradient[value] else { return }
    contributions[value].append(.init(place: place, isOwned: owned))
  }

  /// The whole gradient of a value in one place.
  /// - Parameter dense: whether it must also be contiguous.
  func gradient(
    of value: Int, _ form: Place.Form, dense: Bool = true
  ) throws -> (place: Place, isOwned: Bool) {
    let found = try gathered(value, form, behind: nil, dense: dense)
    contributions[value] = [.init(place: found.place, isOwned: found.isOwned)]
    return found
  }

  /// The whole gradient of a rectifier's output, before the rectifier.
  func gradient(of value: Int, behind output: Place) throws -> Place {
    try gathered(value, output.form, behind: output, dense: true).place
  }

  private func gathered(
    _ value: Int, _ form: Place.Form, behind output: Place?, dense: Bool
  ) throws -> (place: Place, isOwned: Bool) {
    var parts = contributions[value]
    if parts.isEmpty { throw ZooError.failure("the value \(value) has no gradient") }
    if parts.count == 1, output == nil, parts[0].place.form == form,
      parts[0].place.isDense || !dense
    {
      return (parts[0].place, parts[0].isOwned)
    }
    parts = try parts.map { part in
      let laid = try laid(part.place, form)
      return .init(place: laid, isOwned: part.isOwned || laid.slot != part.place.slot)
    }
    if parts.count == 1, output == nil { return (parts[0].place, parts[0].isOwned) }
    let target = parts.first(where: \.isOwned)?.place ?? newPlace(shape(value), form)
    // The contribution in the target comes first, before it is overwritten.
    parts.sort { $0.place.slot == target.slot && $1.place.slot != target.slot }
    let count = Int64(self.count(target))
    var (sum, rest) = (parts[0].place, parts.dropFirst())
    repeat {
      let (a, b) = (sum, rest.popFirst()?.place)
      let output = rest.isEmpty ? output : nil
      let uses =
        [a.slot, target.slot] + (b.map { [$0.slot] } ?? []) + (output.map { [$0.slot] } ?? [])
      emit("sum of gradients", uses) { run in
        zoo_sum_backward(
          a.pointer(run), b?.pointer(run), output?.pointer(run), target.pointer(run), count,
          run.rule.code, run.threads)
      }
      sum = target
    } while !rest.isEmpty
    return (target, true)
  }

  /// Puts the gradient of a value where users find it at the end.
  func keepGradient(of value: Program.Value) throws {
    let kept = newPlace(shape(value), .plain)
    keep(kept, value)
    guard !contributions[value].isEmpty else {
      emit("zeros", [kept.slot]) { run in run.zero(kept.slot) }
      return
    }
    let found = try laid(try gradient(of: value, form(of: value)).place, .plain)
    copy(found, to: kept)
  }
}

extension Rule {
  /// The code for the loops in C.
  var code: zoo_rule {
    switch self {
    case .plain: zoo_rule_plain
    case .guided: zoo_rule_guided
    case .deconvnet: zoo_rule_deconvnet
    }
  }
}
