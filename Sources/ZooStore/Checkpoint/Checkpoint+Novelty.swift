import ZooKit

extension Checkpoint {
  /// What the model's pictures look like to it, so that others can be told: features at some nodes, the
  /// covariance and the means that give their distance, and the distance from which a picture is
  /// unlike anything the model has seen.
  public struct Novelty: Sendable {
    /// The operations whose outputs are compared, averaged over the picture.
    public var nodes: [String]
    public var threshold: Double
    /// The share of known pictures beyond the threshold when it was chosen.
    public var falseAlarms: Double
    /// The number of pictures that the distance was fitted to.
    public var pictures: Int
    /// The arrays of the distance, in `/novelty` of the file; nil if only the record was read.
    public var arrays: Arrays?

    public struct Arrays: Sendable {
      /// n×n, lower triangular.
      public var whitening: Tensor
      /// Classes × n.
      public var means: Tensor

      public init(whitening: Tensor, means: Tensor) {
        (self.whitening, self.means) = (whitening, means)
      }
    }

    public init(
      nodes: [String], threshold: Double, falseAlarms: Double, pictures: Int, arrays: Arrays?
    ) {
      (self.nodes, self.threshold, self.falseAlarms) = (nodes, threshold, falseAlarms)
      (self.pictures, self.arrays) = (pictures, arrays)
    }
  }

  /// The arrays of the record beside the weights, by their paths in the file.
  public var arrays: [(path: String, tensor: Tensor)] {
    guard let arrays = novelty?.arrays else { return [] }
    return [("/novelty/whitening", arrays.whitening), ("/novelty/means", arrays.means)]
  }
}

extension Checkpoint.Novelty {
  init(_ fields: inout Fields) throws {
    nodes = try fields.strings("nodes")
    threshold = try fields.number("threshold")
    falseAlarms = try fields.number("falseAlarms")
    pictures = try fields.integer("pictures")
    guard threshold.isFinite, threshold >= 0, 0...1 ~= falseAlarms else {
      throw fields.error("\(fields.what) has the threshold \(threshold) for \(falseAlarms)")
    }
  }

  public var json: JSON {
    [
      "nodes": JSON(nodes), "threshold": JSON(threshold), "falseAlarms": JSON(falseAlarms),
      "pictures": JSON(pictures),
    ]
  }
}

extension WeightStore {
  /// The arrays of a record's novelty.
  package func noveltyArrays() throws -> Checkpoint.Novelty.Arrays {
    guard let whitening = file["/novelty/whitening"], let means = file["/novelty/means"] else {
      throw ZooError.corrupt(
        "\(origin): the record tells unknown pictures, but /novelty is not there")
    }
    let (square, rows) = (whitening.shape.sizes, means.shape.sizes)
    // Before anything is read: the sizes are a stranger's.
    guard square.count == 2, rows.count == 2, square[0] == square[1], rows[1] == square[0],
      square[0] <= 1 << 12, rows[0] <= 1 << 17
    else {
      throw ZooError.corrupt(
        "\(origin): /novelty is \(whitening.shape) and \(means.shape), a square matrix and rows of its "
          + "width were expected")
    }
    return .init(whitening: try tensor(whitening), means: try tensor(means))
  }
}
