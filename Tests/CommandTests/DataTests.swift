import Foundation
import ModelZoo
import TestSupport
import Testing

extension CommandLineTests {
  /// `zoo data` on pictures of bags and trousers, two of which have the other's label.
  @Suite struct DataTests {
    /// - Parameter alike: whether the pictures of a class differ in one pixel only.
    private func write(_ workspace: Workspace, alike: Bool = false) throws {
      for name in ["shapes", "shapes/bag", "shapes/trousers"] { mkdir(workspace[name], 0o777) }
      for index in 0..<40 {
        let isBag = index % 2 == 0
        let texture = alike ? 1 : index
        let (a, b, c) = alike ? (0, 0, 0) : (index * 7 % 5, index * 5 % 4, index * 3 % 6)
        var pixels = (0..<28 * 28).map { place -> UInt8 in
          let (x, y) = (place % 28, place / 28)
          let isInk =
            isBag
            ? (3 + a..<25 - b).contains(x) && (11 + c / 2..<24).contains(y)
            : (2 + a / 2..<26 - b / 2).contains(y)
              && ((8 + b / 2..<13).contains(x) || (15..<20 - c / 3).contains(x))
          return UInt8(isInk ? 120 + (texture * 31 + x * y * 7) % 110 : (texture * x + y * 3) % 9)
        }
        if alike { pixels[0] = UInt8(index) }
        let isSwapped = index == 6 || index == 7
        let folder = isBag != isSwapped ? "bag" : "trousers"
        try Picture(width: 28, height: 28, channels: 1, pixels: pixels)
          .write(png: workspace["shapes/\(folder)/\(index).png"])
      }
    }

    @Test func wrongLabelsAreSuspected() throws {
      let workspace = Workspace()
      try write(workspace)
      let run = try workspace.zoo(
        "data", "shapes", "--model", "resnet20.fashion", "--json", "--quiet")
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      let report = try run.json
      #expect(
        report.keys == [
          "data", "kind", "task", "splits", "classes", "imbalance", "single", "unannotated",
          "sizes", "unreadable", "duplicates", "warnings", "suspects",
        ])
      let found = report["suspects"]?.list?.compactMap { $0["picture"]?.string } ?? []
      #expect(Set(found) == ["bag/7.png", "trousers/6.png"], "\(run.output)")
      #expect(
        report["suspects"]?.list?.first?.keys
          == ["picture", "class", "probability", "likely", "likelyProbability"])
      // The same answer every time.
      #expect(
        try workspace.zoo("data", "shapes", "--model", "resnet20.fashion", "--json", "--quiet")
          .output
          == run.output)
      let text = try workspace.zoo("data", "shapes", "--model", "resnet20.fashion", "--quiet")
      #expect(text.status == 0 && text.output.contains("labels that are probably wrong:"))
      #expect(text.output.contains("every picture has 28×28 pixels; 40 grey"), "\(text.output)")
    }

    /// Where all pictures of a class look alike, they are still spread over the folds.
    @Test func aClassOfNearDuplicatesIsNoGroup() throws {
      let workspace = Workspace()
      try write(workspace, alike: true)
      let run = try workspace.zoo(
        "data", "shapes", "--model", "resnet20.fashion", "--json", "--quiet")
      let report = try run.json
      #expect((report["duplicates"]?.list?.count ?? 0) > 20, "\(run.output)")
      let found = report["suspects"]?.list?.compactMap { $0["picture"]?.string } ?? []
      #expect(Set(found) == ["bag/7.png", "trousers/6.png"], "\(found)")
    }

    @Test func itNeedsClassesToSuspect() throws {
      let workspace = try Workspace.furnished()
      mkdir(workspace["faces"], 0o777)
      try Picture(width: 8, height: 8, channels: 1, pixels: (0..<64).map { UInt8($0 * 3) })
        .write(png: workspace["faces/1.png"])
      try workspace.write("file,age\n1.png,3\n", to: "faces/values.csv")
      let run = try workspace.zoo("data", "faces", "--model", "resnet20.fashion", "--quiet")
      #expect(run.status == 64 && run.error?.contains("faces") == true, "\(run.errors)")
      #expect(try workspace.zoo("data", "none").status == 66)
      let plain = try workspace.zoo("data", "faces")
      #expect(plain.status == 0 && plain.output.contains("age"), "\(plain.output)")
    }
  }
}
