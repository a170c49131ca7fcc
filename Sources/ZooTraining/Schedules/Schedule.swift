import Glibc
import ZooKit
import ZooStore

/// The learning rate at each step of a run, as a factor of the highest rate. It is a pure function,
/// so a resumed run needs to know only its step.
///
/// ```swift
/// let schedule = WarmUp(steps: 50, then: CosineDecay(steps: 400))
/// schedule.factor(at: 0)     // 0.02
/// ```
public protocol Schedule: Sendable {
  func factor(at step: Int) -> Double
  /// The momentum, or Adam's β₁, if the schedule sets it.
  func momentum(at step: Int) -> Double?
  /// Its kind and settings, for the record of a run.
  var json: JSON { get }
}

extension Schedule {
  public func momentum(at step: Int) -> Double? { nil }
}

/// A constant rate.
public struct Constant: Schedule {
  public init() {}
  public func factor(at step: Int) -> Double { 1 }
  public var json: JSON { ["kind": "constant"] }
}

/// Another schedule, whose rate and momentum stay as they are from a step on: the constant rate under
/// which weights are worth averaging (Izmailov et al. 2018, section 3.1).
public struct Held: Schedule {
  public var schedule: any Schedule
  public var from: Int

  public init(_ schedule: any Schedule, from step: Int) {
    self.schedule = schedule
    from = step
  }

  public func factor(at step: Int) -> Double { schedule.factor(at: min(step, from)) }
  public func momentum(at step: Int) -> Double? { schedule.momentum(at: min(step, from)) }
  public var json: JSON { ["kind": "held", "from": JSON(from), "schedule": schedule.json] }
}

/// Multiplies the rate by a factor after every fixed number of steps.
public struct StepDecay: Schedule {
  public var every: Int
  public var by: Double

  public init(every: Int, by: Double = 0.1) {
    self.every = every
    self.by = by
  }

  public func factor(at step: Int) -> Double { pow(by, Double(step / max(1, every))) }
  public var json: JSON { ["kind": "step", "every": JSON(every), "by": JSON(by)] }
}

/// Falls along half a cosine to the floor and stays there (Loshchilov and Hutter, arXiv:1608.03983,
/// without restarts).
public struct CosineDecay: Schedule {
  public var steps: Int
  public var floor: Double

  public init(steps: Int, floor: Double = 0) {
    self.steps = steps
    self.floor = floor
  }

  public func factor(at step: Int) -> Double {
    wave(from: 1, to: floor, Double(min(step, steps)) / Double(max(1, steps)))
  }

  public var json: JSON { ["kind": "cosine", "steps": JSON(steps), "floor": JSON(floor)] }
}

/// Rises to the highest rate and falls below the initial one (Smith and Topin, arXiv:1708.07120),
/// with the momentum moving the opposite way.
public struct OneCycle: Schedule {
  public var steps: Int
  /// The share of the steps in which the rate rises.
  public var rise: Double
  /// The initial and final rates, as factors of the highest.
  public var start: Double
  public var end: Double
  /// The momentum at the initial rate and at the highest; nil leaves it to the optimiser.
  public var momenta: ClosedRange<Double>?

  public init(
    steps: Int, rise: Double = 0.3, start: Double = 1 / 25, end: Double = 1 / 25 / 1e4,
    momenta: ClosedRange<Double>? = 0.85...0.95
  ) {
    self.steps = steps
    self.rise = rise
    self.start = start
    self.end = end
    self.momenta = momenta
  }

  public func factor(at step: Int) -> Double { value(at: step, start, 1, end) }

  public func momentum(at step: Int) -> Double? {
    momenta.map { value(at: step, $0.upperBound, $0.lowerBound, $0.upperBound) }
  }

  private func value(at step: Int, _ start: Double, _ top: Double, _ end: Double) -> Double {
    let (peak, last) = (rise * Double(steps) - 1, Double(steps - 1))
    let step = min(Double(step), last)
    return step <= peak
      ? wave(from: start, to: top, peak > 0 ? step / peak : 1)
      : wave(from: top, to: end, last > peak ? (step - peak) / (last - peak) : 1)
  }

  public var json: JSON {
    [
      "kind": "onecycle", "steps": JSON(steps), "rise": JSON(rise), "start": JSON(start),
      "end": JSON(end),
      "momenta": momenta.map { JSON([$0.lowerBound, $0.upperBound]) } ?? nil,
    ]
  }
}

/// Any schedule, multiplied by a linear ramp that reaches 1 after a number of steps. It gives time
/// to statistics that start at zero and to randomly initialised heads.
public struct WarmUp: Schedule {
  public var steps: Int
  public var schedule: any Schedule

  public init(steps: Int, then schedule: any Schedule = Constant()) {
    self.steps = steps
    self.schedule = schedule
  }

  public func factor(at step: Int) -> Double {
    (steps > 0 ? min(1, Double(step + 1) / Double(steps)) : 1) * schedule.factor(at: step)
  }

  public func momentum(at step: Int) -> Double? { schedule.momentum(at: step) }

  public var json: JSON { ["kind": "warmup", "steps": JSON(steps), "then": schedule.json] }
}

/// Half a cosine from one value to another, at a position from 0 to 1.
private func wave(from start: Double, to end: Double, _ way: Double) -> Double {
  end + (start - end) / 2 * (1 + cos(.pi * way))
}
