import Testing
import ZooDetection
import ZooKit

@Suite struct ClassEmphasisTests {
  /// Slopes are those of finite differences, and γ = 0 is cross-entropy.
  @Test(arguments: [(0.0, nil), (0.5, nil), (2, 0.25), (3, 0.9)] as [(Double, Double?)])
  func slopes(gamma: Double, alpha: Double?) {
    let emphasis = ClassEmphasis(focalGamma: gamma, focalAlpha: alpha)
    for truth in [0, 0.3, 0.8, 1] {
      for logit in stride(from: -6.0, through: 6, by: 1.7) {
        let (value, slope) = emphasis.binary(logit, truth: truth)
        let step = 1e-5
        let difference =
          emphasis.binary(logit + step, truth: truth).value
          - emphasis.binary(logit - step, truth: truth).value
        #expect(abs(slope - difference / (2 * step)) < 1e-6, "\(logit) \(truth)")
        #expect(value >= 0)
      }
    }
    let logits = [0.3, -1.2, 2.5]
    for truth in logits.indices {
      func loss(_ logits: [Double]) -> Double {
        emphasis.choice(RowSoftmax(logits), truth: logits[truth]).value
      }
      let softmax = RowSoftmax(logits)
      let (value, factor) = emphasis.choice(softmax, truth: logits[truth])
      if gamma == 0 { #expect(value == softmax.surprise(of: logits[truth]) && factor == 1) }
      for index in logits.indices {
        var (up, down) = (logits, logits)
        up[index] += 1e-5
        down[index] -= 1e-5
        let slope = factor * (softmax.share(of: logits[index]) - (index == truth ? 1 : 0))
        #expect(abs(slope - (loss(up) - loss(down)) / 2e-5) < 1e-6)
      }
    }
  }

  /// Logits beyond all measure stay finite.
  @Test func staysFinite() {
    let emphasis = ClassEmphasis(weights: [2], focalGamma: 0.5)
    for logit in [-800.0, 800] {
      for truth in [0.0, 1] {
        let (value, slope) = emphasis.binary(logit, truth: truth)
        #expect(value.isFinite && slope.isFinite)
      }
      let (value, factor) = emphasis.choice(RowSoftmax([logit, 0]), truth: logit)
      #expect(value.isFinite && factor.isFinite)
    }
    #expect(emphasis.weight(of: 0) == 2 && emphasis.weight(of: 1) == 1)
  }
}
