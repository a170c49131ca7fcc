import TestSupport
import Testing
import ZooKit
import ZooStore
import ZooVision

@Suite struct PreprocessingTests {
  static func imageNet(
    _ resize: Preprocessing.Resize, crop: Window.Size?,
    _ interpolation: Preprocessing.Interpolation = .bilinear
  ) -> Preprocessing {
    Preprocessing(
      resize: resize, interpolation: interpolation, crop: crop, mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225])
  }

  struct Pipeline: Decodable, CustomTestStringConvertible {
    let from, crop, resize: [Int]
    let interpolation, digest, normalised: String
    var testDescription: String { "\(from) resized to \(resize) cropped to \(crop)" }
  }

  @Test(arguments: Golden.records("pipelines") as [Pipeline])
  func equalsTorchvision(_ pipeline: Pipeline) throws {
    let sides = pipeline.resize
    let preprocessing = Self.imageNet(
      sides.isEmpty
        ? .none
        : sides.count == 1 ? .shorterSide(sides[0]) : .exact(height: sides[0], width: sides[1]),
      crop: pipeline.crop.isEmpty ? nil : .init(pipeline.crop[0], pipeline.crop[1]),
      try #require(Preprocessing.Interpolation(rawValue: pipeline.interpolation)))
    let picture = try synthetic(pipeline.from[0], pipeline.from[1], pipeline.from[2])
    #expect(try digest(preprocessing.applied(to: picture)) == pipeline.digest)
    #expect(try digest(preprocessing.tensor(from: picture)) == pipeline.normalised)
  }

  @Test(.enabled(if: Fixtures.areHere, "the fixtures are not here"))
  func photosEqualTorchvision() throws {
    let preprocessing = Self.imageNet(.shorterSide(256), crop: 224)
    var count = 0
    for photo in Golden.records("photos") as [Photo] where photo.count == 4 {
      let picture = try Picture(contentsOf: Fixtures.path(photo[0]), orient: false)
      #expect(try digest(preprocessing.applied(to: picture)) == photo[2], "\(photo[0])")
      #expect(try digest(preprocessing.tensor(from: picture)) == photo[3], "\(photo[0])")
      count += 1
    }
    #expect(count > 400)
  }

  /// All 8-bit levels with the arithmetic of three frameworks.
  @Test func arithmeticIsExact() throws {
    let golden: [String: String] = Golden.records("arithmetic")
    let levels = try Picture(
      width: 16, height: 16, channels: 3, pixels: (0..<768).map { UInt8($0 / 3) })
    let caffe = Preprocessing(
      resize: .none, channels: .bgr, scale: 1, mean: [103.939, 116.779, 123.68], std: [1, 1, 1])
    let signed = Preprocessing(
      resize: .none, scale: 1 / 127.5, mean: [1, 1, 1], std: [1, 1, 1])
    let imageNet = Self.imageNet(.none, crop: nil)
    for (name, preprocessing) in ["imagenet": imageNet, "caffe": caffe, "signed": signed] {
      #expect(try digest(preprocessing.tensor(from: levels)) == golden[name])
      // As stored in a checkpoint: decimals must not turn the division into a product.
      let kept = try Preprocessing(preprocessing.json, in: name)
      #expect(try digest(kept.tensor(from: levels)) == golden[name])
    }
    let written = #"""
      {"scale": 0.00392156862745098, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
      """#
    let byHand = try Preprocessing(JSON(parsing: written, origin: ""), in: "catalogue")
    #expect(try digest(byHand.tensor(from: levels)) == golden["imagenet"])
  }

  @Test func channelsGoWhereTheyBelong() throws {
    let pixel = try Picture(width: 1, height: 1, channels: 4, pixels: [200, 100, 50, 0])
    var preprocessing = Preprocessing(
      resize: .none, channels: .rgb, scale: 1, mean: [0, 0, 0], std: [1, 1, 2])
    #expect(try preprocessing.tensor(from: pixel).values == [200, 100, 25])
    preprocessing.channels = .bgr
    #expect(try preprocessing.tensor(from: pixel).values == [50, 100, 100])
    (preprocessing.channels, preprocessing.mean, preprocessing.std) = (.grey, [24], [10])
    #expect(try preprocessing.tensor(from: pixel).values == [10])
    #expect(try preprocessing.tensor(from: pixel).shape == [1, 1, 1])
    preprocessing.channels = .rgb
    #expect(throws: ZooError.self) { try preprocessing.tensor(from: pixel) }
  }

  @Test func aBatchIsItsPictures() throws {
    let preprocessing = Self.imageNet(.shorterSide(32), crop: 28)
    let pictures = try [synthetic(50, 40, 3), synthetic(33, 90, 3), synthetic(28, 28, 1)]
    let batch = try preprocessing.tensor(from: pictures)
    #expect(batch.shape == [3, 3, 28, 28])
    #expect(try batch.values == pictures.flatMap { try preprocessing.tensor(from: $0).values })
    let uncropped = Self.imageNet(.shorterSide(32), crop: nil)
    let error = #expect(throws: ZooError.self) { try uncropped.tensor(from: pictures) }
    #expect(error?.message.contains("picture 2") == true)
    #expect(throws: ZooError.self) { try preprocessing.tensor(from: []) }
  }

  @Test func pointsFindTheirWayBack() throws {
    let placement = try Self.imageNet(.shorterSide(256), crop: 224)
      .placement(of: .init(480, 640))
    #expect(placement.resized == .init(256, 341))
    #expect(placement.shown == Region(x: 58, y: 16, width: 224, height: 224))
    let corner = placement.pictureCoordinates(x: 0, y: 0)
    #expect(corner.y == 30)
    #expect(abs(corner.x - 58 * 640 / 341) < 1e-9)
    let back = placement.inputCoordinates(x: corner.x, y: corner.y)
    #expect(abs(back.x) < 1e-9 && abs(back.y) < 1e-9)
    // Letterboxed: the first 52 rows show padding.
    let letterbox = Placement(
      picture: .init(600, 800), resized: .init(312, 416),
      shown: Region(x: 0, y: -52, width: 416, height: 416))
    #expect(letterbox.pictureCoordinates(x: 208, y: 208) == (400, 300))
    #expect(letterbox.pictureCoordinates(x: 0, y: 0).y == -100)
  }

  /// torchvision's detectors: 800 and 1333, in float64 and rounded down.
  @Test(arguments: [
    ([425, 640], [800, 1204]), ([640, 425], [1204, 800]), ([480, 640], [800, 1066]),
    ([100, 1000], [133, 1333]), ([1, 1], [800, 800]), ([1, 5000], [1, 1333]),
    ([6000, 8000], [800, 1066]),
  ])
  func picturesFitWithinTwoSides(picture: [Int], resized: [Int]) throws {
    let placement = try Self.imageNet(.within(shorter: 800, longer: 1333), crop: nil)
      .placement(of: .init(picture[0], picture[1]))
    #expect(placement.resized == .init(resized[0], resized[1]))
    #expect(placement.shown == Region(x: 0, y: 0, width: resized[1], height: resized[0]))
    let (x, y) = placement.pictureCoordinates(x: Double(resized[1]), y: Double(resized[0]))
    #expect(abs(x - Double(picture[1])) < 1e-9 && abs(y - Double(picture[0])) < 1e-9)
  }

  @Test(arguments: [
    ([600, 800], [312, 416], [0, -52]), ([800, 600], [416, 312], [-52, 0]),
    ([416, 416], [416, 416], [0, 0]), ([3, 1000], [1, 416], [0, -207]),
  ])
  func lettersFitTheirBox(picture: [Int], resized: [Int], corner: [Int]) throws {
    let box = Preprocessing(
      resize: .letterbox(height: 416, width: 416, level: 128), mean: [0, 0, 0], std: [1, 1, 1])
    let placement = try box.placement(of: .init(picture[0], picture[1]))
    #expect(placement.resized == .init(resized[0], resized[1]))
    #expect(placement.shown == Region(x: corner[0], y: corner[1], width: 416, height: 416))
    let input = try box.tensor(from: synthetic(picture[1], picture[0], 3))
    #expect(input.shape == [3, 416, 416])
    let grey = Float(128) / 255
    #expect((input.values[0] == grey) == (corner != [0, 0]))
    #expect((input.values[input.count - 1] == grey) == (corner != [0, 0]))
    for point in [(0.0, 0.0), (7.5, 2.25)] {
      let (x, y) = placement.inputCoordinates(x: point.0, y: point.1)
      let back = placement.pictureCoordinates(x: x, y: y)
      #expect(abs(back.x - point.0) < 1e-9 && abs(back.y - point.1) < 1e-9)
    }
  }

  @Test func batchesOfUnequalPicturesArePadded() throws {
    var preprocessing = Self.imageNet(.within(shorter: 20, longer: 40), crop: nil, .sampled)
    preprocessing.multiple = 32
    let pictures = try [synthetic(50, 40, 3), synthetic(33, 90, 3)]
    // A line of pixels is large enough for a network that halves five times.
    preprocessing.multiple = 8
    #expect(try preprocessing.padded([synthetic(1, 300, 3)]).tensor.shape == [1, 3, 40, 32])
    preprocessing.multiple = 32
    let (batch, placements) = try preprocessing.padded(pictures)
    #expect(placements.map(\.resized) == [.init(20, 25), .init(40, 14)])
    #expect(batch.shape == [2, 3, 64, 32])
    for (item, picture) in pictures.enumerated() {
      let alone = try preprocessing.padded([picture]).tensor
      let size = placements[item].resized
      for channel in 0..<3 {
        for row in 0..<64 {
          for column in 0..<32 {
            let value = batch.values[((item * 3 + channel) * 64 + row) * 32 + column]
            if row >= size.height || column >= size.width {
              #expect(value == 0)
            } else {
              let height = alone.shape[2]
              #expect(value == alone.values[(channel * height + row) * 32 + column])
            }
          }
        }
      }
    }
    // The same in 8 bits, where rounding is off by at most half a level.
    let rounded = try preprocessing.applied(to: pictures[0])
    #expect(rounded.size == .init(20, 25))
    let level = (batch.values[3 * 32 + 7] * 0.229 + 0.485) * 255
    #expect(abs(level - Float(rounded.pixels[(3 * 25 + 7) * 3])) <= 0.501)
  }

  @Test func recordsKeepTheRuleOfDetectors() throws {
    var within = Self.imageNet(.within(shorter: 800, longer: 1333), crop: nil, .sampled)
    within.multiple = 32
    let box = Self.imageNet(.letterbox(height: 416, width: 608, level: 127), crop: nil)
    for record in [within, box] {
      #expect(try Preprocessing(record.json, in: "record") == record)
    }
    let rest = #""scale": 1, "mean": [0, 0, 0], "std": [1, 1, 1]}"#
    for wrong in [
      #"{"longest": 5, "#, #"{"resize": [1, 2], "longest": 5, "#,
      #"{"resize": [1], "longest": 0, "#,
      #"{"resize": [5], "borders": 1, "#, #"{"resize": [5, 5], "borders": 256, "#,
      #"{"resize": [5], "multiple": 0, "#, #"{"resize": [65536], "longest": 65536, "#,
      #"{"resize": [5, 5], "longest": 5, "borders": 1, "#,
    ] {
      #expect(throws: ZooError.self, "\(wrong)") {
        try Preprocessing(JSON(parsing: wrong + rest, origin: ""), in: "record")
      }
    }
  }

  @Test func halvesRoundToEven() throws {
    func left(_ width: Int, _ crop: Int) throws -> Int {
      try Self.imageNet(.none, crop: .init(1, crop)).placement(of: .init(1, width)).shown.x
    }
    #expect(try left(11, 10) == 0)
    #expect(try left(13, 10) == 2)
    #expect(try left(15, 10) == 2)
    #expect(try left(10, 13) == -1)
  }
}
