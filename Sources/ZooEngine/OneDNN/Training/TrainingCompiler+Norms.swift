import COneDNN
import ZooKit

extension TrainingCompiler {
  /// y = relu(norm(x) + other), with any slope, in two passes over x; backward in two passes over x
  /// and the gradient.
  func norm(_ layer: BatchNorm, _ step: Program.Step) throws -> Bool {
    let (input, shape, trains) = (step.inputs[0], self.shape(step.output), step.isTraining)
    let plane = shape.count / shape[0]
    if trains, batch * plane < 2 { return false }
    let x = try inBlocks(input)
    let y = newPlace(shape, .blocks)
    let others = step.epilogue.flatMap(\.others)
    let other = try others.first.map { try inBlocks($0) }
    let slope = (step.epilogue.last?.layer as? Activation)?.slope
    let rectifies = slope != nil

    let blocks = (shape[0] + 15) / 16 * 16
    // Mean and factor of every channel.
    let statistics = trains ? schedule.newSlot(2 * blocks) : nil
    let names = step.parameters

    func described(_ run: Workspace) throws -> zoo_norm {
      var norm = zoo_norm()
      (norm.items, norm.channels) = (Int64(run.batch), Int64(shape[0]))
      norm.plane = Int64(plane)
      norm.x = x.map(run)
      (norm.rectifies, norm.trains) = (rectifies ? 1 : 0, trains ? 1 : 0)
      norm.slope = slope ?? 0
      (norm.epsilon, norm.momentum) = (layer.epsilon, layer.momentum)
      norm.weight = UnsafePointer(try run.value(of: names[0]).pointer)
      norm.bias = UnsafePointer(try run.value(of: names[1]).pointer)
      norm.running_mean = try run.value(of: names[2]).pointer
      norm.running_variance = try run.value(of: names[3]).pointer
      if let statistics {
        norm.mean = run.memory[statistics]
        norm.factor = run.memory[statistics] + blocks
      }
      return norm
    }
    let kept = statistics.map { [$0] } ?? []
    emit("norm", [x.slot, y.slot] + kept + (other.map { [$0.slot] } ?? [])) { run in
      var norm = try described(run)
      norm.y = y.map(run)
      if let other { norm.other = other.map(run) }
      zoo_norm_forward(&norm, run.threads)
    }
    places[step.output] = [y]

    onBackward(step) { [self] in
      var parts = contributions[step.output]
      let areReady =
        (1...2).contains(parts.count) && parts.allSatisfy { $0.place.form == .blocks }
      if !areReady {
        let (place, isOwned) = try gradient(of: step.output, .blocks)
        parts = [.init(place: place, isOwned: isOwned)]
      }
      let owned = parts.first { $0.isOwned && $0.place.isDense }?.place
      // If something was added, its gradient is the gradient before the rectifier.
      let sharesGradient = others.contains { flow.hasGradient[$0] }
      var masked: Place?
      if sharesGradient {
        masked = rectifies || parts.count > 1 ? owned ?? newPlace(shape, .blocks) : nil
      }
      let known = contributions[input]
      let accumulates =
        known.count == 1 && known[0].isOwned && known[0].place.form == .blocks
      let dx =
        !flow.hasGradient[input]
        ? nil
        : accumulates
          ? known[0].place
          : !sharesGradient
            ? owned ?? newPlace(shape, .blocks)
            : newPlace(shape, .blocks)
      if dx != nil || masked != nil || names.prefix(2).contains(where: parameters.learns) {
        let output = rectifies && other != nil ? y : nil
        let used =
          [x, parts[0].place]
          + [parts.dropFirst().first?.place, masked, dx, output].compactMap { $0 }
        let areFirst = names.prefix(2).map { parameters.learns($0) && isFirst(to: $0) }
        emit("norm backward", used.map(\.slot) + kept) { run in
          var norm = try described(run)
          norm.arriving = parts[0].place.map(run)
          if parts.count > 1 { norm.arriving_too = parts[1].place.map(run) }
          if let masked { norm.masked = masked.map(run) }
          if let output { norm.y = output.map(run) }
          if let dx { norm.dx = dx.map(run) }
          norm.accumulates = accumulates ? 1 : 0
          norm.rule = run.rule.code
          let targets = names.prefix(2).map { run.gradient(of: $0) }
          let adds = areFirst.map { !$0 || run.isAccumulating }
          let sums = try run.scratch.floats(2 * blocks)
          norm.dweight = targets[0].map { adds[0] ? sums : $0.pointer }
          norm.dbias = targets[1].map { adds[1] ? sums + blocks : $0.pointer }
          zoo_norm_backward(&norm, run.threads)
          for (index, target) in targets.enumerated() where adds[index] {
            guard let target else { continue }
            for channel in 0..<target.count {
              target.pointer[channel] += sums[index * blocks + channel]
            }
          }
        }
      }
      if let dx, !accumulates { contribute(dx, to: input) }
      if let behind = masked ?? (sharesGradient ? parts[0].place : nil) {
        // Without a rectifier the incoming gradient is passed on unchanged.
        for other in others {
          contribute(behind, to: other, owned: masked != nil || parts[0].isOwned)
        }
      }
    }
    return true
  }

  /// A value in blocks, which may be part of a larger array.
  func inBlocks(_ value: Int) throws -> Place {
    if let known = places[value].first(where: { $0.form == .blocks }) { return known }
    return try place(of: value, .blocks)
  }
}
