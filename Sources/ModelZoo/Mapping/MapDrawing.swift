import ZooKit
import ZooTraining
import ZooVision

/// Points of the plane as a drawing: a dot for each picture, in the colour of its class or group, and as
/// many pictures as have room.
struct MapDrawing {
  private static let width = 1000.0
  private static let border = 34.0
  private let places: [SIMD2<Double>]
  private let kinds: [String]
  private let height: Double

  /// - Parameters:
  ///   - points: one a picture.
  ///   - kinds: the style classes of each.
  init(_ points: [SIMD2<Double>], kinds: [String]) {
    var (low, high) = (points.first ?? .zero, points.first ?? .zero)
    for point in points {
      low = pointwiseMin(low, point)
      high = pointwiseMax(high, point)
    }
    let size = pointwiseMax(high - low, .init(repeating: 1e-12))
    let inner = Self.width - 2 * Self.border
    height = min(max(inner * size.y / size.x, 0.5 * inner), inner) + 2 * Self.border
    let scale = min(inner / size.x, (height - 2 * Self.border) / size.y)
    let (middle, centre) = ((low + high) / 2, SIMD2(Self.width / 2, height / 2))
    // Upwards is down on a screen.
    places = points.map { centre + ($0 - middle) * scale * SIMD2(1, -1) }
    self.kinds = kinds
  }

  /// - Parameters:
  ///   - alt: what it shows, for those who cannot see it.
  ///   - thumbnails: drawn where they have room; nil means only dots.
  ///   - inside: before everything else.
  func svg(_ alt: String, _ thumbnails: ThumbnailSheets?, inside: Markup = "") -> Markup {
    let radius = places.count <= 300 ? 6.0 : places.count <= 2000 ? 4.0 : 2.5
    let dots: [Markup] = zip(places, kinds).map { place, kind in
      """
      <circle class="\(kind)" cx="\(tenths(place.x))" cy="\(tenths(place.y))" r="\(tenths(radius))"/>

      """
    }
    let side = places.count <= 300 ? 58.0 : 46.0
    let shown: [Markup] =
      thumbnails.map { thumbnails in
        roomy(side + 4).map { index in
          let corner = places[index] - side / 2
          let box: Markup = """
            x="\(tenths(corner.x))" y="\(tenths(corner.y))" width="\(Int(side))" height="\(Int(side))"
            """
          // The style of the page is for drawings that are as wide as their column.
          let size: Markup = "style=\"width:\(Int(side))px;height:\(Int(side))px;overflow:hidden\""
          return """
            <g class="\(kinds[index])">\(thumbnails.image(of: index, "\(box) \(size)"))\
            <rect \(box) rx="3"/></g>

            """
        }
      } ?? []
    return """
      <svg class="map" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(tenths(Self.width)) \
      \(tenths(height))" role="img" aria-label="\(alt)">
      \(inside)<g class="dots">
      \(dots)</g>
      <g class="shown">
      \(shown)</g>
      </svg>

      """
  }

  /// Pictures whose squares do not overlap, tried in an order that favours no class and no split.
  private func roomy(_ side: Double) -> [Int] {
    let random = Random(seed: 0).key("map")
    let order = places.indices.map { (random.bits($0), $0) }.sorted { $0 < $1 }.map(\.1)
    var taken: [SIMD2<Double>] = []
    return order.filter { index in
      let place = places[index]
      guard taken.allSatisfy({ max(abs($0.x - place.x), abs($0.y - place.y)) >= side }) else {
        return false
      }
      taken.append(place)
      return true
    }.sorted()
  }

  private func tenths(_ value: Double) -> Markup {
    Markup(stringLiteral: decimal(value, digits: 1))
  }
}
