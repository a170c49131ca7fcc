import COneDNN
import ZooKit

// Slices, concatenations and resizing of maps.

extension TrainingCompiler {
  /// If each input starts at a block boundary, a concatenation is the inputs one after another.
  private func isInBlocks(_ step: Program.Step) -> Bool {
    step.layer is Concatenate && shape(step.output).rank == 3
      && step.inputs.allSatisfy { shape($0)[0] % 16 == 0 }
  }

  /// For a concatenation that starts a later one: the largest that it starts. All of them share
  /// that one's memory (like "memory-efficient DenseNets", Pleiss et al., arXiv:1707.06990, but
  /// without recomputation).
  func concatenations() -> [Program.Value: Program.Value] {
    var wholes: [Program.Value: Program.Value] = [:]
    let all = program.steps.filter(isInBlocks)
    for step in all.reversed() {
      let (first, whole) = (step.inputs[0], wholes[step.output] ?? step.output)
      wholes[step.output] = whole
      if all.contains(where: { $0.output == first }), wholes[first] == nil {
        wholes[first] = whole
      }
    }
    return wholes
  }

  func concatenation(_ step: Program.Step) throws -> Bool {
    guard let whole = wholes[step.output] else { return try concatenationByLanes(step) }
    let inputs = step.inputs
    let slot = wholeSlots[whole] ?? schedule.newSlot(batch * Place.floats(shape(whole), .blocks))
    wholeSlots[whole] = slot
    let item = Place.floats(shape(whole), .blocks)
    var offset = 0
    for (number, input) in inputs.enumerated() {
      let part = Place(slot: slot, offset: offset, item: item, form: .blocks, shape: shape(input))
      offset += Place.floats(shape(input), .blocks)
      if number == 0, places[input][0].slot == slot { continue }
      copy(try inBlocks(input), to: part)
    }
    places[step.output] = [Place(slot: slot, item: item, form: .blocks, shape: shape(step.output))]
    onBackward(step) { [self] in
      let (dy, isOwned) = try gradient(of: step.output, .blocks, dense: false)
      var offset = dy.offset
      for input in inputs {
        let part = Place(
          slot: dy.slot, offset: offset, item: dy.item, form: .blocks, shape: shape(input))
        offset += Place.floats(shape(input), .blocks)
        contribute(part, to: input, owned: isOwned)
      }
    }
    return true
  }

  /// If the inputs are not whole blocks, channels are moved.
  private func concatenationByLanes(_ step: Program.Step) throws -> Bool {
    let inputs = step.inputs
    guard shape(step.output).rank == 3 else { return false }
    let y = newPlace(shape(step.output), .blocks)
    zero(y)
    var first = 0
    for input in inputs {
      move(try inBlocks(input), 0, to: y, first, shape(input)[0])
      first += shape(input)[0]
    }
    places[step.output] = [y]
    onBackward(step) { [self] in
      let dy = try gradient(of: step.output, .blocks, dense: false).place
      var first = 0
      for input in inputs {
        if flow.hasGradient[input] {
          let dx = newPlace(shape(input), .blocks)
          zero(dx)
          move(dy, first, to: dx, 0, shape(input)[0])
          contribute(dx, to: input)
        }
        first += shape(input)[0]
      }
    }
    return true
  }

  // MARK: Slices and padding

  func slice(_ layer: Slice, _ step: Program.Step) throws -> Bool {
    let input = step.inputs[0]
    let (from, to) = (shape(input), shape(step.output))
    guard from.rank == 3 else { return false }
    if layer.axis > 0 {
      var first = Window.Size(0)
      var every = Window.Size(1)
      if layer.axis == 1 {
        (first.height, every.height) = (layer.range.lowerBound, layer.step)
      } else {
        (first.width, every.width) = (layer.range.lowerBound, layer.step)
      }
      return try positions(step, large: from, small: to, first, every, takes: true)
    }
    guard layer.step == 1 else { return false }
    let first = layer.range.lowerBound
    let x = try inBlocks(input)
    if first % 16 == 0, to[0] % 16 == 0 || layer.range.upperBound == from[0] {
      // Part of the larger one, in whole blocks.
      places[step.output] = [
        Place(
          slot: x.slot, offset: x.offset + first * from.height * from.width, item: x.item,
          form: .blocks, shape: to)
      ]
    } else {
      let y = newPlace(to, .blocks)
      zero(y)
      move(x, first, to: y, 0, to[0])
      places[step.output] = [y]
    }
    onBackward(step) { [self] in
      let dy = try gradient(of: step.output, .blocks, dense: false).place
      let dx = newPlace(from, .blocks)
      zero(dx)
      move(dy, 0, to: dx, first, to[0])
      contribute(dx, to: input)
    }
    return true
  }

  func pad(_ layer: Pad, _ step: Program.Step) throws -> Bool {
    let input = step.inputs[0]
    let (from, to) = (shape(input), shape(step.output))
    guard layer.value == 0, from.rank == 3 else { return false }
    if layer.channelsBefore == 0, layer.channelsAfter == 0 {
      return try positions(
        step, large: to, small: from, .init(layer.border.top, layer.border.left), 1,
        takes: false)
    }
    guard layer.border == 0 else { return false }
    let y = newPlace(to, .blocks)
    zero(y)
    move(try inBlocks(input), 0, to: y, layer.channelsBefore, from[0])
    places[step.output] = [y]
    onBackward(step) { [self] in
      let dy = try gradient(of: step.output, .blocks, dense: false).place
      let dx = newPlace(from, .blocks)
      zero(dx)
      move(dy, layer.channelsBefore, to: dx, 0, from[0])
      contribute(dx, to: input)
    }
    return true
  }

  /// Takes positions of a larger map as a smaller one, or puts a smaller one into zeros.
  private func positions(
    _ step: Program.Step, large: Shape, small: Shape, _ first: Window.Size, _ every: Window.Size,
    takes: Bool
  ) throws -> Bool {
    let input = step.inputs[0]
    var places = zoo_places()
    (places.items, places.blocks) = (Int64(batch), Int64((large[0] + 15) / 16))
    places.large = (Int64(large.height), Int64(large.width))
    places.small = (Int64(small.height), Int64(small.width))
    places.first = (Int64(first.height), Int64(first.width))
    places.step = (Int64(every.height), Int64(every.width))
    let described = places
    func pass(_ from: Place, _ to: Place, takes: Bool) {
      emit(takes ? "take" : "put", [from.slot, to.slot]) { run in
        var places = described
        if takes {
          zoo_take_places(&places, from.map(run), to.map(run), run.threads)
        } else {
          zoo_put_places(&places, from.map(run), to.map(run), run.threads)
        }
      }
    }
    let y = newPlace(shape(step.output), .blocks)
    pass(try inBlocks(input), y, takes: takes)
    self.places[step.output] = [y]
    onBackward(step) { [self] in
      let dy = try gradient(of: step.output, .blocks, dense: false).place
      let dx = newPlace(shape(input), .blocks)
      pass(dy, dx, takes: !takes)
      contribute(dx, to: input)
    }
    return true
  }

  private func zero(_ place: Place) {
    let count = self.count(place)
    emit("zeros", [place.slot]) { run in place.pointer(run).update(repeating: 0, count: count) }
  }

  private func move(
    _ from: Place, _ fromFirst: Int, to: Place, _ toFirst: Int, _ channels: Int
  ) {
    let (items, plane) = (Int64(batch), Int64(from.shape.count / from.shape[0]))
    emit("move", [from.slot, to.slot]) { run in
      zoo_move_channels(
        from.map(run), Int64(fromFirst), to.map(run), Int64(toFirst), Int64(channels), items,
        plane, run.threads)
    }
  }
}
