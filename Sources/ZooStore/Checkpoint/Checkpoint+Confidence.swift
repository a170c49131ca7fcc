import ZooKit

extension Checkpoint {
  /// The confidence of a classifier, fitted to pictures that it had not learned from.
  public struct Confidence: Hashable, Sendable {
    /// Logits are divided by it before the softmax.
    public var temperature: Double
    /// The name of the pictures' data, and their number.
    public var data: String
    public var pictures: Int
    /// The expected calibration error on these pictures without the temperature, and with it.
    public var errorBefore, errorAfter: Double

    public init(
      temperature: Double, data: String, pictures: Int, errorBefore: Double, errorAfter: Double
    ) {
      self.temperature = temperature
      self.data = data
      self.pictures = pictures
      (self.errorBefore, self.errorAfter) = (errorBefore, errorAfter)
    }
  }
}

extension Checkpoint.Confidence {
  init(_ fields: inout Fields) throws {
    temperature = try fields.number("temperature")
    data = try fields.text("data")
    pictures = try fields.integer("pictures")
    errorBefore = try fields.number("errorBefore")
    errorAfter = try fields.number("errorAfter")
    guard temperature.isFinite, temperature > 0 else {
      throw fields.error("a temperature is above 0, not \(temperature)")
    }
  }

  public var json: JSON {
    [
      "temperature": JSON(temperature), "data": JSON(data), "pictures": JSON(pictures),
      "errorBefore": JSON(errorBefore), "errorAfter": JSON(errorAfter),
    ]
  }
}
