import TestSupport
import Testing
import ZooKit

struct StepsTests {
  /// Against the formulas in float64, three steps of 100 003 numbers.
  @Test(arguments: [false, true])
  func descends(variant: Bool) throws {
    let count = 100_003
    let start = (0..<count).map { Formula.unit("x", $0) }
    func gradient(_ step: Int, _ index: Int) -> Float { Formula.unit("g\(step)", index) }

    func run(
      _ memories: Int, _ body: (Int, Steps.Numbers, Steps.Numbers, [Steps.Numbers]) -> Void
    ) -> [Float] {
      let all = UnsafeMutableBufferPointer<Float>.allocate(capacity: (2 + memories) * count)
      defer { all.deallocate() }
      all.initialize(repeating: 0)
      func part(_ index: Int) -> Steps.Numbers {
        .init(rebasing: all[index * count..<(index + 1) * count])
      }
      for index in 0..<count { all[index] = start[index] }
      for step in 1...3 {
        for index in 0..<count { all[count + index] = gradient(step, index) }
        body(step, part(0), part(1), (0..<memories).map { part(2 + $0) })
      }
      return Array(part(0))
    }

    let slid = run(1) { _, x, g, memory in
      Steps.sgd(
        x, g, momentum: memory[0], rate: 0.1, momentumFactor: 0.9, decay: 0.01, nesterov: variant)
    }
    let adapted = run(2) { step, x, g, memory in
      Steps.adam(
        x, g, mean: memory[0], square: memory[1], step: step, rate: 0.01, decay: 0.1,
        decoupled: variant)
    }
    for index in stride(from: 0, to: count, by: 997) {
      var (x, b) = (Double(start[index]), 0.0)
      var (y, m, v) = (x, 0.0, 0.0)
      for step in 1...3 {
        let g = Double(gradient(step, index))
        let slope = g + 0.01 * x
        b = 0.9 * b + slope
        x -= 0.1 * (variant ? slope + 0.9 * b : b)
        if variant { y *= 1 - 0.01 * 0.1 }
        let turn = variant ? g : g + 0.1 * y
        m = 0.9 * m + 0.1 * turn
        v = 0.999 * v + 0.001 * turn * turn
        let (first, second) = (1 - pow(0.9, step), 1 - pow(0.999, step))
        y -= 0.01 * (m / first) / ((v / second).squareRoot() + 1e-8)
      }
      #expect(abs(Double(slid[index]) - x) <= 1e-6)
      #expect(abs(Double(adapted[index]) - y) <= 1e-5)
    }
  }

  private func pow(_ base: Double, _ count: Int) -> Double {
    (0..<count).reduce(1) { power, _ in power * base }
  }
}
