import Glibc
import TestSupport
import Testing
import ZooKit
import ZooStore
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
    // A class has the colour of its boxes, with or without background in the mask.
    #expect(palette[1...].elementsEqual((0..<4).map { Colour(ofClass: $0) }))
    #expect(Colour.palette(of: 3) == (0..<3).map { Colour(ofClass: $0) })
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
    let around = try one.mirrored(in: Region(x: -2, y: -2, width: 4, height: 4))
    #expect(around.pixels == Array(repeating: 7, count: 16))
  }

  /// Mean and standard deviation.
  private func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
    let count = Double(values.count)
    let mean: Double = values.reduce(0, +) / count
    var squares = 0.0
    for value in values { squares += (value - mean) * (value - mean) }
    return (mean, (squares / count).squareRoot())
  }

  /// Each picture by its own statistics: mean 0, deviation 1, in every channel that is not
  /// constant.
  @Test func picturesAreStandardised() throws {
    let preprocessing = Preprocessing(
      resize: .none, channels: .bgr, mean: [0.4, 0.5, 0.6], std: [0.1, 0.2, 0.3],
      standardizes: true)
    var pictures: [Picture] = []
    for seed in 1...2 {
      let levels = (0..<189).map { index -> UInt8 in
        let level = index * 37 * seed + 5 * index / 3
        return index % 3 == 1 ? 90 : UInt8(level % 256)
      }
      pictures.append(try Picture(width: 9, height: 7, channels: 3, pixels: levels))
    }
    let values = try preprocessing.tensor(from: pictures).values.map(Double.init)
    for plane in 0..<6 {
      let (mean, deviation) = moments(Array(values[plane * 63..<(plane + 1) * 63]))
      #expect(abs(mean) < 1e-5)
      #expect(abs(deviation - (plane % 3 == 1 ? 0 : 1)) < 1e-5)
    }
    // Blue comes first.
    let pixels = pictures[0].pixels
    let blue = stride(from: 2, to: 189, by: 3).map { Double(pixels[$0]) }
    let (mean, deviation) = moments(blue)
    for (index, value) in blue.enumerated() {
      let expected: Double = (value - mean) / deviation
      #expect(abs(values[index] - expected) < 1e-5)
    }
    let read = try Preprocessing(preprocessing.json, in: "a record")
    #expect(read == preprocessing)
  }
}
