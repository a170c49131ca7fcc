import Foundation
import TestSupport
import Testing
import ZooKit
import ZooStore
import ZooVision

/// Malicious files: each is decoded or rejected with a `ZooError`, and a rejection costs little.
@Suite struct HostileTests {
  @Test(arguments: Sample.all)
  func everyTruncationIsRefused(_ sample: Sample) throws {
    let bytes = try Golden.bytes(of: sample.file)
    for part in 0..<64 {
      let cut = bytes.prefix(bytes.count * part / 64)
      let error = #expect(throws: ZooError.self) {
        try Picture(decoding: Array(cut), origin: "photo")
      }
      #expect(error?.kind == .corrupt)
      if cut.count >= 8 { #expect(error?.message == "photo is truncated") }
    }
  }

  @Test(arguments: [".jpg", ".png"])
  func mutantsAreDecodedOrRefused(_ ending: String) throws {
    let files = try Sample.all.map(\.file).filter { $0.hasSuffix(ending) }.map(Golden.bytes(of:))
    var refused = 0
    for seed in Torture.rounds(2_000) {
      let random = Random(seed: 7).key(ending).key(seed)
      var bytes = files[seed % files.count]
      for draw in 0...random.below(6, 0) {
        let place = random.below(bytes.count, 3 * draw + 1)
        if random.below(2, 3 * draw + 2) == 0 {
          bytes[place] ^= 1 << UInt8(random.below(8, 3 * draw + 3))
        } else {
          bytes[place] = UInt8(random.below(256, 3 * draw + 3))
        }
        // A mutant with a wrong chunk checksum does not test the code behind the check.
        if ending == ".png", seed % 2 == 0 { bytes = PNG.repaired(bytes) }
      }
      do {
        let picture = try Picture(decoding: bytes, origin: "mutant")
        #expect(picture.pixels.count == picture.count)
      } catch is ZooError {
        refused += 1
      }
    }
    let count = Torture.rounds(2_000).count
    #expect(refused > count / 10 && refused < count)
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let message: String
    var testDescription: String { name }

    static let all = [
      Refusal(
        name: "50,000 squared",
        bytes: PNG.file(PNG.header(50_000, 50_000), PNG.data(count: 100)),
        message: "x: 50000×50000 pixels, at most 100000000 are decoded (raise with --pixel-limit)"),
      Refusal(
        name: "a million squared",
        bytes: PNG.file(PNG.header(1_000_000, 1_000_000), PNG.data(count: 100)),
        message: "x: 1000000×1000000 pixels, "
          + "at most 100000000 are decoded (raise with --pixel-limit)"),
      Refusal(
        name: "a promise that no file of this size keeps",
        bytes: PNG.file(PNG.header(10_000, 10_000), PNG.data(count: 10_000)),
        message: "x is truncated"),
      Refusal(
        name: "no pixels", bytes: PNG.file(PNG.header(0, 0)),
        message: "x is damaged: Invalid IHDR data"),
      Refusal(
        name: "a JPEG of 65,500 squared", bytes: JPEG.file(65_500, 65_500),
        message: "x: 65500×65500 pixels, at most 100000000 are decoded (raise with --pixel-limit)"),
      Refusal(
        name: "a JPEG's promise", bytes: JPEG.file(10_000, 10_000), message: "x is truncated"),
      Refusal(
        name: "a progressive JPEG's promise", bytes: JPEG.file(9_000, 9_000, frame: 0xC2),
        message: "x is truncated"),
      Refusal(
        name: "10,000 scans", bytes: JPEG.file(8, 8, scans: 10_000),
        message: "x is damaged: more than 100 scans"),
      Refusal(
        name: "12 bits", bytes: JPEG.file(8, 8, precision: 12, frame: 0xC1),
        message: "x is damaged: Unsupported JPEG data precision 12"),
      Refusal(
        name: "no rows", bytes: JPEG.file(8, 0),
        message: "x is damaged: Empty JPEG image (DNL not supported)"),
      Refusal(
        name: "arithmetic coding", bytes: JPEG.file(8, 8, frame: 0xC9),
        message: "x is damaged: arithmetic coding is not read"),
      Refusal(name: "nothing", bytes: [], message: "x is empty"),
      Refusal(
        name: "words", bytes: Array("BM is how many texts begin".utf8),
        message: "x is not a JPEG, PNG, TIFF, WebP, BMP or GIF picture"),
      Refusal(
        name: "a GIF of 65,535 squared", bytes: GIF.file(65_535, 65_535),
        message: "x: 65535×65535 pixels, at most 100000000 are decoded (raise with --pixel-limit)"),
      Refusal(
        name: "a GIF's promise", bytes: GIF.file(9_000, 9_000), message: "x is truncated"),
      Refusal(
        name: "a GIF's frame without pixels", bytes: GIF.file(0, 9),
        message: "x is damaged: a frame of 0×9"),
      Refusal(
        name: "a BMP of two thousand million squared", bytes: BMP.file(.max, .max),
        message: "x: 2147483647×2147483647 pixels, "
          + "at most 100000000 are decoded (raise with --pixel-limit)"),
      Refusal(
        name: "a BMP's promise", bytes: BMP.file(10_000, -10_000), message: "x is truncated"),
      Refusal(
        name: "a BMP of no rows", bytes: BMP.file(8, 0), message: "x is damaged: 8×0 pixels"),
      Refusal(
        name: "a BMP of the least number of rows", bytes: BMP.file(1, .min),
        message: "x: 1×2147483648 pixels, "
          + "at most 100000000 are decoded (raise with --pixel-limit)"),
      Refusal(
        name: "a BMP of 5 bits", bytes: BMP.file(8, 8, bits: 5),
        message: "x is damaged: 5 bits with compression 0"),
      Refusal(
        name: "a TIFF of a million squared", bytes: TIFF.file(1_000_000, 1_000_000),
        message: "x: 1000000×1000000 pixels, "
          + "at most 100000000 are decoded (raise with --pixel-limit)"),
      Refusal(
        name: "a TIFF of floats", bytes: TIFF.file(8, 8, bits: 32, format: 3),
        message: "x is damaged: samples of floating point (32 bits) are not read"),
      Refusal(
        name: "a TIFF of 9 channels", bytes: TIFF.file(8, 8, samples: 9),
        message: "x is damaged: 9 channels are not read, at most 4"),
    ]
  }

  @Test(arguments: Refusal.all)
  func isRefused(_ refusal: Refusal) throws {
    let error = #expect(throws: ZooError.self) {
      try Picture(decoding: refusal.bytes, origin: "x")
    }
    #expect(error == .corrupt(refusal.message))
  }

  /// In a separate process, because memory is measured per process.
  @Test func refusalsCostLittleMemory() async {
    await #expect(processExitsWith: .success) {
      func peak() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss
      }
      let refusals = Refusal.all
      let bombs = [PNG.bomb("zTXt"), PNG.bomb("iCCP")]
      let before = peak()
      for refusal in refusals { _ = try? Picture(decoding: refusal.bytes, origin: "x") }
      for bomb in bombs { _ = try Picture(decoding: bomb, origin: "x") }
      let kilobytes = peak() - before
      exit(kilobytes < 16 << 10 ? 0 : 1)
    }
  }

  @Test func whatIsNotThePictureIsSkipped() throws {
    for kind in ["zTXt", "iCCP"] {
      let picture = try Picture(decoding: PNG.bomb(kind), origin: "bomb")
      #expect(picture.pixels == [0, 0, 0])
    }
  }

  @Test func theHandMadeFilesAreSound() throws {
    let grey = try Picture(decoding: JPEG.file(20, 9), origin: "x")
    #expect(grey.pixels == Array(repeating: 128, count: 540))
    #expect(try Picture(decoding: JPEG.file(8, 8, scans: 99), origin: "x").width == 8)
  }

  @Test func theLimitIsTheCallers() throws {
    let file = Golden.sample("rgb-420.jpg")
    #expect(try Picture(contentsOf: file, pixelLimit: 61 * 47).width == 61)
    #expect(
      throws: ZooError.corrupt(
        "\(file): 61×47 pixels, at most 2866 are decoded (raise with --pixel-limit)")
    ) { try Picture(contentsOf: file, pixelLimit: 2866) }
  }

  @Test func missingFilesAndFolders() throws {
    for path in ["/nowhere/photo.jpg", Golden.folder] {
      let error = #expect(throws: ZooError.self) { try Picture(contentsOf: path) }
      #expect(error?.kind == .notFound)
      #expect(error?.message.contains(path) == true)
    }
  }
}

/// GIF files that end with the first byte of their pixels.
enum GIF {
  static func file(_ width: Int, _ height: Int) -> [UInt8] {
    let size = [width & 255, width >> 8, height & 255, height >> 8].map { UInt8($0) }
    return Array("GIF89a".utf8) + size + [0, 0, 0, 0x2C, 0, 0, 0, 0] + size + [0, 8]
  }
}

/// BMP files without pixels.
enum BMP {
  static func file(_ width: Int32, _ height: Int32, bits: UInt8 = 24) -> [UInt8] {
    func bytes(_ number: Int32) -> [UInt8] {
      (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
    return Array("BM".utf8) + bytes(54) + bytes(0) + bytes(54) + bytes(40) + bytes(width)
      + bytes(height) + [1, 0, bits, 0] + [UInt8](repeating: 0, count: 24)
  }
}

/// TIFF files whose one strip has no byte.
enum TIFF {
  static func file(
    _ width: Int, _ height: Int, bits: Int = 8, samples: Int = 1, format: Int = 1
  ) -> [UInt8] {
    func bytes(_ number: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
    let entries = [
      (256, width), (257, height), (258, bits), (259, 1), (262, 1), (273, 8), (277, samples),
      (278, height), (279, 0), (339, format),
    ]
    return [0x49, 0x49, 42, 0] + bytes(8, 4) + bytes(entries.count, 2)
      + entries.flatMap { bytes($0.0, 2) + bytes(4, 2) + bytes(1, 4) + bytes($0.1, 4) }
      + bytes(0, 4)
  }
}

/// PNG files, chunk by chunk.
enum PNG {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  static func bigEndian(_ number: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
  }

  static func checksum(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    let crc = bytes.reduce(~0 as UInt32) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1) * 0xEDB8_8320 }
    }
    return bigEndian(Int(~crc))
  }

  static func chunk(_ kind: String, _ body: [UInt8]) -> [UInt8] {
    bigEndian(body.count) + kind.utf8 + body + checksum(Array(kind.utf8) + body)
  }

  static func header(_ width: Int, _ height: Int) -> [UInt8] {
    chunk("IHDR", bigEndian(width) + bigEndian(height) + [8, 2, 0, 0, 0])
  }

  /// Zeros, packed 158 to 1 with the fixed code: a literal, then runs of 258.
  static func data(count: Int, kind: String = "IDAT", after prefix: [UInt8] = []) -> [UInt8] {
    chunk(kind, prefix + zeros(count))
  }

  static func zeros(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = [0x78, 0x01]
    var (bits, filled) = (0 as UInt64, 0 as UInt64)
    func put(_ code: UInt64, _ length: UInt64) {
      bits |= code << filled
      filled += length
      while filled >= 8 {
        bytes.append(UInt8(truncatingIfNeeded: bits))
        (bits, filled) = (bits >> 8, filled - 8)
      }
    }
    put(0b011, 3)  // the last block, fixed codes
    var left = count
    while left > 0 {
      if left > 258, left < count {
        put(0b1010_0011, 8)  // length 258, the code mirrored
        put(0, 5)  // distance 1
        left -= 258
      } else {
        put(0b0000_1100, 8)  // a zero
        left -= 1
      }
    }
    put(0, 7 + 7)  // the end, and the rest of a byte
    return bytes + bigEndian(count % 65521 << 16 | 1)  // Adler's sums over zeros
  }

  static func file(_ chunks: [UInt8]...) -> [UInt8] {
    signature + chunks.joined() + chunk("IEND", [])
  }

  /// One black pixel, and a chunk of another kind with 200 MB of zeros.
  static func bomb(_ kind: String) -> [UInt8] {
    file(
      header(1, 1), data(count: 200_000_000, kind: kind, after: Array("x\0\0".utf8)),
      chunk("IDAT", [0x78, 0x01, 1, 4, 0, 0xFB, 0xFF, 0, 0, 0, 0, 0, 4, 0, 1]))
  }

  /// The same chunks with correct checksums.
  static func repaired(_ bytes: [UInt8]) -> [UInt8] {
    var (bytes, place) = (bytes, 8)
    while place + 12 <= bytes.count {
      let count = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      guard place + 12 + count <= bytes.count else { break }
      let end = place + 8 + count
      bytes.replaceSubrange(end..<end + 4, with: checksum(bytes[place + 4..<end]))
      place = end + 4
    }
    return bytes
  }
}

/// The smallest JPEG: three channels in separate scans, with one bit for a constant and one for the
/// end of each block.
enum JPEG {
  static func file(
    _ width: Int, _ height: Int, scans: Int = 3, precision: UInt8 = 8, frame: UInt8 = 0xC0
  ) -> [UInt8] {
    func segment(_ marker: UInt8, _ body: [UInt8]) -> [UInt8] {
      [0xFF, marker, UInt8((body.count + 2) >> 8), UInt8((body.count + 2) & 255)] + body
    }
    func big(_ number: Int) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 255)] }
    let code: [UInt8] = [1] + Array(repeating: 0, count: 15) + [0]
    var bytes: [UInt8] = [0xFF, 0xD8]
    bytes += segment(0xDB, [0] + Array(repeating: 1, count: 64))
    bytes += segment(
      frame,
      [precision] + big(height) + big(width) + [3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0])
    bytes += segment(0xC4, [0x00] + code) + segment(0xC4, [0x10] + code)
    let blocks = (width + 7) / 8 * ((height + 7) / 8)
    let bits = min(2 * blocks, 64)
    var data = Array(repeating: 0 as UInt8, count: (bits + 7) / 8)
    if bits % 8 != 0 { data[bits / 8] = 0xFF >> UInt8(bits % 8) }
    for scan in 0..<scans {
      bytes += segment(0xDA, [1, UInt8(scan % 3 + 1), 0, 0, frame == 0xC2 ? 0 : 63, 0]) + data
    }
    return bytes + [0xFF, 0xD9]
  }
}
