import ZooVision

/// Colours for the numbers from 0 to 1, equally bright steps for equal differences.
enum ColourScale {
  /// From black over violet and orange to pale yellow: matplotlib's “inferno”.
  case heat
  /// From blue over white to red, for values around a half: ColorBrewer's “RdBu”.
  case signed

  private var stops: [(Double, Double, Double)] {
    switch self {
    case .heat:
      [
        (0, 0, 4), (27, 12, 65), (74, 12, 107), (120, 28, 109), (165, 44, 96), (207, 68, 70),
        (237, 105, 37), (251, 155, 6), (247, 209, 61), (252, 255, 164),
      ]
    case .signed:
      [
        (5, 48, 97), (33, 102, 172), (67, 147, 195), (146, 197, 222), (247, 247, 247),
        (244, 165, 130), (214, 96, 77), (178, 24, 43), (103, 0, 31),
      ]
    }
  }

  /// The colours of 256 equal steps.
  var table: [Colour] {
    let stops = stops
    return (0..<256).map { level in
      let place = Double(level) / 255 * Double(stops.count - 1)
      let first = min(Int(place), stops.count - 2)
      let share = place - Double(first)
      func mixed(_ a: Double, _ b: Double) -> UInt8 { UInt8((a + (b - a) * share).rounded()) }
      let (a, b) = (stops[first], stops[first + 1])
      return Colour(mixed(a.0, b.0), mixed(a.1, b.1), mixed(a.2, b.2))
    }
  }
}
