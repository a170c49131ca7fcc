import ZooKit
import ZooStore

/// Normalisations that many checkpoints share, by the names that users type.
public enum Normalisation: String, CaseIterable, Sendable {
  /// torchvision and most since: RGB from 0 to 1, standardised with ImageNet's mean and deviation.
  case imagenet
  /// Caffe and its heirs: BGR from 0 to 255, minus 104, 117 and 123.
  case caffe
  /// TensorFlow's Inception and MobileNet: RGB from −1 to 1.
  case tensorflow
  /// Numbers from 0 to 1.
  case unit

  /// The same sizes and crops with this normalisation; nil for another number of channels.
  func applied(to geometry: Preprocessing, channels: Int) -> Preprocessing? {
    var prepared = geometry
    prepared.channels = channels == 1 ? .grey : .rgb
    prepared.scale = 1 / 255
    prepared.standardizes = false
    switch self {
    case .imagenet, .caffe:
      guard channels == 3 else { return nil }
      (prepared.mean, prepared.std) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
      if self == .caffe {
        (prepared.channels, prepared.scale) = (.bgr, 1)
        (prepared.mean, prepared.std) = ([104, 117, 123], [1, 1, 1])
      }
    case .tensorflow, .unit:
      let (mean, std): (Float, Float) = self == .unit ? (0, 1) : (0.5, 0.5)
      prepared.mean = Array(repeating: mean, count: channels)
      prepared.std = Array(repeating: std, count: channels)
    }
    return prepared
  }
}

extension Zoo {
  /// The preprocessing for a variant, as stated by a user: the name of a ``Normalisation``,
  /// combined with the variant's own sizes; a model, whose preprocessing is used; or a JSON file
  /// with the members of a checkpoint's record.
  public func preprocessing(_ text: String, for name: String) throws -> Preprocessing {
    let variant = try registry.variant(name)
    let channels = variant.architecture.input.channels
    let usual = try Preprocessing.usual(for: variant.architecture)
    if let normalisation = Normalisation(rawValue: text) {
      let geometry = catalog.defaultRecord(of: name)?.preprocessing ?? usual
      guard let prepared = normalisation.applied(to: geometry, channels: channels) else {
        throw ZooError.usage(
          "\(text) is for pictures with 3 channels, those of \(name) have \(channels)")
      }
      return prepared
    }
    let stated = try stated(text)
    guard stated.mean.count == channels else {
      throw ZooError.corrupt(
        "\(text) prepares pictures with \(stated.mean.count) channels, \(name) reads \(channels)")
    }
    guard stated.size != nil || usual.size == nil else {
      throw ZooError.corrupt(
        "\(text) brings pictures to no size of their own: \(name) needs a “crop”, or a height and a "
          + "width to “resize” to")
    }
    return stated
  }

  private func stated(_ text: String) throws -> Preprocessing {
    let reference: Reference
    do { reference = try self.reference(text) } catch let error as ZooError {
      let names = Normalisation.allCases.map(\.rawValue).joined(separator: ", ")
      throw ZooError(error.kind, "\(error.message); preprocessing is a file, a model, or \(names)")
    }
    switch reference {
    case .record(let record): return record.preprocessing
    case .variant(let variant): return try .usual(for: variant.architecture)
    case .file(let path) where path.hasSuffix(".h5"):
      return try WeightStore(ofModel: path).network(in: registry).checkpoint.preprocessing
    case .file(let path):
      let file = try RandomAccessFile(path)
      guard file.size <= 1 << 20 else {
        throw ZooError.corrupt("\(path) is larger than 1 MB: it is no preprocessing")
      }
      let json = try JSON(parsing: file.read(at: 0, count: file.size), origin: path)
      // The output of 'zoo info --json' contains it among other members.
      return try Preprocessing(json["preprocessing"] ?? json, in: path)
    }
  }
}
