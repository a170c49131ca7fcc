import ZooKit

extension Picture {
  /// A BMP file: 1 to 32 bits, with or without run-length coding.
  init(
    bmp bytes: UnsafeRawBufferPointer, origin: String, asNumbers: Bool, pixelLimit: Int
  ) throws {
    var reader = LittleEndianReader(bytes, of: origin)
    _ = try reader.take(10)
    let start = try reader.long()
    let header = try BMPHeader(&reader)
    try Picture.check(header.width, header.height, limit: pixelLimit, origin)
    if header.bits <= 8 {
      let most = 1 << header.bits
      let bytesPerColour = header.isOld ? 3 : 4
      // Some writers leave the number of colours out, and then the palette ends where the pixels begin.
      let room = max(0, start - reader.place) / bytesPerColour
      let colours = min(header.colours > 0 ? header.colours : most, room, most)
      let entries = try reader.take(colours * bytesPerColour)
      let palette = (0..<colours).flatMap { colour in
        (0..<3).map { entries[colour * bytesPerColour + 2 - $0] }
      }
      try reader.move(to: start)
      let indices =
        header.coding == .runs
        ? try reader.readRuns(header) : try reader.readIndices(header)
      self = try IndexedPicture(indices: indices, palette: palette).picture(asNumbers: asNumbers)
    } else {
      try reader.move(to: start)
      self = try reader.readColours(header)
    }
  }
}

/// The shape of a BMP file's pixels.
private struct BMPHeader {
  enum Coding { case plain, runs, masks }

  let width, height: Int
  /// Whether the first row is the top one.
  let isTopDown: Bool
  let bits: Int
  let coding: Coding
  let colours: Int
  /// A header of OS/2's with three bytes for a colour.
  let isOld: Bool
  /// Red, green, blue, and alpha if there is any.
  var masks: [UInt32] = []

  init(_ reader: inout LittleEndianReader) throws {
    let begin = reader.place
    let size = try reader.long()
    isOld = size == 12
    guard isOld || [40, 52, 56, 64, 108, 124].contains(size) else {
      throw reader.damaged("a header of \(size) bytes")
    }
    let across = try isOld ? reader.short() : reader.signed()
    let down = try isOld ? reader.short() : reader.signed()
    (width, height, isTopDown) = (across, abs(down), down < 0)
    _ = try reader.short()
    bits = try reader.short()
    var kind = 0
    if isOld {
      colours = 0
    } else {
      kind = try reader.long()
      _ = try reader.take(12)
      colours = try reader.long()
      _ = try reader.take(4)
    }
    guard width > 0, height > 0 else { throw reader.damaged("\(width)×\(height) pixels") }
    switch (kind, bits) {
    case (0, 1), (0, 4), (0, 8), (0, 16), (0, 24), (0, 32): coding = .plain
    case (1, 8), (2, 4): coding = .runs
    case (3, 16), (3, 32), (6, 16), (6, 32): coding = .masks
    default: throw reader.damaged("\(bits) bits with compression \(kind)")
    }
    if coding == .masks {
      let count = kind == 6 || size >= 56 ? 4 : 3
      for _ in 0..<count { masks.append(UInt32(truncatingIfNeeded: try reader.long())) }
      if masks.count == 4, masks[3] == 0 { masks.removeLast() }
    } else if bits == 16 {
      masks = [0x7C00, 0x3E0, 0x1F]
    } else if bits == 32 {
      masks = [0xFF0000, 0xFF00, 0xFF]
    }
    for mask in masks {
      let run = mask >> UInt32(mask.trailingZeroBitCount)
      guard mask != 0, run <= 255, run & (run + 1) == 0 else {
        throw reader.damaged("a colour with the bits \(String(mask, radix: 16))")
      }
    }
    // Larger headers end with what does not matter here.
    try reader.move(to: max(reader.place, begin + size))
  }

  /// The bytes of a row, whole groups of four.
  var rowBytes: Int { (width * bits + 31) / 32 * 4 }

  /// The row of the picture for a row of the file.
  func row(_ index: Int) -> Int { isTopDown ? index : height - 1 - index }
}

extension LittleEndianReader {
  fileprivate mutating func readIndices(_ header: BMPHeader) throws -> Picture {
    let rows = try rows(header)
    var indices = try Picture(width: header.width, height: header.height, channels: 1)
    let mask = UInt8(1 << header.bits - 1)
    try indices.withMutablePixels { pixels in
      for index in 0..<header.height {
        let target = header.row(index) * header.width
        for x in 0..<header.width {
          let bit = x * header.bits
          let byte = rows[index * header.rowBytes + bit / 8]
          pixels[target + x] = byte >> UInt8(8 - header.bits - bit % 8) & mask
        }
      }
    }
    return indices
  }

  /// Runs of one index, and literal stretches, until the end of the picture; what is skipped is 0.
  fileprivate mutating func readRuns(_ header: BMPHeader) throws -> Picture {
    var indices = try Picture(width: header.width, height: header.height, channels: 1)
    try indices.withMutablePixels { pixels in
      var (x, y) = (0, 0)
      let isHalf = header.bits == 4
      func put(_ value: UInt8) {
        if x < header.width, y < header.height { pixels[header.row(y) * header.width + x] = value }
        x += 1
      }
      while y < header.height {
        let (count, value) = (try byte(), UInt8(try byte()))
        if count > 0 {
          for place in 0..<count {
            put(isHalf ? place.isMultiple(of: 2) ? value >> 4 : value & 15 : value)
          }
          continue
        }
        switch value {
        case 0: (x, y) = (0, y + 1)
        case 1: return
        case 2:
          x += try byte()
          y += try byte()
        default:
          let length = Int(value)
          let literal = try take(isHalf ? (length + 1) / 2 : length)
          for place in 0..<length {
            let pair = literal[isHalf ? place / 2 : place]
            put(isHalf ? place.isMultiple(of: 2) ? pair >> 4 : pair & 15 : pair)
          }
          // Stretches are whole groups of two bytes.
          if literal.count % 2 == 1 { _ = try take(1) }
        }
      }
    }
    return indices
  }

  fileprivate mutating func readColours(_ header: BMPHeader) throws -> Picture {
    let rows = try rows(header)
    let channels = header.masks.count == 4 ? 4 : 3
    var picture = try Picture(width: header.width, height: header.height, channels: channels)
    let bytes = header.bits / 8
    let places = header.masks.map { mask in
      (shift: UInt32(mask.trailingZeroBitCount), most: mask >> UInt32(mask.trailingZeroBitCount))
    }
    try picture.withMutablePixels { pixels in
      for index in 0..<header.height {
        var target = header.row(index) * header.width * channels
        for x in 0..<header.width {
          let place = index * header.rowBytes + x * bytes
          if bytes == 3 {
            for channel in 0..<3 { pixels[target + channel] = rows[place + 2 - channel] }
          } else {
            var value: UInt32 = 0
            for byte in (0..<bytes).reversed() { value = value << 8 | UInt32(rows[place + byte]) }
            for channel in 0..<channels {
              let (shift, most) = places[channel]
              pixels[target + channel] = UInt8((value >> shift & most) * 255 / most)
            }
          }
          target += channels
        }
      }
    }
    return picture
  }

  /// All rows of the file.
  private mutating func rows(_ header: BMPHeader) throws -> UnsafeRawBufferPointer {
    let (count, overflows) = header.rowBytes.multipliedReportingOverflow(by: header.height)
    return try take(overflows ? .max : count)
  }
}
