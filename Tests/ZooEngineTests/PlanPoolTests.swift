import Dispatch
import Synchronization
import Testing
import ZooEngine
import ZooKit

struct PlanPoolTests {
  private func graph() throws -> (graph: Graph, weights: Weights, input: Tensor) {
    let random = try RandomGraph(11)
    return (random.graph, random.weights, try random.input(batch: 1))
  }

  private static let engines = [EngineChoice.openblas, .auto]

  /// Copies share packed weights and nothing that a run writes.
  @Test(arguments: engines) func copiesRunAtOnce(_ choice: EngineChoice) throws {
    let (graph, weights, input) = try graph()
    let name = graph.inputs[0].name
    let inputs = try (0..<4).map { copy in
      try Tensor(input.shape, input.values.map { $0 * Float(copy + 1) / 4 })
    }
    let plan = try InferencePlan(graph, weights, batch: 1, engine: choice.engine())
    let expected = try inputs.map { try plan.run([name: $0]).mapValues(\.values) }
    nonisolated(unsafe) let copies = try inputs.map { _ in try #require(try plan.copy()) }
    let wrong = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: copies.count) { index in
      for _ in 0..<20 {
        let found = try? copies[index].run([name: inputs[index]]).mapValues(\.values)
        if found != expected[index] { wrong.withLock { $0 += 1 } }
      }
    }
    #expect(wrong.withLock { $0 } == 0)
  }

  @Test func manyCallersCompileOnceForEachNumberOfThreads() throws {
    let (graph, weights, input) = try graph()
    let name = graph.inputs[0].name
    let plans = PlanPool<Int>()
    let counts = Mutex((made: 0, running: 0, most: 0, wrong: 0))
    let expected = try InferencePlan(graph, weights, batch: 1).run([name: input]).mapValues(
      \.values)
    DispatchQueue.concurrentPerform(iterations: 64) { _ in
      let found = try? plans.withPlan(for: 0) {
        counts.withLock { $0.made += 1 }
        return try InferencePlan(graph, weights, batch: 1)
      } run: { plan in
        counts.withLock {
          $0.running += 1
          $0.most = max($0.most, $0.running)
        }
        defer { counts.withLock { $0.running -= 1 } }
        return try plan.run([name: input]).mapValues(\.values)
      }
      counts.withLock { $0.wrong += found == expected ? 0 : 1 }
    }
    let (made, most, wrong) = counts.withLock { ($0.made, $0.most, $0.wrong) }
    #expect(made <= 2 && most <= plans.lanes && wrong == 0)
  }

  /// Rarely used keys make room; a plan in use is never freed.
  @Test func keepsTheLatestPlans() throws {
    let (graph, weights, _) = try graph()
    let plans = PlanPool<Int>(capacity: 2, callers: 1)
    var made: [Int] = []
    for key in [1, 2, 1, 3, 1, 2] {
      try plans.withPlan(for: key) {
        made.append(key)
        return try InferencePlan(graph, weights, batch: 1)
      } run: { _ in
      }
    }
    #expect(made == [1, 2, 3, 2])
  }

  /// A failed compilation leaves the pool usable.
  @Test func failuresPass() throws {
    let (graph, weights, _) = try graph()
    let plans = PlanPool<Int>(callers: 1)
    for _ in 0..<3 {
      #expect(throws: ZooError.self) {
        try plans.withPlan(for: 0, make: { throw ZooError.failure("no") }, run: { _ in })
      }
      #expect(throws: ZooError.self) {
        try plans.withPlan(for: 1, make: { try InferencePlan(graph, weights, batch: 1) }) { _ in
          throw ZooError.failure("no")
        }
      }
    }
  }
}
