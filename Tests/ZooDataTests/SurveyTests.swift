import Foundation
import Testing
import ZooData
import ZooKit
import ZooVision

/// What a data set holds and what is wrong with it.
@Suite struct SurveyTests {
  /// A picture that no other resembles.
  private func scene(_ seed: Int, _ side: Int = 48) throws -> Picture {
    let random = Random(seed: UInt64(seed))
    var pixels = [UInt8](repeating: 0, count: side * side * 3)
    for index in 0..<8 {
      let (x, y) = (random.below(side, 4 * index), random.below(side, 4 * index + 1))
      let (extent, level) = (
        4 + random.below(side / 2, 4 * index + 2), random.below(256, 4 * index + 3)
      )
      for row in y..<min(side, y + extent) {
        for column in x..<min(side, x + extent) {
          for channel in 0..<3 { pixels[(row * side + column) * 3 + channel] = UInt8(level) }
        }
      }
    }
    return try Picture(width: side, height: side, channels: 3, pixels: pixels)
  }

  private func mirrored(_ picture: Picture) throws -> Picture {
    let bytes = picture.withPixels(Array.init)
    let width = picture.width
    return try Picture(
      width: width, height: picture.height, channels: 3,
      pixels: (0..<bytes.count).map { place in
        let (pixel, channel) = (place / 3, place % 3)
        return bytes[(pixel / width * width + width - 1 - pixel % width) * 3 + channel]
      })
  }

  @Test func countsAndFlaws() throws {
    let scratch = try Scratch()
    for index in 0..<6 { try scratch.write(scene(index), to: "train/ant/\(index).png") }
    for index in 6..<8 { try scratch.write(scene(index), to: "train/bee/\(index).png") }
    try scratch.write(scene(20, 64), to: "train/wasp/20.png")
    try scratch.write(scene(9), to: "val/ant/9.png")
    // The same bytes in both splits; a mirrored picture in another class.
    try scratch.write(scene(0), to: "val/ant/copy.png")
    try scratch.write(mirrored(scene(6)), to: "val/ant/mirrored.png")
    try scratch.write(Array("no picture".utf8), to: "val/bee/broken.png")
    let survey = try Dataset.open(scratch.path).surveyed()
    #expect(survey.classes.map(\.name) == ["ant", "bee", "wasp"])
    #expect(survey.classes.map(\.pictures) == [[6, 3], [2, 1], [1, 0]])
    #expect(survey.single == ["wasp"] && survey.imbalance == 9)
    #expect(survey.unreadable.map(\.picture) == ["val/bee/broken.png"])
    #expect(survey.smallest == Window.Size(48, 48) && survey.largest == Window.Size(64, 64))
    #expect(survey.sizes == 2 && survey.channels == [3: 12])
    #expect(survey.duplicates.count == 2)
    let copy = try #require(survey.duplicates.first { $0.second == "val/ant/copy.png" })
    #expect(copy.first == "train/ant/0.png" && copy.isSame && copy.isAcrossSplits)
    #expect(!copy.differsInClass)
    let other = try #require(survey.duplicates.first { $0.second == "val/ant/mirrored.png" })
    #expect(other.first == "train/bee/6.png" && !other.isSame && other.differsInClass)
  }

  @Test func boxesAndNumbersAreCounted() throws {
    let scratch = try Scratch()
    for index in 0..<3 { try scratch.write(scene(index), to: "\(index).png") }
    try scratch.write(
      "file,xmin,ymin,xmax,ymax,class\n0.png,1,1,9,9,bee\n0.png,2,2,9,9,bee\n1.png,1,1,5,5,ant\n"
        + "2.png,,,,,\n", to: "boxes.csv")
    let boxes = try Dataset.open("\(scratch.path)/boxes.csv").surveyed()
    #expect(boxes.classes.map(\.objects) == [1, 2] && boxes.classes.map(\.total) == [1, 1])
    #expect(boxes.unannotated == 1)
    try scratch.write("file,age\n0.png,3\n1.png,5\n2.png,40\n", to: "values.csv")
    let numbers = try Dataset.open("\(scratch.path)/values.csv").surveyed()
    #expect(numbers.classes.isEmpty && numbers.imbalance == nil)
    #expect(numbers.numbers.map(\.median) == [5] && numbers.numbers.map(\.greatest) == [40])
  }
}
