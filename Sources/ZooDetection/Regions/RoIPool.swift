import Glibc
import ZooKit

/// The largest value of a region in each of its bins, whose borders are rounded to whole map
/// positions (Girshick 2015, arXiv:1504.08083, section 2.1).
public struct RoIPool: Layer {
  public var size: Window.Size
  /// The map's size over the input's.
  public var scale: Float

  public init(to size: Window.Size, scale: Float) {
    self.size = size
    self.scale = scale
  }

  public var kind: String { "roipool" }
  public var needs: Needs { .inputs }
  public var dependsOnMode: Bool { false }

  public func output(_ inputs: [Shape]) throws -> Shape {
    let map = try checkRegions(inputs, levels: 1)
    guard 1...1024 ~= size.height, 1...1024 ~= size.width else {
      throw ZooError.failure("\(size.height)×\(size.width) positions are not a valid map size")
    }
    return [map.channels, size.height, size.width]
  }

  public func forward(_ pass: Pass) {
    let (x, regions, y) = (pass.inputs[0], pass.inputs[1], pass.output)
    let (channels, plane) = (y.shape.channels, x.shape.height * x.shape.width)
    let places = size.height * size.width
    Threads.split(y.batch, cost: channels * places * 16) { range in
      for index in range {
        let region = Region(regions[index], pictures: x.batch)
        let (rows, columns) = bins(region.box, x.shape)
        for channel in 0..<channels {
          let source = x[region.picture] + channel * plane
          var target = y[index] + channel * places
          for row in rows {
            for column in columns {
              target.pointee =
                largest(source, row, column, x.shape.width).map { source[$0] } ?? 0
              target += 1
            }
          }
        }
      }
    }
  }

  /// The gradient goes to the positions of the largest values; a region is a constant.
  public func backward(_ pass: Pass, _ gradients: Gradients) {
    guard let dx = gradients.inputs[0] else { return }
    let (x, regions, dy) = (pass.inputs[0], pass.inputs[1], gradients.output)
    let plane = x.shape.height * x.shape.width
    let places = size.height * size.width
    Threads.split(dy.shape.channels, cost: dy.batch * places * 16) { range in
      for index in 0..<dy.batch {
        let region = Region(regions[index], pictures: x.batch)
        let (rows, columns) = bins(region.box, x.shape)
        for channel in range {
          let source = x[region.picture] + channel * plane
          let target = dx[region.picture] + channel * plane
          var slope = dy[index] + channel * places
          for row in rows {
            for column in columns {
              if let place = largest(source, row, column, x.shape.width) {
                target[place] += slope.pointee
              }
              slope += 1
            }
          }
        }
      }
    }
  }

  private func bins(_ box: Box, _ map: Shape) -> (rows: [Range<Int>], columns: [Range<Int>]) {
    (
      bins(box.y0, box.y1, size.height, within: map.height),
      bins(box.x0, box.x1, size.width, within: map.width)
    )
  }

  /// Bins overlap if they are smaller than a position, and are empty outside of the map.
  private func bins(_ low: Float, _ high: Float, _ count: Int, within limit: Int) -> [Range<Int>] {
    func place(_ coordinate: Float) -> Int {
      let place = roundf(coordinate * scale)
      return place.isNaN ? 0 : Int(min(max(place, -0x1p24), 0x1p24))
    }
    let start = place(low)
    let length = max(place(high) - start + 1, 1)
    let bin = Float(length) / Float(count)
    return (0..<count).map { index in
      let first = start + Int((Float(index) * bin).rounded(.down))
      let end = start + Int((Float(index + 1) * bin).rounded(.up))
      let lower = min(max(first, 0), limit)
      return lower..<max(lower, min(max(end, 0), limit))
    }
  }

  /// The first of the largest values of a bin; nil if the bin is empty.
  private func largest(
    _ map: UnsafePointer<Float>, _ rows: Range<Int>, _ columns: Range<Int>, _ width: Int
  ) -> Int? {
    guard !rows.isEmpty, !columns.isEmpty else { return nil }
    var best = rows.lowerBound * width + columns.lowerBound
    for row in rows {
      for column in columns where map[row * width + column] > map[best] {
        best = row * width + column
      }
    }
    return best
  }
}
