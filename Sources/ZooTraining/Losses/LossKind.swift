/// Losses by the names that users type.
public enum LossKind: String, Sendable, CaseIterable {
  case crossEntropy = "cross-entropy"
  case binaryCrossEntropy = "binary-cross-entropy"
  case focal, dice
  case diceCrossEntropy = "dice-cross-entropy"
  /// Cross-entropy with pixel weights from ``BorderWeights``.
  case borderCrossEntropy = "border-cross-entropy"
  case meanSquared = "mean-squared"
  case smoothL1 = "smooth-l1"
  case contrastive, triplet

  /// - Parameters:
  ///   - channels: the channels of the output.
  ///   - labelSmoothing: for the cross-entropy.
  ///   - classWeights: for the cross-entropy; the weights of positives in the binary one.
  ///   - focal: the focal loss.
  public func loss(
    channels: Int, labelSmoothing: Double = 0, classWeights: [Double]? = nil,
    focal: FocalLoss = FocalLoss()
  ) -> any Loss {
    switch self {
    case .borderCrossEntropy where channels == 1: BinaryCrossEntropy()
    case .crossEntropy, .borderCrossEntropy:
      CrossEntropy(labelSmoothing: labelSmoothing, classWeights: classWeights)
    case .binaryCrossEntropy: BinaryCrossEntropy(positiveWeights: classWeights)
    case .focal: focal
    case .dice: SoftDice()
    case .diceCrossEntropy: WeightedSum.diceCrossEntropy(channels: channels)
    case .meanSquared: MeanSquaredError()
    case .smoothL1: SmoothL1()
    case .contrastive: ContrastiveLoss()
    case .triplet: TripletLoss()
    }
  }
}
