import Testing
import ZooEngine
import ZooKit

struct ArenaTests {
  @Test(arguments: 0..<100)
  func neverLaysLivingValuesOverOneAnother(seed: Int) {
    var dice = Dice(random: Random(seed: UInt64(seed)))
    let claims = (0..<1 + dice.roll(80)).map { _ in
      let first = dice.roll(50)
      return Arena.Claim(count: dice.roll(2000), first: first, last: first + dice.roll(12))
    }
    let arena = Arena(claims)
    #expect(arena.size >= Arena.bound(claims))
    for (index, claim) in claims.enumerated() {
      let place = arena.offsets[index]..<arena.offsets[index] + claim.count
      #expect(place.lowerBound % 16 == 0)
      #expect(place.upperBound <= arena.size)
      for other in 0..<index
      where claims[other].first <= claim.last && claim.first <= claims[other].last {
        let taken = arena.offsets[other]..<arena.offsets[other] + claims[other].count
        #expect(!place.overlaps(taken))
      }
    }
  }

  @Test func takesTurns() {
    let claims = (0..<10).map { Arena.Claim(count: 64, first: $0, last: $0 + 1) }
    #expect(Arena(claims).size == 128)
    #expect(Arena.bound(claims) == 128)
    #expect(Arena([]).size == 0)
  }
}
