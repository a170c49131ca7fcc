import Testing
import ZooEngine

struct PlanCacheTests {
  @Test func keepsTheLatest() {
    let plans = PlanCache<Int, String>(capacity: 2)
    var made: [Int] = []
    for key in [1, 2, 1, 3, 1, 2] {
      let plan = plans.plan(for: key) {
        #expect(plans.plans.count < 2, "room comes first")
        made.append(key)
        return "plan \(key)"
      }
      #expect(plan == "plan \(key)")
    }
    #expect(made == [1, 2, 3, 2])
    #expect(plans.plans == ["plan 1", "plan 2"])
  }
}
