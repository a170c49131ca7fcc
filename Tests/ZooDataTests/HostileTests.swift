import Foundation
import TestSupport
import Testing
import ZooData
import ZooKit
import ZooVision

/// Data sets made to hurt: each is read or refused with one sentence, and nothing outside its
/// folder is touched.
@Suite struct HostileTests {
  /// A VOC folder with one picture and this annotation.
  private func voc(_ annotation: String) throws -> (Scratch, String) {
    let scratch = try Scratch()
    try scratch.picture("JPEGImages/1.png")
    try scratch.write(annotation, to: "Annotations/1.xml")
    return (scratch, refusal(scratch.path))
  }

  @Test(arguments: [
    ("", "no element"),
    ("<annotation>", "<annotation> is not closed"),
    ("<annotation></annotation><b/>", "a second root element"),
    ("<annotation></b>", "</b> closes nothing"),
    ("<a/>", "is <a>; expected <annotation>"),
    ("<annotation>&lol;</annotation>", "an unknown entity"),
    ("<annotation>&#xD800;</annotation>", "an unknown entity"),
    ("<annotation>&amp", "an entity is not closed"),
    ("<annotation a=b></annotation>", "an attribute has no value"),
    ("<annotation a='b></annotation>", "an attribute is not closed"),
    ("<annotation><!-- </annotation>", "a comment is not closed"),
    ("<annotation><![CDATA[ </annotation>", "CDATA is not closed"),
    ("hello", "text outside of the root element"),
    ("<annotation><object/></annotation>", "an object has no name"),
    ("<annotation><object><name>a</name></object></annotation>", "“a” has no bndbox"),
    (
      ReaderTests.voc(ReaderTests.object("a", ["nan", "1", "2", "3"])),
      "xmin of “a” is “nan”; expected a number"
    ),
    (
      ReaderTests.voc(ReaderTests.object("a", ["1", "1e999", "2", "3"])),
      "ymin of “a” is “1e999”; expected a number"
    ),
    (
      ReaderTests.voc(ReaderTests.object("a", ["1", "1", "", "3"])),
      "xmax of “a” is “”; expected a number"
    ),
  ])
  func annotation(_ text: String, _ problem: String) throws {
    let message = try voc(text).1
    #expect(message.contains("1 of 1 pictures are broken, at most 5 % may be; the first: "))
    #expect(message.contains(problem), "\(message)")
    #expect(!message.contains("\n"))
  }

  /// Each folder is read once, however many links lead to it.
  @Test func linksThatLeadBack() throws {
    let scratch = try Scratch()
    for name in ["train/a/1", "train/b/2", "train/b/deep/3", "elsewhere/4"] {
      try scratch.picture("data/\(name).png")
    }
    let data = scratch.path + "/data"
    for (link, target) in [
      ("train/self", "../train"), ("train/b/up", ".."), ("train/b/again", "deep"),
      ("train/copy", "a"), ("train/b/a", "../a"), ("train/c", "../elsewhere"),
    ] {
      try FileManager.default.createSymbolicLink(
        atPath: "\(data)/\(link)", withDestinationPath: target)
    }
    let found = try Dataset.open(data)
    // A class that is a link to a folder elsewhere is a class like any other.
    #expect(found.classes == ["a", "b", "c"])
    let names = found.splits.flatMap(\.items).map(\.name)
    #expect(
      names.map { $0.replacing("/again/", with: "/deep/") } == [
        "train/a/1.png", "train/b/2.png", "train/b/deep/3.png", "train/c/4.png",
      ])
    for link in ["self", "up", "copy", "b/a"] {
      #expect(found.warnings.contains { $0.contains("/\(link) leads") }, "\(found.warnings)")
    }
  }

  /// Two links to the folder itself are not two classes.
  @Test func linksAreNoClasses() throws {
    let scratch = try Scratch()
    for number in 0..<8 { try scratch.picture("\(number).png") }
    for link in ["one", "two"] {
      try FileManager.default.createSymbolicLink(
        atPath: "\(scratch.path)/\(link)", withDestinationPath: ".")
    }
    #expect(refusal(scratch.path).contains("is not a data set"))
    #expect(try Picture.paths(below: scratch.path).count == 8)
  }

  @Test func aBillionLaughs() throws {
    var text = "<?xml version=\"1.0\"?>\n<!DOCTYPE l [\n<!ENTITY l0 \"lol\">\n"
    for level in 1..<10 {
      text += "<!ENTITY l\(level) \"" + String(repeating: "&l\(level - 1);", count: 10) + "\">\n"
    }
    #expect(
      try voc(text + "]>\n<annotation>&l9;</annotation>").1.contains(
        "line 2: document types are not supported"))
  }

  @Test func nestingIsLimited() throws {
    let depth = 100_000
    let text =
      "<annotation>" + String(repeating: "<a>", count: depth)
      + String(repeating: "</a>", count: depth)
      + "</annotation>"
    #expect(try voc(text).1.contains("nested more than 32 levels deep"))
    let wide = "<annotation>" + String(repeating: "<a/>", count: 1 << 20) + "</annotation>"
    #expect(try voc(wide).1.contains("more than 1048576 elements"))
  }

  @Test func aFewBrokenAnnotationsAreNamed() throws {
    let scratch = try Scratch()
    for index in 0..<40 {
      try scratch.picture("JPEGImages/\(index).png", 12, 8)
      let isBroken = index == 3 || index == 17
      try scratch.write(
        isBroken ? "<annotation>" : ReaderTests.voc(ReaderTests.object("a", ["1", "1", "4", "4"])),
        to: "Annotations/\(index).xml")
    }
    let data = try Dataset.open(scratch.path)
    #expect(data.splits[0].count == 38 && data.warnings.count == 2)
    #expect(data.warnings[0].hasSuffix("Annotations/3.xml, line 1: <annotation> is not closed"))
    try scratch.write("oh", to: "Annotations/5.xml")
    #expect(refusal(scratch.path).contains("3 of 40 pictures are broken"))
  }

  /// Remarks that came before it are not what an error is about.
  @Test func theCauseIsNamedAndNoRemark() throws {
    let flat = ReaderTests.object("a", ["2", "2", "2", "5"])
    let voc = try Scratch()
    for index in 1...2 { try voc.picture("JPEGImages/\(index).png") }
    try voc.write(ReaderTests.voc(flat), to: "Annotations/1.xml")
    try voc.write("<annotation>", to: "Annotations/2.xml")
    let yolo = try Scratch()
    for index in 1...2 { try yolo.picture("images/\(index).png") }
    try yolo.write("0 0.5 0.5 0 0.1\n", to: "labels/1.txt")
    try yolo.write("0 0.5\n", to: "labels/2.txt")
    try yolo.write("names: [a]\n", to: "data.yaml")
    for (path, cause) in [
      (voc.path, "2.xml, line 1: <annotation> is not closed"),
      (yolo.path, "2.txt, line 1: expected a class and four numbers"),
    ] {
      let message = refusal(path)
      #expect(message.contains("1 of 2 pictures are broken"), "\(message)")
      #expect(message.contains(cause) && !message.contains("is empty and"), "\(message)")
    }
    let message = try coco(
      ReaderTests.coco(
        images: ReaderTests.image,
        annotations: HostileTests.box(700, 7, "[1, 1, 0, 2]") + "," + HostileTests.box(701, 7)))
    #expect(
      message.hasSuffix(
        "1 of 2 annotations name images or categories that do not exist, at most 5 % may; "
          + "the first: image 701"), "\(message)")
    let outside = try coco(
      ReaderTests.coco(
        images: ReaderTests.image + #",{"id": 1, "file_name": "../x.png"}"#,
        annotations: HostileTests.box(700, 7, "[1, 1, 0, 2]")))
    #expect(outside.contains("leads outside the data folder") && !outside.contains("is empty and"))
  }

  @Test(arguments: ["../../etc/passwd", "/etc/passwd", "a/b", ".."])
  func listsStayInside(_ name: String) throws {
    let scratch = try Scratch()
    try scratch.picture("JPEGImages/1.png")
    try scratch.write(ReaderTests.voc(""), to: "Annotations/1.xml")
    try scratch.write("1\n\(name)\n", to: "ImageSets/Main/train.txt")
    #expect(refusal(scratch.path).hasSuffix("train.txt: “\(name)” is not the name of a picture"))
  }

  private func coco(_ json: String) throws -> String {
    let scratch = try Scratch()
    try scratch.picture("images/a.png")
    try scratch.write(json, to: "instances_all.json")
    return refusal(scratch.path)
  }

  private static func box(_ image: Int, _ category: Int, _ box: String = "[1, 1, 2, 2]") -> String {
    #"{"id": 1, "image_id": \#(image), "category_id": \#(category), "bbox": \#(box)}"#
  }

  @Test(arguments: [
    ("", "the text ends where a value was expected"),
    ("[]", "line 1: the file is not an object"),
    ("{}", "the file has no “images”"),
    (
      ReaderTests.coco(images: "{}", annotations: ""), "images[0], line 1: it has no “id”"
    ),
    (
      ReaderTests.coco(images: #"{"file_name": "a.png"}"#, annotations: ""),
      "images[0], line 1: it has no “id”"
    ),
    (
      ReaderTests.coco(images: ReaderTests.image + "," + ReaderTests.image, annotations: ""),
      "two images have the id 700"
    ),
    (
      ReaderTests.coco(images: ReaderTests.image, annotations: "")
        .replacingOccurrences(of: #""id": 90"#, with: #""id": 7"#),
      "two categories have the id 7"
    ),
    (
      ReaderTests.coco(images: ReaderTests.image, annotations: box(701, 7)),
      "1 of 1 annotations name images or categories that do not exist"
    ),
    (
      ReaderTests.coco(images: ReaderTests.image, annotations: box(700, 8)),
      "1 of 1 annotations name images or categories that do not exist"
    ),
    (
      ReaderTests.coco(images: ReaderTests.image, annotations: box(700, 7, "[1, 1, 2]")),
      "“bbox” has 3 numbers; expected 4"
    ),
    (
      ReaderTests.coco(images: ReaderTests.image, annotations: box(700, 7, "[1, 1, 2, NaN]")),
      "unexpected character where a value was expected"
    ),
    (
      ReaderTests.coco(images: ReaderTests.image, annotations: box(700, 7, "[1, 1, 2, 1e999]")),
      "is too large"
    ),
    (
      ReaderTests.coco(images: #"{"id": 1, "file_name": "../../etc/passwd"}"#, annotations: ""),
      "the picture of no name is in none of"
    ),
    (
      ReaderTests.coco(
        images: ReaderTests.image + #",{"id": 1, "file_name": "../x.png"}"#, annotations: ""),
      "“../x.png” leads outside the data folder"
    ),
    (
      #"{"images": "# + String(repeating: "[", count: 100_000), "nested more than 64 levels deep"
    ),
    (#"{"images": [], "images": []}"#, "the key “images” occurs twice"),
    (#"{"info": [1 2]}"#, "expected a comma"),
    (#"{"images": [,]}"#, "a value was expected"),
    (#"{"images": 7}"#, "“images” is not a list"),
    (#"{"images": [], "categories": 7, "annotations": []}"#, "“categories” is not a list"),
    (#"{"images": []"#, "line 1: an object is not closed"),
    (#"{"images": [{"id": 1}"#, "images[0], line 1: it has no “file_name”"),
    ("{\n\"images\":\n[\n\n{}]}", "images[0], line 5: it has no “id”"),
    (#"{"images": []} x"#, "text after the end of the value"),
    (#"{"images": "a"#, "“images” is not a list"),
    (#"{"info": "a"#, "a string is not closed"),
    (#"{"info": [{"a": "b\"}]}"#, "a string is not closed"),
    (#"{"info": {"a": 1, 2}}"#, "expected a key"),
    (#"{"images": [{"id": 1]}]}"#, "line 1: expected a comma"),
    (#"{"images": [1]}"#, "images[0], line 1: it is a number; expected an object"),
    (#"{images: []}"#, "expected a key"),
    (#"{"images" []}"#, "no colon after “images”"),
  ])
  func cocoTables(_ json: String, _ problem: String) throws {
    let message = try coco(json)
    #expect(message.contains(problem), "\(message)")
  }

  @Test func everyTruncationOfTables() throws {
    let scratch = try Scratch()
    try scratch.picture("images/a.png")
    let whole = Array(
      ReaderTests.coco(images: ReaderTests.image, annotations: HostileTests.box(700, 7)).utf8)
    for count in 0..<whole.count {
      try scratch.write(Array(whole.prefix(count)), to: "instances_all.json")
      #expect(!refusal(scratch.path).hasPrefix("no error"), "\(count)")
    }
    for place in whole.indices {
      var bytes = whole
      bytes[place] ^= 0x11
      try scratch.write(bytes, to: "instances_all.json")
      _ = refusal(scratch.path)
    }
  }

  @Test func boxesWithoutAreaAreNamed() throws {
    let scratch = try Scratch()
    try scratch.picture("images/a.png")
    try scratch.write(
      ReaderTests.coco(
        images: ReaderTests.image,
        annotations: [
          HostileTests.box(700, 7), HostileTests.box(700, 7, "[1, 1, -2, 3]"),
          HostileTests.box(700, 7, "[50, 50, 2, 3]"),
          HostileTests.box(700, 7, "[-1e308, 0, 1e308, 1e308]"),
        ].joined(separator: ",")), to: "instances_all.json")
    let data = try Dataset.open(scratch.path)
    #expect(data.warnings.count == 3 && data.splits[0].counts(classes: 2) == [1, 0])
  }

  private func yolo(_ labels: String, yaml: String = "names: [a, b]\n") throws -> String {
    let scratch = try Scratch()
    try scratch.picture("images/1.png")
    try scratch.write(labels, to: "labels/1.txt")
    try scratch.write(yaml, to: "data.yaml")
    return refusal(scratch.path)
  }

  @Test(arguments: [
    ("2 0.5 0.5 0.1 0.1", "line 1: the class is 2; expected 0 to 1"),
    ("0.5 0.5 0.5 0.1 0.1", "line 1: the class is 0.5; expected 0 to 1"),
    ("-1 0.5 0.5 0.1 0.1", "line 1: the class is -1; expected 0 to 1"),
    ("0 0.5 0.5 0.1 0.1\n1 nan 0.5 0.1 0.1", "line 2: expected a class and four numbers"),
    ("0 0.5 0.5 0.1", "line 1: expected a class and four numbers"),
    ("0 0.5 0.5 inf 0.1", "line 1: expected a class and four numbers"),
    ("0 120 80 10 10", "line 1: coordinates must be between 0 and 1"),
    ("99999999999999999999 0.5 0.5 0.1 0.1", "expected 0 to 1"),
  ])
  func yoloLabels(_ labels: String, _ problem: String) throws {
    let message = try yolo(labels)
    #expect(message.contains(problem), "\(message)")
  }

  @Test(arguments: [
    ("names: [a, b]\nnc: 3\n", "nc is 3, and there are 2 names"),
    ("names:\n  0: a\n  7: b\n", "line 3: names are numbered from 0 to 1, not “7”"),
    ("names:\n  0: a\n  00: b\n", "line 3: names are numbered from 0 to 1, not “00”"),
    ("names:\n  0: a\n  0: b\n", "line 3: the key “0” occurs twice"),
    ("names: [a, b]\nnc: 2\nnames: [c]\n", "line 3: the key “names” occurs twice"),
    ("names: [a, [b]]\n", "line 1: expected a name"),
    ("names: cat\n", "line 1: names are a list, or a map from 0 on"),
    ("names: [a, b\n", "did not find expected ',' or ']' while parsing a flow sequence"),
    ("names: [a]\njust words\n", "could not find expected ':' while scanning a simple key"),
    ("  - a\nnames: [a]\n", "line 1: expected “key: value”"),
    ("- a\n- b\n", "line 1: expected “key: value”"),
    ("names: [a]\n? [b, c]\n: d\n", "line 2: a key is a word or a number"),
    ("names: [*b]\n", "line 1: *b is the name of nothing before it"),
    ("names: &a [*a]\n", "line 1: *a is the name of nothing before it"),
    ("names: [a]\n\npath: \u{1}\n", "line 3: control characters are not allowed"),
    ("names: [a]\n\tpath: b\n", "line 2: found character that cannot start any token"),
    ("names: \(String(repeating: "[", count: 500_000))", "nested more than 64 levels deep"),
    ("names: \(String(repeating: "{a: ", count: 100_000))", "nested more than 64 levels deep"),
  ])
  func yoloSettings(_ yaml: String, _ problem: String) throws {
    let message = try yolo("0 0.5 0.5 0.1 0.1", yaml: yaml)
    #expect(message.contains(problem), "\(message)")
    #expect(!message.contains("\n"))
  }

  @Test func aBillionLaughsInSettings() throws {
    var text = "l0: &l0 [lol, lol]\n"
    for level in 1..<40 {
      text += "l\(level): &l\(level) [*l\(level - 1), *l\(level - 1)]\n"
    }
    #expect(
      try yolo("", yaml: text + "names: [a]\n").contains(
        "line 17: its aliases stand for more than 262144 values"))
    #expect(
      try yolo("", yaml: "names: [\(String(repeating: "aaa, ", count: 300_000))]\n").contains(
        "is larger than 1.0 MB"))
  }

  @Test func everyTruncationOfSettings() throws {
    let whole = Array(
      """
      path: &root "../a\\u0042\\x43" # where
      train: [images, 'it''s']
      names: {0: &a cat, 1: [*a, *root]}
      more: |
        text
      <<: {nc: 2}
      """.utf8)
    let scratch = try Scratch()
    try scratch.picture("images/1.png")
    for count in 0..<whole.count {
      try scratch.write(Array(whole.prefix(count)), to: "data.yaml")
      _ = refusal(scratch.path)
    }
    for place in whole.indices {
      for bit in 0..<8 {
        var bytes = whole
        bytes[place] ^= 1 << bit
        try scratch.write(bytes, to: "data.yaml")
        #expect(!refusal(scratch.path).contains("\n"))
      }
    }
  }

  @Test func settingsStayInside() throws {
    let scratch = try Scratch()
    try scratch.picture("out/pictures/1.png")
    try scratch.picture("in/images/1.png")
    try scratch.write("names: [a]\ntrain: ../out/pictures\nval: /etc\n", to: "in/data.yaml")
    let data = try Dataset.open("\(scratch.path)/in")
    #expect(data.splits.map(\.name) == ["all"])
    #expect(data.warnings.count == 2)
    #expect(data.warnings[0].contains("train is “../out/pictures”, which is not in the folder"))
  }

  private func idx(_ images: [UInt8], _ labels: [UInt8] = IDXFile.labels([0])) throws -> String {
    let scratch = try Scratch()
    try scratch.write(images, to: "train-images-idx3-ubyte")
    try scratch.write(labels, to: "train-labels-idx1-ubyte")
    return refusal(scratch.path)
  }

  @Test func idxHeaders() throws {
    let huge = IDXFile.header([0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF])
    #expect(try idx(huge).contains("states an impossible size of"))
    let large = IDXFile.header([60_000, 28, 28])
    #expect(try idx(large).contains("is truncated: expected 60000×28×28 bytes"))
    #expect(try idx(IDXFile.packed(large)).contains("is truncated"))
    #expect(try idx(IDXFile.header([0, 28, 28])).contains("states an impossible size of 0"))
    #expect(try idx([]).hasSuffix("is not an IDX file"))
    #expect(try idx([0, 0, 8]).hasSuffix("is not an IDX file"))
    #expect(
      try idx(IDXFile.labels([0])).contains("is truncated")
        || idx(IDXFile.labels([0])).contains("not an IDX"))
    #expect(
      try idx(IDXFile.header([1, 1, 1], type: 13) + [0]).contains("has type 13 and rank 3"))
    #expect(try idx(IDXFile.images(1, 2, 2) + [0]).hasSuffix("is longer than its 4 bytes"))
    #expect(try idx(IDXFile.images(2, 2, 2)).hasSuffix("has 1 labels for 2 pictures"))
  }

  @Test func everyTruncationOfAPackedFile() throws {
    let whole = IDXFile.packed(IDXFile.images(1, 4, 4))
    let scratch = try Scratch()
    try scratch.write(IDXFile.labels([0]), to: "train-labels-idx1-ubyte")
    // The checksum at the end stands after the last byte that is needed.
    for count in 2..<whole.count - 8 {
      try scratch.write(Array(whole.prefix(count)), to: "train-images-idx3-ubyte.gz")
      #expect(!refusal(scratch.path).hasPrefix("no error"), "\(count)")
    }
    for place in 10..<whole.count {
      var bytes = whole
      bytes[place] ^= 0x40
      try scratch.write(bytes, to: "train-images-idx3-ubyte.gz")
      _ = refusal(scratch.path)
    }
  }

  @Test func cifarLabels() throws {
    let scratch = try Scratch()
    var bytes = [UInt8](repeating: 0, count: 20 * 3073)
    bytes[19 * 3073] = 10
    try scratch.write(bytes, to: "data_batch_1.bin")
    #expect(refusal(scratch.path).hasSuffix("record 19 has label 10; expected 0 to 9"))
    bytes[0] = 10
    try scratch.write(bytes, to: "data_batch_1.bin")
    #expect(refusal(scratch.path).contains("is not a data set"))
  }

  @Test func photographsAreNoMasks() throws {
    let scratch = try Scratch()
    try scratch.picture("images/1.png", 64, 64)
    try scratch.write(pattern(64, 64), to: "masks/1.png")
    #expect(refusal(scratch.path).contains("the masks have more than 64 values"))
    try scratch.write("not a picture", to: "masks/1.png")
    #expect(refusal(scratch.path).contains("none of the masks can be read"))
  }

  @Test func terminalsAreSpared() throws {
    let scratch = try Scratch()
    try scratch.picture("\u{1B}[31mred/1.png")
    try scratch.picture("b/1.png")
    let data = try Dataset.open(scratch.path)
    #expect(!data.description.contains("\u{1B}"))
  }
}
