import Testing
import ZooExplain

@Suite struct NodesTests {
  /// A rule of n nodes integrates polynomials up to the degree 2n − 1 exactly.
  @Test(arguments: [1, 2, 5, 50])
  func pathIsIntegratedExactly(steps: Int) {
    let nodes = IntegratedGradients.nodes(steps)
    for degree in 0..<(2 * steps) {
      let sum = nodes.reduce(0) { total, node in
        total + node.weight * (0..<degree).reduce(1) { power, _ in power * node.place }
      }
      #expect(abs(sum - 1 / Double(degree + 1)) < 1e-13, "degree \(degree)")
    }
  }
}
