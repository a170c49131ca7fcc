import Glibc
import TestSupport
import Testing
import ZooKit
import ZooVision

/// Pictures whose samples are classes.
@Suite struct MaskTests {
  @Test func masksKeepTheirIndicesAndShowColours() throws {
    let classes = (0..<30).map { UInt8($0 % 5) }
    let mask = try Picture(width: 6, height: 5, channels: 1, pixels: classes)
    let palette = Colour.palette(of: 5, background: 0)
    let path = "/tmp/zoo-mask-\(UInt64.random(in: 0 ... .max)).png"
    try mask.write(png: path, palette: palette)
    defer { unlink(path) }
    let file = try RandomAccessFile(path)
    let bytes = try file.read(at: 0, count: file.size)
    // IHDR: 8 bits of colour type 3, indices.
    #expect(bytes[24] == 8 && bytes[25] == 3)
    let seen = try Picture(contentsOf: path)
    #expect(seen.channels == 3)
    let expected = classes.flatMap { index in
      [palette[Int(index)].red, palette[Int(index)].green, palette[Int(index)].blue]
    }
    #expect(seen.pixels == expected)
    #expect(palette[0] == .black && Set(palette).count == 5)
  }

  @Test func aPaletteMustReachFarEnough() throws {
    let mask = try Picture(width: 2, height: 1, channels: 1, pixels: [0, 5])
    #expect(throws: ZooError.self) { try mask.write(png: "/tmp/x.png", palette: [.black]) }
    let colours = try Picture(width: 2, height: 1, channels: 3)
    #expect(throws: ZooError.self) {
      try colours.write(png: "/tmp/x.png", palette: Colour.palette(of: 4))
    }
  }

  @Test func aMirrorRepeatsNoBorder() throws {
    let line = try Picture(width: 4, height: 1, channels: 1, pixels: [1, 2, 3, 4])
    let seen = try line.mirrored(in: Region(x: -5, y: -1, width: 14, height: 3)).pixels
    let row: [UInt8] = [2, 3, 4, 3, 2, 1, 2, 3, 4, 3, 2, 1, 2, 3]
    #expect(seen == row + row + row)
    let colours = try Picture(width: 2, height: 1, channels: 3, pixels: [1, 2, 3, 4, 5, 6])
    #expect(
      try colours.mirrored(in: Region(x: -1, y: 0, width: 3, height: 1)).pixels
        == [4, 5, 6, 1, 2, 3, 4, 5, 6])
    let one = try Picture(width: 1, height: 1, channels: 1, pixels: [7])
    #expect(try one.mirrored(in: Region(x: -2, y: -2, width: 4, height: 4)).pixels.allSatisfy { $0 == 7 })
  }
}
