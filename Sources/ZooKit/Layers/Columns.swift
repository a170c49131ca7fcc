/// The matrix that turns a convolution into a product (im2col): one row per channel and kernel
/// element, one column per window position. It is built in stripes of rows of positions, each small
/// enough for the cache.
struct Columns {
  /// The channels of one group, and the size of the input map.
  let map: Shape
  let window: Window
  /// The window positions.
  let grid: Window.Size
  /// The map itself serves as columns: a 1×1 kernel that visits every position once.
  let areMap: Bool
  private let taps: [Window.Tap]
  private let stripeHeight: Int

  /// 4 MB of columns.
  private static let limit = 1 << 20

  init(map: Shape, window: Window, grid: Window.Size) {
    self.map = map
    self.window = window
    self.grid = grid
    taps = window.taps(over: map, grid: grid)
    areMap =
      window.kernel == 1 && window.stride == 1 && window.padding == 0
      && grid == Window.Size(map.height, map.width)
    let fits = Columns.limit / max(1, map.channels * window.taps * grid.width)
    stripeHeight = areMap ? grid.height : min(max(1, fits), grid.height)
  }

  var rows: Int { map.channels * window.taps }

  /// Window positions in the largest stripe.
  var longest: Int { stripeHeight * grid.width }

  /// Number of floats needed to gather a stripe.
  var size: Int { areMap ? 0 : rows * longest }

  var stripes: [Range<Int>] {
    stride(from: 0, to: grid.height, by: stripeHeight).map {
      $0..<min($0 + stripeHeight, grid.height)
    }
  }

  /// The columns of a stripe of positions: the map itself if possible, else the filled buffer.
  func gather(_ image: Floats, _ stripe: Range<Int>, _ buffer: Floats) -> BLAS.Matrix {
    let (count, step) = (stripe.count * grid.width, window.stride.width)
    if areMap { return .init(image, stride: count) }
    forEachRow(image, stripe, buffer, clears: true) { row, place, count in
      forEach(count, step: step) { row[$0] = place[$1] }
    }
    return .init(buffer, stride: count)
  }

  /// The transpose of gathering: adds every column to the positions it came from.
  func scatter(_ buffer: Floats, _ stripe: Range<Int>, addingTo image: Floats) {
    let step = window.stride.width
    forEachRow(image, stripe, buffer, clears: false) { row, place, count in
      forEach(count, step: step) { place[$1] += row[$0] }
    }
  }

  /// Calls the body with every part of a row of the columns that lies inside the map, its place
  /// there, and its length.
  /// - Parameter clears: whether to set rows to zero first if a part of them lies outside.
  @inline(__always)
  private func forEachRow(
    _ image: Floats, _ stripe: Range<Int>, _ buffer: Floats, clears: Bool,
    _ body: (_ row: Floats, _ place: Floats, _ count: Int) -> Void
  ) {
    let (count, start) = (stripe.count * grid.width, stripe.lowerBound * grid.width)
    Threads.split(map.channels, cost: window.taps * count) { channels in
      for channel in channels {
        let plane = image + channel * map.height * map.width
        for tap in taps {
          let row = buffer + (channel * window.taps + tap.index) * count
          if clears, tap.columns.count < grid.width || tap.rows.clamped(to: stripe) != stripe {
            row.update(repeating: 0, count: count)
          }
          window.forEachRow(of: tap, stripe, mapWidth: map.width, gridWidth: grid.width) {
            body(row + ($0 - start), plane + $1, $2)
          }
        }
      }
    }
  }
}
