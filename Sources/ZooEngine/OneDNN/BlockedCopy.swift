/// Copies the items of a batch into larger ones of which they are parts, or back.
final class BlockedCopy: BlockedKernel {
  let name = "copy"
  let items: [BlockedItem]
  let threads: Int
  let scratchFloats = 0
  private let floats: Int

  /// - Parameter floats: the size of an item.
  init(floats: Int, batch: Int, threads: Int) {
    (self.floats, self.threads) = (floats, threads)
    items = BlockedItem.parts(batch, min(batch, threads)).map {
      BlockedItem(places: $0, outputs: 0..<1)
    }
  }

  func run(_ item: BlockedItem, _ call: BlockedCall, _ scratch: UnsafeMutablePointer<Float>) {
    for place in item.places {
      (call.target.pointer + place * call.target.apart).update(
        from: call.source.pointer + place * call.source.apart, count: floats)
    }
  }
}
