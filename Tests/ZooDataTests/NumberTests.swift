import Foundation
import TestSupport
import Testing
import ZooData
import ZooKit
import ZooVision

private func values(_ item: Item) -> [Float] {
  if case .values(let values) = item.annotation { values } else { [] }
}

private func table(_ data: Dataset, _ split: String) -> [String: [Float]] {
  Dictionary(
    uniqueKeysWithValues: (data[split]?.items ?? []).map { ($0.name, values($0)) })
}

/// Numbers beside pictures, in a table.
@Suite struct NumberTableTests {
  @Test(arguments: [
    "file,yaw,pitch\n1.png,10,-2.5\n2.png,1e1,0\n",
    "\u{FEFF}file;yaw;pitch\r\n1.png;10;-2,5\r\n2.png;10,0;0\r\n",
    "\"file\"\t\"yaw\"\t\"pitch\"\n\"1.png\"\t\"10\"\t\"-2.5\"\n\n\"2.png\"\t10\t0",
    "yaw, pitch, Image\r10, -2.5, ./1.png\r10, 0, 2\r",
  ])
  func readsWhatSpreadsheetsWrite(_ text: String) throws {
    let scratch = try Scratch()
    for name in ["1.png", "2.png"] { try scratch.picture(name) }
    try scratch.write(text, to: "values.csv")
    let data = try Dataset.open(scratch.path)
    #expect(data.kind == .numbers && data.task == .regression)
    #expect(data.classes == ["yaw", "pitch"] && data.warnings.isEmpty)
    #expect(table(data, "all") == ["1.png": [10, -2.5], "2.png": [10, 0]])
    #expect(data.description.contains("2 numbers (yaw, pitch); all 2 pictures"))
    let sample = try #require(data["all"]?.items.first).sample()
    guard case .values(let numbers) = sample.truth else {
      Issue.record("\(sample.truth)")
      return
    }
    #expect(numbers == [10, -2.5])
  }

  @Test func quotesHoldAnything() throws {
    let scratch = try Scratch()
    try scratch.picture("a, \"b\".png")
    try scratch.write(
      "file,\"the \"\"age\"\"\",note\n\"a, \"\"b\"\".png\",3,\"two\nlines\"\n", to: "labels.csv")
    let data = try Dataset.open(scratch.path)
    #expect(data.classes == ["the \"age\""])
    #expect(table(data, "all") == ["a, \"b\".png": [3]])
    #expect(data.warnings.count == 1 && data.warnings[0].contains("“note” contains no numbers"))
  }

  @Test func splitsAreAColumnOrFoldersOrTables() throws {
    func open(_ files: [String: String]) throws -> Dataset {
      let scratch = try Scratch()
      for name in ["train/1.png", "train/2.png", "val/1.png"] { try scratch.picture(name) }
      for (name, text) in files { try scratch.write(text, to: name) }
      return try Dataset.open(scratch.path)
    }
    let whole: [String: [String: [Float]]] = [
      "train": ["train/1.png": [1], "train/2.png": [2]], "val": ["val/1.png": [3]],
    ]
    for files in [
      ["any.csv": "file,age\ntrain/1.png,1\ntrain/2.png,2\nval/1.png,3\n"],
      [
        "train/values.csv": "file,age\n1.png,1\n2.png,2\n", "val/values.csv": "file,age\n1.png,3\n",
      ],
      ["train.csv": "file,age\ntrain/1.png,1\n2.png,2\n", "val.csv": "file,age\nval/1.png,3\n"],
      ["x.csv": "file,Split,age\ntrain/1.png,train,1\n2.png,training,2\nval/1.png,valid,3\n"],
      // A path of another machine.
      ["x.csv": "path,age\n/home/me/train/1.png,1\n/x/2.png,2\n/home/me/val/1.png,3\n"],
    ] {
      let data = try open(files)
      for (split, expected) in whole { #expect(table(data, split) == expected, "\(files)") }
      #expect(data.splits.count == 2 && data.warnings.isEmpty, "\(files) \(data.warnings)")
    }
    // Columns go by their names.
    let turned = try open([
      "train.csv": "file,a,b\n2.png,1,2\ntrain/1.png,3,4\n", "val.csv": "file,b,a\nval/1.png,5,6\n",
    ])
    #expect(table(turned, "val") == ["val/1.png": [6, 5]])
  }

  /// A table beside folders of classes is about anything, unless its name says what it is.
  @Test func classesStayClasses() throws {
    let scratch = try Scratch()
    for name in ["ants/1.png", "bees/2.png"] { try scratch.picture(name) }
    try scratch.write("image,ants\nants/1.png,0.9\nbees/2.png,0.1\n", to: "answers.csv")
    #expect(try Dataset.open(scratch.path).kind == .imageFolder)
    #expect(try Dataset.open("\(scratch.path)/answers.csv").kind == .numbers)
    try scratch.write("image,length\nants/1.png,4\nbees/2.png,11\n", to: "values.csv")
    let data = try Dataset.open(scratch.path)
    #expect(data.kind == .numbers && data.classes == ["length"])
  }

  @Test func numbersTravelByName() throws {
    let scratch = try Scratch()
    try scratch.picture("1.png")
    try scratch.write("file,yaw,pitch,roll\n1.png,1,2,3\n", to: "values.csv")
    let data = try Dataset.open(scratch.path)
    let chosen = try data.numbered(as: ["roll", "yaw"], of: "model")
    #expect(chosen.classes == ["roll", "yaw"] && table(chosen, "all") == ["1.png": [3, 1]])
    let error = #expect(throws: ZooError.self) { try data.numbered(as: ["age"], of: "model") }
    #expect(error?.message.contains("the numbers yaw, pitch, roll, model predicts age") == true)
  }

  // MARK: Hostile tables

  private func opened(_ text: String, pictures: Int = 40) throws -> String {
    let scratch = try Scratch()
    for index in 1...pictures { try scratch.picture("\(index).png", 2, 2) }
    try scratch.write(text, to: "values.csv")
    do {
      return try Dataset.open("\(scratch.path)/values.csv").warnings.joined(separator: "\n")
    } catch let error as ZooError {
      return "error: \(error.message)"
    }
  }

  private static let good = (1...39).map { "\($0).png,\($0)\n" }.joined()

  /// One row of forty is broken: it is named, and the others count.
  @Test(arguments: [
    ("x.png,3", "there is no picture “x.png”"), ("40.png,", "age is “”; expected a number"),
    ("40.png,NaN", "age is “NaN”"), ("40.png,inf", "age is “inf”"),
    ("40.png,1e99", "age is “1e99”"),
    ("40.png,old", "age is “old”"), ("3.png,3", "3.png already occurs in"),
    (",3", "no picture is named"),
    ("../40.png,x", "age is “x”"), ("../../etc/passwd,3", "there is no picture"),
    ("\u{1B}[31m.png,3", "there is no picture “?[31m.png”"),
  ])
  func aBrokenRowIsNamed(_ row: String, _ problem: String) throws {
    let said = try opened("file,age\n" + Self.good + row + "\n")
    #expect(said.contains("values.csv, line 41: ") && said.contains(problem), "\(said)")
    #expect(!said.hasPrefix("error") && !said.unicodeScalars.contains("\u{1B}"))
    // Alone it is an error that names the same.
    let error = try opened("file,age\n3.png,3\n" + row.replacing("40.png", with: "4.png") + "\n")
    #expect(error.hasPrefix("error: ") && error.contains("line 3: "), "\(error)")
    #expect(!error.contains("\n"))
  }

  @Test(arguments: [
    ("", "is empty"), ("\n\n", "is empty"), ("file,age\n", "no column of numbers"),
    ("file,age\n1.png\n", "line 2: 1 cells; expected 2"),
    ("file,age\n1.png,1,2\n", "line 2: 3 cells; expected 2"),
    ("file,age\n\"1.png,1\n2.png,2\n", "line 2: a quote is not closed"),
    ("file,age\n\"1.png\"x,1\n", "line 2: text after a closing quote"),
    ("1.png,1\n2.png,2\n", "line 1: expected the names of the columns"),
    ("file,age,age\n1.png,1,2\n", "line 1: column 3 has no name, or that of another"),
    ("file,\n1.png,1\n", "line 1: column 2 has no name"),
    ("file,name\n1.png,one\n", "no column of numbers beside “file”"),
    ("file,split,age\n1.png,trian,1\n", "line 2: the split is “trian”"),
    ("file,age\n1.png,\u{0}\n", "no column of numbers"),
  ])
  func aBrokenTableIsAnError(_ text: String, _ problem: String) throws {
    let said = try opened(text, pictures: 2)
    #expect(said.hasPrefix("error: ") && said.contains("values.csv"), "\(said)")
    #expect(said.contains(problem) && !said.contains("\n"), "\(said)")
  }

  @Test func endlessLinesAndColumns() throws {
    let long = String(repeating: "x", count: 10 << 20)
    #expect(try opened("file,age\n1.png,\(long)\n").contains("line 2: longer than 1"))
    #expect(try opened("file,age\n\"\(long)\n").contains("line 2: longer than 1"))
    #expect(try opened(long).contains("line 1: longer than 1"))
    let wide = String(repeating: ",", count: 5000)
    #expect(try opened("file\(wide)\n").contains("line 1: more than 4096 cells"))
    let scratch = try Scratch()
    try scratch.write([0x66, 0x2C, 0x61, 0x0A, 0xFF, 0x2C, 0x31], to: "values.csv")
    #expect(refusal("\(scratch.path)/values.csv").contains("line 2: not UTF-8"))
  }

  @Test func everyTruncationIsReadOrRefused() throws {
    let scratch = try Scratch()
    try scratch.picture("1.png")
    let whole = Array("\u{FEFF}\"file\";age\r\n\"1.png\";\"3\"\r\n".utf8)
    for count in 0..<whole.count {
      try scratch.write(Array(whole.prefix(count)), to: "values.csv")
      _ = refusal("\(scratch.path)/values.csv")
    }
  }

  @Test func namesThatMeanTwoPicturesAreNamed() throws {
    let scratch = try Scratch()
    for name in ["a/1.png", "b/1.png"] { try scratch.picture(name) }
    try scratch.write("file,age\n1.png,3\n", to: "values.csv")
    #expect(refusal("\(scratch.path)/values.csv").contains("“1.png” may be a/1.png or b/1.png"))
  }
}

/// Numbers in the names of files.
@Suite struct NamePatternTests {
  @Test(
    arguments: [
      ("{age}_*", "31_0_2_2017.jpg", [31]), ("{age}_{gender}_*.jpg", "31_0_2.jpg", [31, 0]),
      ("*_{yaw}_{pitch}", "person_3_-30_+15.png", [-30, 15]), ("img{x}*", "img1.5.png", [1.5]),
      ("{x}", "12.png", [12]), ("*{x}", "frame0012.png", [12]), ("*-{x}", "a-b-7.jpeg", [7]),
      ("{x}.*", "3.4.5.png", [3.4]), ("person{id}{{", "", nil), ("{age}_*", "x_3.jpg", nil),
      ("{age}_*.png", "3_a.jpg", nil), ("{a}_{b}", "1_2_3.jpg", nil), ("{a}", "1e5.jpg", nil),
      ("{a}", ".jpg", nil), ("{a}", "-.jpg", nil), ("{a}é*", "3é.jpg", [3]),
    ] as [(String, String, [Float]?)])
  func finds(_ pattern: String, _ name: String, _ numbers: [Float]?) throws {
    let found = (try? NamePattern(pattern))?.numbers(in: name)
    #expect(found == numbers)
  }

  @Test(arguments: [
    ("*.jpg", "has no field"), ("{}", "without a name"), ("{a}_{a}", "two of one name"),
    ("{a", "not closed"), ("a}", "not opened"), ("{a}{b}", "in a row"), ("{{a}}", "a name"),
  ])
  func refuses(_ pattern: String, _ problem: String) {
    let error = #expect(throws: ZooError.self) { try NamePattern(pattern) }
    #expect(error?.kind == .usage && error?.message.contains(problem) == true, "\(error as Any)")
  }

  /// No name makes stars try everything.
  @Test func starsAreQuick() throws {
    let pattern = try NamePattern(String(repeating: "*a", count: 20) + "{n}b")
    #expect(pattern.numbers(in: String(repeating: "a", count: 250)) == nil)
    #expect(pattern.numbers(in: String(repeating: "a", count: 240) + "7b.png") == [7])
  }

  @Test func picturesOfAFolder() throws {
    let scratch = try Scratch()
    for index in 1...40 { try scratch.picture("faces/\(index)_0_x.png", 2, 2) }
    let data = try Dataset.open("\(scratch.path)/faces/{age}_{gender}_*.png")
    #expect(data.kind == .numberedNames && data.task == .regression)
    #expect(data.classes == ["age", "gender"] && data.splits.map(\.name) == ["all"])
    #expect(values(data.splits[0].items[30]) == [31, 0])
    #expect(data.description.contains("numbers in file names") && data.description.contains("age"))
    try scratch.picture("faces/nobody.png")
    let other = try Dataset.open("\(scratch.path)/faces/{age}_*")
    #expect(other.splits[0].count == 40 && other.warnings.count == 1)
    #expect(other.warnings[0].contains("faces/nobody.png: the name does not match “{age}_*”"))
    #expect(refusal("\(scratch.path)/faces/{age}").contains("41 of 41 pictures are broken"))
    #expect(refusal("\(scratch.path)/none/{age}").contains("none does not exist"))
  }

  @Test func picturesOfSplits() throws {
    let scratch = try Scratch()
    for name in ["train/1_a.png", "train/2_b.png", "val/3_c.png"] { try scratch.picture(name) }
    let data = try Dataset.open("\(scratch.path)/{age}_*")
    #expect(data.splits.map(\.name) == ["train", "val"])
    #expect(table(data, "val") == ["val/3_c.png": [3]])
  }
}

@Suite struct NumberLearningTests {
  /// A flip changes the sign of a yaw angle: it happens only where it is asked for by name.
  @Test(arguments: [AugmentationPlan.Preset.none, .light, .standard])
  func presetsMoveNothing(_ preset: AugmentationPlan.Preset) throws {
    let plan = AugmentationPlan(preset, of: .numbers)
    #expect(plan.mixing == nil)
    // Left is black and right is white, whatever becomes of colours.
    var picture = try plain(16, 16, 3, 20)
    try picture.withMutablePixels { pixels in
      for index in pixels.indices where index / 3 % 16 >= 8 { pixels[index] = 230 }
    }
    let sample = Sample(name: "1.png", picture: picture, truth: .values([30]))
    let preprocessing = Preprocessing(
      resize: .exact(height: 16, width: 16), mean: [0, 0, 0], std: [1, 1, 1])
    for seed in 0..<40 {
      let seen = try plan.applied(
        to: sample, preprocessing, random: Random(seed: UInt64(seed)),
        other: { _ in throw ZooError.failure("no other") })
      guard case .values(let numbers) = seen.truth else {
        Issue.record("\(seen.truth)")
        continue
      }
      #expect(numbers == [30])
      for y in 0..<16 {
        for x in [7, 8] {
          let isBright = seen.picture.pixels[(y * 16 + x) * 3] > 120
          #expect(isBright == (x == 8), "\(seed)")
        }
      }
    }
  }

  /// What joins pictures joins labels; numbers are refused.
  @Test func mixingIsRefused() throws {
    let scratch = try Scratch()
    for index in 1...4 { try scratch.picture("\(index)_a.png", 8, 8) }
    let data = try Dataset.open("\(scratch.path)/{age}_*")
    let preprocessing = Preprocessing(
      resize: .exact(height: 8, width: 8), mean: [0, 0, 0], std: [1, 1, 1])
    func loader(_ plan: AugmentationPlan) -> Loader {
      Loader(
        data.splits[0], classes: 1, preprocessing: preprocessing, augmentation: plan, batchSize: 4,
        seed: 1)
    }
    let error = #expect(throws: ZooError.self) {
      try loader(AugmentationPlan([], mixing: .mixup(alpha: 0.2))).batches(epoch: 0).next()
    }
    #expect(error?.kind == .usage && error?.message.contains("one label each") == true)
    let batch = try #require(try loader(AugmentationPlan([])).batches(epoch: 0).next())
    guard case .values(let numbers) = batch.truths else {
      Issue.record("\(batch.truths)")
      return
    }
    #expect(numbers.shape == [4, 1] && numbers.values.sorted() == [1, 2, 3, 4])
  }
}
