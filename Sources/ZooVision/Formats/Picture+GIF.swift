import ZooKit

extension Picture {
  /// The first frame of a GIF file, on its screen.
  init(
    gif bytes: UnsafeRawBufferPointer, origin: String, asNumbers: Bool, pixelLimit: Int
  ) throws {
    var reader = LittleEndianReader(bytes, of: origin)
    _ = try reader.take(6)
    let (screenWidth, screenHeight) = (try reader.short(), try reader.short())
    let flags = try reader.byte()
    _ = try reader.take(2)
    var palette = flags & 0x80 == 0 ? [] : Array(try reader.take(3 << (flags & 7 + 1)))
    var transparent: Int?
    while true {
      switch try reader.byte() {
      case 0x21: try reader.readGIFExtension(&transparent)
      case 0x2C:
        let (left, top) = (try reader.short(), try reader.short())
        let (width, height) = (try reader.short(), try reader.short())
        let flags = try reader.byte()
        if flags & 0x80 != 0 { palette = Array(try reader.take(3 << (flags & 7 + 1))) }
        // A frame may be larger than its screen.
        let whole = (max(screenWidth, left + width), max(screenHeight, top + height))
        guard width > 0, height > 0 else { throw reader.damaged("a frame of \(width)×\(height)") }
        try Picture.check(whole.0, whole.1, limit: pixelLimit, origin)
        let frame = try reader.readGIFFrame(width, height)
        var indices = try Picture(width: whole.0, height: whole.1, channels: 1)
        let rows = flags & 0x40 == 0 ? Array(0..<height) : Picture.interlacedRows(height)
        try indices.withMutablePixels { pixels in
          pixels.update(repeating: UInt8(transparent ?? 0))
          frame.withPixels { frame in
            for (row, target) in rows.enumerated() {
              for x in 0..<width {
                pixels[(top + target) * whole.0 + left + x] = frame[row * width + x]
              }
            }
          }
        }
        self = try IndexedPicture(indices: indices, palette: palette, transparent: transparent)
          .picture(asNumbers: asNumbers)
        return
      case 0x3B: throw reader.damaged("it has no picture")
      case let kind: throw reader.damaged("an unknown block of kind \(kind)")
      }
    }
  }

  /// The rows of an interlaced frame in the order of the file.
  private static func interlacedRows(_ height: Int) -> [Int] {
    [(0, 8), (4, 8), (2, 4), (1, 2)].flatMap { Array(stride(from: $0.0, to: height, by: $0.1)) }
  }
}

extension LittleEndianReader {
  /// Keeps the transparent index of a graphic control; other extensions are skipped.
  fileprivate mutating func readGIFExtension(_ transparent: inout Int?) throws {
    let label = try byte()
    while case let size = try byte(), size > 0 {
      let block = try take(size)
      if label == 0xF9, size >= 4 { transparent = block[0] & 1 == 0 ? nil : Int(block[3]) }
    }
  }

  /// The indices of a frame, compressed by Lempel, Ziv and Welch's method.
  fileprivate mutating func readGIFFrame(_ width: Int, _ height: Int) throws -> Picture {
    let bits = try byte()
    guard 1...8 ~= bits else { throw damaged("codes of \(bits) bits") }
    let (clear, end) = (1 << bits, 1 << bits + 1)
    // A code stands for the string of another one and a last index.
    var before = [UInt16](repeating: 0, count: 4096)
    var last = (0..<4096).map { UInt8(truncatingIfNeeded: $0) }
    var first = last
    var length = [Int](repeating: 1, count: 4096)
    var frame = try Picture(width: width, height: height, channels: 1)
    let count = width * height
    try frame.withMutablePixels { indices in
      var (done, next, size) = (0, end + 1, bits + 1)
      var previous: Int?
      var (window, available, block) = (0, 0, 0)
      while done < count {
        while available < size {
          if block == 0 { block = try byte() }
          guard block > 0 else { throw damaged("its pixels end after \(done) of \(count)") }
          window |= try byte() << available
          available += 8
          block -= 1
        }
        let code = window & (1 << size - 1)
        window >>= size
        available -= size
        if code == clear {
          (next, size, previous) = (end + 1, bits + 1, nil)
          continue
        }
        guard code != end else { throw damaged("its pixels end after \(done) of \(count)") }
        guard code < next || code == next && previous != nil && next < 4096 else {
          throw damaged("the code \(code) before it is defined")
        }
        if let previous, next < 4096 {
          before[next] = UInt16(previous)
          first[next] = first[previous]
          last[next] = code == next ? first[previous] : first[code]
          length[next] = length[previous] + 1
          next += 1
          if next == 1 << size, size < 12 { size += 1 }
        } else if previous == nil, code > end {
          throw damaged("the code \(code) before it is defined")
        }
        var (walk, place) = (code, done + length[code])
        done = place
        while place > done - length[code] {
          place -= 1
          if place < count { indices[place] = last[walk] }
          walk = Int(before[walk])
        }
        previous = code
      }
    }
    return frame
  }
}
