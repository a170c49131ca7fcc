import Glibc
import ZooKit
import ZooStore

/// Chooses the next trial. The choice depends only on the seed and the previous findings, so a
/// resumed search continues as if it had not been interrupted.
public enum Searcher: String, Sendable, CaseIterable {
  case tpe, random, grid

  /// A finished trial and its metric; nil if it failed.
  struct Finding {
    let values: [JSON]
    let value: Double?
  }

  /// - Parameters:
  ///   - number: the number of the trial, from 0.
  ///   - findings: the results of all earlier trials.
  /// - Returns: nil if nothing is left to try.
  func next(
    _ number: Int, in space: SearchSpace, after findings: [Finding], _ goal: Goal, seed: Int
  ) -> [JSON]? {
    let random = Random(seed: UInt64(seed)).key("search").key(number)
    switch self {
    case .grid:
      let grid = space.grid
      return number < grid.count ? grid[number] : nil
    case .random: return space.drawn(random)
    case .tpe:
      guard number >= TreeParzen.warmUp else { return space.drawn(random) }
      return TreeParzen(space, findings, goal).next(random)
    }
  }
}

extension SearchSpace {
  /// Draws every option at random.
  fileprivate func drawn(_ random: Random) -> [JSON] {
    dimensions.enumerated().map { index, dimension in
      switch dimension.choice {
      case .values(let all): all[random.below(all.count, index)]
      case .range: dimension.value(at: Double(random.uniform(index)))
      }
    }
  }
}

/// Tree-structured Parzen estimators (Bergstra et al., NIPS 2011): one density of the good trials
/// and one of the rest; of several draws from the first, it takes the one with the greatest ratio.
/// Options are treated independently.
private struct TreeParzen {
  static let warmUp = 6
  private static let share = 0.25
  private static let draws = 24

  private let space: SearchSpace
  private let good: [[JSON]]
  private let bad: [[JSON]]

  init(_ space: SearchSpace, _ findings: [Searcher.Finding], _ goal: Goal) {
    self.space = space
    // Failed trials rank last.
    let order = findings.enumerated().sorted { a, b in
      switch (a.element.value, b.element.value) {
      case (let left?, let right?) where left != right:
        goal == .highest ? left > right : left < right
      case (.some, nil): true
      case (nil, .some): false
      default: a.offset < b.offset
      }
    }.map(\.element.values)
    let count = max(1, Int((TreeParzen.share * Double(order.count)).rounded(.up)))
    (good, bad) = (Array(order.prefix(count)), Array(order.dropFirst(count)))
  }

  func next(_ random: Random) -> [JSON] {
    space.dimensions.enumerated().map { index, dimension in
      let random = random.key(dimension.name)
      func places(_ trials: [[JSON]]) -> [Double] {
        trials.map { dimension.place(of: $0[index]) }
      }
      let (likely, unlikely) = (places(good), places(bad))
      switch dimension.choice {
      case .values(let all):
        func odds(_ places: [Double], _ place: Int) -> Double {
          (Double(places.count { Int($0) == place }) + 1) / Double(places.count + all.count)
        }
        // Drawn in proportion to their density, so that a tie does not always go to the first.
        var best = (value: 0, ratio: -Double.infinity)
        for draw in 0..<TreeParzen.draws {
          var left = Double(random.uniform(draw))
          let place =
            all.indices.first { place in
              left -= odds(likely, place)
              return left < 0
            } ?? all.count - 1
          let ratio = odds(likely, place) / odds(unlikely, place)
          if ratio > best.ratio { best = (place, ratio) }
        }
        return all[best.value]
      case .range:
        var best = (place: 0.5, ratio: -Double.infinity)
        for draw in 0..<TreeParzen.draws {
          let place = Parzen(likely).draw(random.key(draw))
          let ratio = Parzen(likely).density(place) / Parzen(unlikely).density(place)
          if ratio > best.ratio { best = (place, ratio) }
        }
        return dimension.value(at: best.place)
      }
    }
  }
}

/// A density on 0...1: a Gaussian around every point, as wide as the gap to its neighbours, plus a
/// uniform one that keeps every value possible.
private struct Parzen {
  private let bells: [(centre: Double, width: Double)]

  init(_ points: [Double]) {
    let sorted = points.sorted()
    bells = sorted.indices.map { index in
      let before = index > 0 ? sorted[index - 1] : 0
      let after = index + 1 < sorted.count ? sorted[index + 1] : 1
      let gap = max(sorted[index] - before, after - sorted[index])
      return (sorted[index], min(max(gap, 1 / Double(1 + sorted.count)), 1))
    }
  }

  func draw(_ random: Random) -> Double {
    let choice = random.below(bells.count + 1, 0)
    guard choice < bells.count else { return Double(random.uniform(1)) }
    let bell = bells[choice]
    for attempt in 0..<100 {
      let place = bell.centre + bell.width * Double(random.key("bell").normal(attempt))
      if 0...1 ~= place { return place }
    }
    return bell.centre
  }

  func density(_ place: Double) -> Double {
    bells.reduce(1) { sum, bell in
      let distance = (place - bell.centre) / bell.width
      let inside =
        0.5
        * (erf((1 - bell.centre) / bell.width / 2.squareRoot())
          + erf(bell.centre / bell.width / 2.squareRoot()))
      return sum + exp(-0.5 * distance * distance)
        / (bell.width * (2 * Double.pi).squareRoot() * inside)
    } / Double(bells.count + 1)
  }
}
