/// A measured value, with the data it was measured on and its source.
public struct Metric: Hashable, Sendable {
  /// `top1`, `top5`, `mAP`: in percent where that is usual.
  public let name: String
  public let value: Double
  public let dataset: String
  /// The publisher, or “measured” for our own.
  public let source: String
  /// The date of our measurement, as 2026-11-20.
  public let date: String?

  public init(
    name: String, value: Double, dataset: String, source: String, date: String? = nil
  ) {
    self.name = name
    self.value = value
    self.dataset = dataset
    self.source = source
    self.date = date
  }
}

extension Metric {
  public init(_ json: JSON, in origin: String) throws {
    var fields = try Fields(json, of: "metric", in: origin)
    name = try fields.string("name")
    value = try fields.number("value")
    dataset = try fields.text("dataset")
    source = try fields.string("source")
    date = try fields.optional("date") { fields, key in try fields.string(key) }
    try fields.finish()
  }

  public var json: JSON {
    var members: [(key: String, value: JSON)] = [
      ("name", JSON(name)), ("value", JSON(value)), ("dataset", JSON(dataset)),
      ("source", JSON(source)),
    ]
    if let date { members.append(("date", JSON(date))) }
    return JSON(.object(members))
  }
}
