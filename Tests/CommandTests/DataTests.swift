import Foundation
import ModelZoo
import TestSupport
import Testing

extension CommandLineTests {
  /// `zoo data` on pictures of rings and crosses, two of which have the other's label.
  @Suite struct DataTests {
    private func write(_ workspace: Workspace) throws {
      for name in ["shapes", "shapes/ring", "shapes/cross"] { mkdir(workspace[name], 0o777) }
      for index in 0..<40 {
        let isRing = index % 2 == 0
        let (x, y) = (Double(10 + index * 7 % 9), Double(10 + index * 5 % 9))
        let level = UInt8(130 + index * 3)
        let pixels = (0..<28 * 28).map { place -> UInt8 in
          let (dx, dy) = (Double(place % 28) - x, Double(place / 28) - y)
          let isInk =
            isRing
            ? abs((dx * dx + dy * dy).squareRoot() - 7) < 1.5
            : min(abs(dx), abs(dy)) < 1.5 && max(abs(dx), abs(dy)) < 8
          return isInk ? level : UInt8(index * place % 23)
        }
        let isSwapped = index == 6 || index == 7
        let folder = isRing != isSwapped ? "ring" : "cross"
        try Picture(width: 28, height: 28, channels: 1, pixels: pixels)
          .write(png: workspace["shapes/\(folder)/\(index).png"])
      }
    }

    @Test func wrongLabelsAreSuspected() throws {
      let workspace = Workspace()
      try write(workspace)
      let run = try workspace.zoo("data", "shapes", "--model", "resnet20.fashion", "--json")
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      let report = try run.json
      #expect(
        report.keys == [
          "data", "kind", "task", "splits", "classes", "imbalance", "single", "unannotated",
          "sizes", "unreadable", "duplicates", "warnings", "suspects",
        ])
      let found = report["suspects"]?.list?.compactMap { $0["picture"]?.string } ?? []
      #expect(Set(found.prefix(2)) == ["cross/6.png", "ring/7.png"], "\(run.output)")
      #expect(found.count <= 4, "\(run.output)")
      #expect(
        report["suspects"]?.list?.first?.keys
          == ["picture", "class", "probability", "likely", "likelyProbability"])
      // The same answer every time.
      #expect(
        try workspace.zoo("data", "shapes", "--model", "resnet20.fashion", "--json").output
          == run.output)
      let text = try workspace.zoo("data", "shapes", "--model", "resnet20.fashion", "--quiet")
      #expect(text.status == 0 && text.output.contains("labels that are probably wrong:"))
      #expect(text.output.contains("every picture has 28×28 pixels; 40 grey"), "\(text.output)")
    }

    @Test func itNeedsClassesToSuspect() throws {
      let workspace = try Workspace.furnished()
      mkdir(workspace["faces"], 0o777)
      try Picture(width: 8, height: 8, channels: 1, pixels: (0..<64).map { UInt8($0 * 3) })
        .write(png: workspace["faces/1.png"])
      try workspace.write("file,age\n1.png,3\n", to: "faces/values.csv")
      let run = try workspace.zoo("data", "faces", "--model", "resnet20.fashion")
      #expect(run.status == 64 && run.error?.contains("faces") == true, "\(run.errors)")
      #expect(try workspace.zoo("data", "none").status == 66)
      let plain = try workspace.zoo("data", "faces")
      #expect(plain.status == 0 && plain.output.contains("age"), "\(plain.output)")
    }
  }
}
