import Glibc
import ZooEngine
import ZooKit
import ZooVision

/// Rows of final probabilities: channels × rows × width.
struct Band {
  let rows: Range<Int>
  let width: Int
  let channels: Int
  /// The numbers from one channel to the next, which may have more rows.
  let plane: Int
  let values: UnsafeBufferPointer<Float>
}

extension SemanticSegmenter {
  /// Computes the picture's map from the top down and passes on rows once they are final.
  func forEachBand(
    of picture: Picture, _ progress: (_ done: Int, _ of: Int) -> Void,
    _ body: (Band) throws -> Void
  ) throws {
    // A long, thin picture may be computed whole if it has no more pixels than a tile.
    let isWhole = picture.width <= longest * longest / picture.height
    let limit = isWhole ? max(picture.width, picture.height) : longest
    let down = TileRow(picture.height, tiling, longest: limit)
    let across = TileRow(picture.width, tiling, longest: limit)
    let channels = model.checkpoint.classes.count
    let (width, height) = (picture.width, picture.height)
    var numbers = try model.checkpoint.preprocessing.settled(for: picture)
    (numbers.resize, numbers.crop, numbers.multiple) = (.none, nil, 1)
    numbers.interpolation = .nearest
    let input = Shape([
      model.checkpoint.input.channels, down.map + 2 * tiling.margin, across.map + 2 * tiling.margin,
    ])

    // The rows to which tiles still add.
    var band = try Tensor(zeros: [channels, down.map, width])
    for (line, top) in down.starts.enumerated() {
      for (column, left) in across.starts.enumerated() {
        let tile = try picture.mirrored(
          in: Region(
            x: left - tiling.margin, y: top - tiling.margin, width: input.width,
            height: input.height))
        let logits = try logits(
          numbers.tensor(from: [tile]), input, channels: channels, down.map, across.map)
        try band.add(
          logits, at: left, shares: (down.shares[line], across.shares[column]), isBinary: isBinary)
        let tiles = down.starts.count * across.starts.count
        if tiles > 1 { progress(line * across.starts.count + column + 1, tiles) }
      }
      // Rows above the next tiles are final.
      let next = line + 1 < down.starts.count ? down.starts[line + 1] : height
      let settled = min(next, height) - top
      try band.withValues {
        try body(
          Band(
            rows: top..<top + settled, width: width, channels: channels, plane: down.map * width,
            values: $0))
      }
      if line + 1 < down.starts.count { try band.moveUp(settled) }
    }
  }
}

extension Tensor {
  /// Moves the rows of a C×H×W map up, in place; zeros follow.
  fileprivate mutating func moveUp(_ count: Int) throws {
    let (channels, plane, gone) = (shape[0], shape[1] * shape[2], count * shape[2])
    try withMutableValues { values in
      guard let base = values.baseAddress else { return }
      for channel in 0..<channels {
        let start = base + channel * plane
        start.update(from: start + gone, count: plane - gone)
        (start + plane - gone).update(repeating: 0, count: gone)
      }
    }
  }

  /// Adds a tile's weighted probabilities; columns beyond the picture are dropped.
  fileprivate mutating func add(
    _ logits: Tensor, at left: Int, shares: (down: [Float], across: [Float]), isBinary: Bool
  ) throws {
    let (channels, height, width) = (shape[0], shape[1], shape[2])
    let (tileWidth, plane) = (logits.shape[3], logits.shape[2] * logits.shape[3])
    let seen = min(tileWidth, width - left)
    try withMutableValues { sums in
      let sums = sums
      logits.withValues { logits in
        Threads.split(height, cost: 16 * seen * channels) { rows in
          for row in rows where shares.down[row] > 0 {
            for column in 0..<seen where shares.across[column] > 0 {
              let place = row * tileWidth + column
              let share = shares.down[row] * shares.across[column]
              let target = row * width + left + column
              if isBinary {
                sums[target] += share / (1 + exp(-logits[place]))
                continue
              }
              let softmax = RowSoftmax(count: channels) { logits[$0 * plane + place] }
              for channel in 0..<channels {
                let probability = softmax.share(of: logits[channel * plane + place])
                sums[channel * height * width + target] += share * Float(probability)
              }
            }
          }
        }
      }
    }
  }
}
