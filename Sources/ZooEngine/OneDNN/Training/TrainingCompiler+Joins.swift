import COneDNN
import ZooKit

// What computes little or nothing: sums, concatenations, other shapes, other names.

extension TrainingCompiler {
  /// A sum of two, rectified if a rectifier follows.
  func sum(_ group: [Int]) throws -> Bool {
    let (first, last) = (group[0], group[group.count - 1])
    let inputs = graph.operations[first].inputs
    guard inputs.count == 2,
      shape(first).rank == 3 || inputs.allSatisfy({ self.form(of: $0) == .plain })
    else { return false }
    let form: Place.Form =
      inputs.contains { self.form(of: $0) == .blocks } ? .blocks : .plain
    let (a, b) = (try place(of: inputs[0], form), try place(of: inputs[1], form))
    let y = newPlace(shape(first), form)
    let count = Int64(self.count(y))
    let rectifies = group.count > 1
    emit("sum", [a.slot, b.slot, y.slot]) { run in
      zoo_sum_forward(
        a.pointer(run), b.pointer(run), y.pointer(run), count, rectifies ? 1 : 0, run.threads)
    }
    places[last] = [y]
    onTheWayBack(last) { [self] in
      let dy = rectifies ? try gradient(of: last, behind: y) : try gradient(of: last, form).place
      // Both have the same gradient, so neither may write over it.
      for input in inputs { contribute(dy, to: input, owned: false) }
    }
    return true
  }

  /// Element by element, however the elements lie: what pads a block is zero and stays so.
  func activation(_ layer: Activation, _ index: Int) throws -> Bool {
    if layer == .sigmoid, shape(index)[0] % 16 != 0 { return false }
    let input = graph.operations[index].inputs[0]
    let form = self.form(of: input)
    let x = try place(of: input, form)
    let y = newPlace(shape(index), form)
    let count = self.count(y)
    if layer == .relu {
      emit("relu", [x.slot, y.slot]) { run in
        zoo_sum_forward(x.pointer(run), nil, y.pointer(run), Int64(count), 1, run.threads)
      }
      onTheWayBack(index) { [self] in
        contribute(try gradient(of: index, behind: y), to: input)
      }
    } else {
      func pass(_ run: OneDNNTraining) -> Pass {
        Pass(
          mode: .inference, inputs: [TensorView(x.pointer(run), batch: 1, shape: [count])],
          parameters: [], output: TensorView(y.pointer(run), batch: 1, shape: [count]),
          scratch: run.scratch)
      }
      emit(layer.kind, [x.slot, y.slot]) { run in layer.forward(pass(run)) }
      onTheWayBack(index) { [self] in
        let dy = try gradient(of: index, form).place
        let dx = newPlace(shape(index), form)
        var uses = [dy.slot, dx.slot]
        if layer.needs.contains(.inputs) { uses.append(x.slot) }
        if layer.needs.contains(.output) { uses.append(y.slot) }
        emit("\(layer.kind) backward", uses) { run in
          let target = TensorView(dx.pointer(run), batch: 1, shape: [count])
          target.values.update(repeating: 0)
          layer.backward(
            pass(run),
            Gradients(
              output: TensorView(dy.pointer(run), batch: 1, shape: [count]), inputs: [target],
              parameters: [], rule: run.plainRule))
        }
        contribute(dx, to: input)
      }
    }
    places[index] = [y]
    return true
  }

  /// The same numbers under another shape.
  func reshape(_ index: Int) throws -> Bool {
    let input = graph.operations[index].inputs[0]
    let x = try place(of: input, .plain)
    places[index] = [place(x.slot, shape(index))]
    onTheWayBack(index) { [self] in
      let (dy, isOwned) = try gradient(of: index, .plain)
      contribute(place(dy.slot, shape(input)), to: input, owned: isOwned)
    }
    return true
  }

  /// The same value under another name.
  func passOn(_ index: Int) throws -> Bool {
    let input = graph.operations[index].inputs[0]
    places[index] = [places[input][0]]
    onTheWayBack(index) { [self] in
      let (dy, isOwned) = try gradient(of: index, form(of: input))
      contribute(dy, to: input, owned: isOwned)
    }
    return true
  }

  // MARK: Concatenation

  /// Where each input begins on a block, the concatenation of maps is the maps one after another.
  private func isInBlocks(_ index: Int) -> Bool {
    let operation = graph.operations[index]
    return operation.layer is Concatenate && operation.shape.rank == 3
      && operation.inputs.allSatisfy { shape($0)[0] % 16 == 0 }
  }

  /// For a concatenation that a later one begins with: the largest that begins so. They all lie in
  /// the memory of that one (as "memory-efficient DenseNets", Pleiss et al., arXiv:1707.06990, keep
  /// them, without computing anything again).
  func concatenations() -> [Int: Int] {
    var wholes: [Int: Int] = [:]
    let all = walk.forward.filter { !frozen.isFrozen[$0] && isInBlocks($0) }
    for index in all.reversed() {
      wholes[index] = wholes[index] ?? index
      let first = graph.operations[index].inputs[0]
      if all.contains(first), wholes[first] == nil { wholes[first] = wholes[index] }
    }
    return wholes
  }

  func concatenation(_ index: Int) throws -> Bool {
    guard let whole = wholes[index] else { return false }
    let inputs = graph.operations[index].inputs
    let slot = wholeSlots[whole] ?? newSlot(batch * Place.floats(shape(whole), .blocks))
    wholeSlots[whole] = slot
    let item = Place.floats(shape(whole), .blocks)
    var offset = 0
    for (number, input) in inputs.enumerated() {
      let part = Place(slot: slot, offset: offset, item: item, form: .blocks, shape: shape(input))
      offset += Place.floats(shape(input), .blocks)
      if number == 0, places[input][0].slot == slot { continue }
      copy(try inBlocks(input), to: part)
    }
    places[index] = [Place(slot: slot, item: item, form: .blocks, shape: shape(index))]
    onTheWayBack(index) { [self] in
      let (dy, isOwned) = try gradient(of: index, .blocks, dense: false)
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
}
