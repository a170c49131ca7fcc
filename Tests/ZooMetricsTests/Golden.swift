import Foundation
import TestSupport
import ZooStore

/// Results of scikit-learn, scikit-image and pycocotools; `Tests/Golden/metrics/make.py` wrote
/// them, with the same formulas for the inputs.
struct Golden: Decodable {
  let classification: [Classification]
  let multilabel: [MultiLabel]
  let segmentation: [Segmentation]
  let detection: [Detection]
  let quality: [Quality]
  let regression: [Regression]

  static let all: Golden = {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Golden/metrics/golden.json")
    return try! JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
  }()

  struct Classification: Decodable {
    let name: String
    let count, classes, coarse: Int
    let missing: [Int]
    let accuracy, balancedAccuracy, f1Macro, f1Micro, jaccardMacro, logLoss, calibration: Double
    let precision, recall, f1, auc, averagePrecision: Double
    let top5: Double?
    let confusion: [[Int]]
    let classPrecision, classRecall, classF1, classSpecificity, classAUC, classAP: [Double?]
    let roc: ROC?
    let pr: PR?
    let youden: Choice?
    let bestF1: Choice?

    struct ROC: Decodable {
      let thresholds: [Double?]
      let fpr, tpr: [Double]
    }
    struct PR: Decodable { let thresholds, precision, recall: [Double] }
    struct Choice: Decodable {
      let score: Double
      let sensitivity, specificity, f1: Double?
    }

    /// Labels, and probabilities that predict them more or less.
    var inputs: (labels: [Int], probabilities: [Float]) {
      let labels = (0..<count).map { item in
        let label = whole("\(name).label", item, classes)
        return missing.contains(label) ? (label + 1) % classes : label
      }
      var probabilities: [Float] = []
      for item in 0..<count {
        var weights = (0..<classes).map {
          Float(1 + whole("\(name).weight", item * classes + $0, coarse))
        }
        weights[labels[item]] += Float(whole("\(name).bonus", item, coarse))
        let total = weights.reduce(0, +)
        probabilities += weights.map { $0 / total }
      }
      return (labels, probabilities)
    }
  }

  struct MultiLabel: Decodable {
    let name: String
    let count, classes: Int
    let subsetAccuracy, f1Micro, f1Macro, meanAveragePrecision, auc: Double

    var inputs: (scores: [Float], answers: [Bool]) {
      let answers = (0..<count * classes).map {
        $0 % classes > 0 && Formula.unit("\(name).truth", $0) > 0.4
      }
      let scores = (0..<count * classes).map { index in
        let score = (Formula.unit("\(name).score", index) + 1) / 2
        return answers[index] ? score.squareRoot() : score
      }
      return (scores, answers)
    }
  }

  struct Segmentation: Decodable {
    let name: String
    let side, classes: Int
    let ignored: UInt8?
    let missing: [Int]
    let iou, dice: [Double]
    let meanIoU, meanDice, pixelAccuracy, meanPixelAccuracy: Double

    var inputs: (predicted: [UInt8], truth: [UInt8]) {
      func present(_ value: Int) -> Int { missing.contains(value) ? (value + 1) % classes : value }
      var (predicted, truth): ([UInt8], [UInt8]) = ([], [])
      for pixel in 0..<side * side {
        let real = present(whole("\(name).truth", pixel, classes))
        let isWrong = Formula.unit("\(name).noise", pixel) > 0.3
        let drawn = isWrong ? whole("\(name).drawn", pixel, classes) : real
        predicted.append(UInt8(present(drawn)))
        let isBorder = Formula.unit("\(name).border", pixel) > 0.8
        truth.append(isBorder ? ignored ?? UInt8(real) : UInt8(real))
      }
      return (predicted, truth)
    }
  }

  struct Detection: Decodable {
    let name: String
    let pictures, classes, most, extent, found, boxes: Int
    let crowds: Bool
    let stats, ap, ap50, recall: [Double?]
  }

  struct Regression: Decodable {
    let name: String
    let count, outputs: Int
    let mae, rmse: [Double]
    let r2: [Double?]
    let meanMAE, meanRMSE: Double
    let meanR2: Double?

    /// Predictions that more or less tell the truth, each output in a unit of its own.
    var inputs: (predicted: [Float], truth: [Float]) {
      func numbers(_ what: String) -> [Float] {
        (0..<count * outputs).map { Formula.unit("\(name).\(what)", $0) }
      }
      let scales = (0..<count * outputs).map { Float(1 << (3 * ($0 % outputs))) }
      let truth = zip(numbers("truth"), scales).map { $0 * $1 + 100 }
      let noise = zip(numbers("noise"), scales).map { $0 * $1 / 4 }
      return (zip(truth, noise).map(+), truth)
    }
  }

  struct Quality: Decodable {
    let name: String
    let channels, height, width: Int
    let range, mse, psnr, ssim, gaussian: Double

    var inputs: (a: [Float], b: [Float]) {
      let count = channels * height * width
      let a = (0..<count).map { index in
        let noise = (Double(Formula.unit("\(name).a", index)) + 1) / 2 * range
        return Float(noise + Double(index % width) / Double(width) * range / 2)
      }
      let b = (0..<count).map { index in
        Float(Double(a[index]) + Double(Formula.unit("\(name).b", index)) * range / 8)
      }
      return (a, b)
    }
  }
}

/// In 0..<below.
func whole(_ name: String, _ index: Int, _ below: Int) -> Int {
  min(Int((Double(Formula.unit(name, index)) + 1) / 2 * Double(below)), below - 1)
}

func isClose(_ a: Double?, _ b: Double?, _ tolerance: Double = 1e-12) -> Bool {
  guard let a, let b else { return a == nil && b == nil }
  return abs(a - b) <= tolerance * max(1, abs(b))
}

func areClose(_ a: [Double?], _ b: [Double?], _ tolerance: Double = 1e-12) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { isClose($0, $1, tolerance) }
}
