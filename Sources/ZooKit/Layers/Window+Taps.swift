/// A loop whose second index advances by `step`. It is written twice because the compiler
/// vectorises only the version without a multiplication.
@inline(__always)
func forEach(_ count: Int, step: Int, _ body: (_ index: Int, _ stepped: Int) -> Void) {
  if step == 1 {
    for index in 0..<count { body(index, index) }
  } else {
    for index in 0..<count { body(index, index &* step) }
  }
}

extension Window {
  /// One element of a kernel, and its range inside the map while the kernel slides over it.
  struct Tap {
    /// In row-major order of the kernel.
    let index: Int
    /// The window positions at which it lies inside the map.
    let rows, columns: Range<Int>
    /// Its place in the map at position (0, 0); negative inside the padding.
    let row, column: Int
  }

  var taps: Int { kernel.height * kernel.width }

  /// Every element of the kernel, for a map of this size and a grid of window positions.
  func taps(over map: Shape, grid: Size) -> [Tap] {
    func meets(_ offset: Int, _ size: Int, _ stride: Int, _ count: Int) -> Range<Int> {
      let first = offset < 0 ? (stride - 1 - offset) / stride : 0
      let end = size > offset ? (size - offset + stride - 1) / stride : 0
      return first < min(end, count) ? first..<min(end, count) : 0..<0
    }
    return (0..<taps).map { index in
      let row = index / kernel.width * dilation.height - padding.top
      let column = index % kernel.width * dilation.width - padding.left
      return Tap(
        index: index, rows: meets(row, map.height, stride.height, grid.height),
        columns: meets(column, map.width, stride.width, grid.width), row: row, column: column)
    }
  }

  /// Calls the body for every row of window positions at which the tap lies inside the map: with
  /// the index of the first position in the grid, the index in the map, and the number of
  /// positions.
  @inline(__always)
  func forEachRow(
    of tap: Tap, _ rows: Range<Int>? = nil, mapWidth: Int, gridWidth: Int,
    _ body: (_ position: Int, _ place: Int, _ count: Int) -> Void
  ) {
    guard !tap.columns.isEmpty else { return }
    let column = tap.columns.lowerBound * stride.width + tap.column
    for row in tap.rows.clamped(to: rows ?? tap.rows) {
      let place = (row * stride.height + tap.row) * mapWidth + column
      body(row * gridWidth + tap.columns.lowerBound, place, tap.columns.count)
    }
  }

  /// Slides over every channel of a map, once for each element of the kernel: calls `row` with the
  /// first of a row of positions, its place in the map, its index in the channel's grid, and the
  /// number of positions; `before` and `after` with the whole grid.
  @inline(__always)
  func slide(
    over x: TensorView, _ y: TensorView, before: (Floats) -> Void = { _ in },
    after: (Floats) -> Void = { _ in }, row: (_ y: Floats, _ x: Floats, _ index: Int, Int) -> Void
  ) {
    let (width, plane) = (x.shape.width, x.shape.height * x.shape.width)
    let grid = Size(y.shape.height, y.shape.width)
    let size = grid.height * grid.width
    let taps = taps(over: x.shape, grid: grid)
    Threads.split(x.batch * x.shape.channels, cost: size * taps.count) { range in
      for index in range {
        let (map, positions) = (x.pointer + index * plane, y.pointer + index * size)
        before(positions)
        for tap in taps {
          forEachRow(of: tap, mapWidth: width, gridWidth: grid.width) {
            row(positions + $0, map + $1, $0, $2)
          }
        }
        after(positions)
      }
    }
  }
}
