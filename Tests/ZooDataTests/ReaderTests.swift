import Foundation
import TestSupport
import Testing
import ZooData
import ZooKit
import ZooVision

/// Small folders of every kind, as users have them.
@Suite struct ReaderTests {
  @Test func classesAtTheTopInNaturalOrder() throws {
    let scratch = try Scratch()
    for name in ["class10/a.png", "class2/b.png", "class2/deep/c.png", ".hidden/d.png"] {
      try scratch.picture(name)
    }
    try scratch.write("x", to: "class2/notes.txt")
    let data = try Dataset.open(scratch.path + "/")
    #expect(data.kind == .imageFolder && data.classes == ["class2", "class10"])
    #expect(data.splits.map(\.name) == ["all"])
    #expect(
      data.splits[0].items.map(\.name) == ["class2/b.png", "class2/deep/c.png", "class10/a.png"])
    #expect(data.splits[0].counts(classes: 2) == [2, 1])
  }

  @Test func splitsHaveTheSameClasses() throws {
    let scratch = try Scratch()
    for name in ["train/a/1.png", "train/b/1.png", "valid/b/2.png", "test/3.png"] {
      try scratch.picture(name)
    }
    let data = try Dataset.open(scratch.path)
    #expect(data.classes == ["a", "b"] && data.splits.map(\.name) == ["train", "val"])
    guard case .label(let label)? = try data["val"]?.items[0].sample().truth else {
      return #expect(Bool(false))
    }
    #expect(label == 1)
    #expect(
      data.warnings.contains { $0.hasSuffix("test has no folders of pictures and is skipped") })
    #expect(data.warnings.contains("valid/a is missing: the class has no pictures there"))
  }

  static func voc(_ objects: String, size: String = "<width>12</width><height>8</height>") -> String
  {
    """
    <?xml version="1.0"?>
    <!-- by hand -->
    <annotation verified="yes">
      <filename>1.png</filename><size>\(size)<depth>3</depth></size>\(objects)
    </annotation>
    """
  }

  static func object(_ name: String, _ box: [String], _ more: String = "") -> String {
    "<object><name>\(name)</name>\(more)<bndbox><xmin>\(box[0])</xmin><ymin>\(box[1])</ymin>"
      + "<xmax>\(box[2])</xmax><ymax>\(box[3])</ymax></bndbox></object>"
  }

  @Test func voc() throws {
    let scratch = try Scratch()
    try scratch.picture("JPEGImages/1.png")
    try scratch.picture("JPEGImages/2.png")
    try scratch.write(
      ReaderTests.voc(
        ReaderTests.object("cat &amp; dog", ["1", "2", "5", "6.5"], "<difficult>1</difficult>")
          + ReaderTests.object("ape", ["3", "3", "3", "7"])
          + ReaderTests.object("bee", ["-3", "2", "40", "6"])), to: "Annotations/1.xml")
    try scratch.write(ReaderTests.voc(""), to: "Annotations/2.xml")
    let data = try Dataset.open(scratch.path)
    #expect(data.kind == .voc && data.classes == ["bee", "cat & dog"])
    #expect(data.warnings.count == 1 && data.warnings[0].contains("3.0, 3.0, 3.0, 7.0 of “ape”"))
    let boxes = boxTruth(try data.splits[0].items[0].sample().truth)
    #expect(boxes.map { corners($0.frame) } == [[1, 2, 5, 6.5], [0, 2, 12, 6]])
    #expect(boxes.map(\.isDifficult) == [true, false] && boxes.map(\.classIndex) == [1, 0])
    #expect(boxTruth(try data.splits[0].items[1].sample().truth).isEmpty)
  }

  @Test func vocLists() throws {
    let scratch = try Scratch()
    for index in 1...3 {
      try scratch.picture("JPEGImages/\(index).png")
      try scratch.write(
        ReaderTests.voc(ReaderTests.object("a", ["1", "1", "4", "4"])),
        to: "Annotations/\(index).xml")
    }
    try scratch.write("1\n2  \n", to: "ImageSets/Main/trainval.txt")
    try scratch.write("3", to: "ImageSets/Main/test.txt")
    try scratch.write("1 -1\n2 1\n", to: "ImageSets/Main/a_train.txt")
    let data = try Dataset.open(scratch.path)
    #expect(data.splits.map(\.name) == ["train", "test"] && data.splits.map(\.count) == [2, 1])
  }

  /// Pictures and XML where other tools put them.
  @Test(arguments: [
    ("images", "annotations"), ("images", "annots"), ("images", "xmls"), ("imgs", "Annotations"),
    ("images", "annotations/xmls"), ("JPEGImages", "annotations"), (".", "annots"), (".", "."),
  ])
  func vocInOtherFolders(_ pictures: String, _ annotations: String) throws {
    let scratch = try Scratch()
    try scratch.picture("\(pictures)/1.png")
    try scratch.write(
      ReaderTests.voc(ReaderTests.object("a", ["1", "1", "4", "4"])), to: "\(annotations)/1.xml")
    let data = try Dataset.open(scratch.path)
    #expect(data.kind == .voc && data.classes == ["a"] && data.splits.map(\.name) == ["all"])
    #expect(boxTruth(try data.splits[0].items[0].sample().truth).count == 1)
  }

  @Test func vocInAnyTwoFolders() throws {
    let (here, there) = (try Scratch(), try Scratch())
    try here.picture("1.png")
    try there.write(
      ReaderTests.voc(ReaderTests.object("a", ["1", "1", "4", "4"])), to: "deep/1.xml")
    let data = try Dataset.open(pictures: here.path, annotations: "\(there.path)/deep")
    #expect(data.path == here.path && data.splits[0].items[0].name == "1.png")
    #expect(boxTruth(try data.splits[0].items[0].sample().truth).count == 1)
    for (pictures, annotations, kind, part) in [
      ("\(here.path)/x", there.path, ZooError.Kind.notFound, "x is not a folder of pictures"),
      (here.path, "\(there.path)/x", .notFound, "x is not a folder of annotations"),
      (there.path, here.path, .corrupt, "has no picture files"),
      (here.path, there.path, .corrupt, "has no *.xml"),
    ] {
      let error = #expect(throws: ZooError.self) {
        try Dataset.open(pictures: pictures, annotations: annotations)
      }
      #expect(
        error?.kind == kind && error?.message.contains(part) == true, "\(error?.message ?? "")")
    }
    let alone = try Scratch()
    try alone.write(ReaderTests.voc(""), to: "annots/1.xml")
    #expect(refusal(alone.path).contains("has annots, but no folder of pictures: JPEGImages"))
  }

  /// Classes get other names; those that get one are one, except where that cannot be.
  @Test func classesAreRenamed() throws {
    let scratch = try Scratch()
    for name in ["car", "cat", "truck"] { try scratch.picture("\(name)/1.png") }
    let data = try Dataset.open(scratch.path)
    func label(_ data: Dataset, _ index: Int) throws -> String? {
      guard case .label(let label) = try data.splits[0].items[index].sample().truth else {
        return nil
      }
      return data.classes[label]
    }
    let merged = try data.renamed([(from: "truck", to: "vehicle"), (from: "car", to: "vehicle")])
    #expect(merged.classes == ["vehicle", "cat"] && merged.splits[0].count == 3)
    #expect(try (0..<3).map { try label(merged, $0) } == ["vehicle", "cat", "vehicle"])
    let swapped = try data.renamed([(from: "car", to: "cat"), (from: "cat", to: "car")])
    #expect(try (0..<3).map { try label(swapped, $0) } == ["cat", "car", "truck"])
    let error = #expect(throws: ZooError.self) { try data.renamed([(from: "trukc", to: "a")]) }
    #expect(error?.kind == .notFound)
    #expect(error?.message.contains("no class “trukc”; did you mean truck?") == true)

    let table = try Scratch()
    for index in 1...2 { try table.picture("\(index).png") }
    try table.write("file,a,b\n1.png,1,2\n2.png,3,4\n", to: "values.csv")
    let numbers = try Dataset.open(table.path)
    #expect(try numbers.renamed([(from: "a", to: "yaw")]).classes == ["yaw", "b"])
    let twice = #expect(throws: ZooError.self) { try numbers.renamed([(from: "a", to: "b")]) }
    #expect(twice?.kind == .usage && twice?.message.contains("cannot have one name") == true)
  }

  static func coco(images: String, annotations: String) -> String {
    """
    {"info": {}, "licenses": [], "images": [\(images)], "annotations": [\(annotations)],
     "categories": [{"id": 90, "name": "tooth", "supercategory": "x"}, {"id": 7, "name": "arm"}]}
    """
  }

  static let image = #"{"id": 700, "file_name": "a.png", "width": 12, "height": 8}"#

  @Test func cocoWithGapsAndCrowds() throws {
    let scratch = try Scratch()
    try scratch.picture("val2017/a.png")
    try scratch.write(
      ReaderTests.coco(
        images: ReaderTests.image,
        annotations: #"""
          {"id": 1, "image_id": 700, "category_id": 90, "bbox": [1, 2, 3, 4.5], "area": 9,
           "iscrowd": 0, "segmentation": [[1, 2, 3, 4]]},
          {"id": 2, "image_id": 700, "category_id": 7, "bbox": [0, 0, 12, 8], "area": 50.5,
           "iscrowd": 1, "segmentation": {"counts": [1, 2], "size": [8, 12]}}
          """#), to: "annotations/instances_val2017.json")
    let data = try Dataset.open(scratch.path)
    #expect(data.kind == .coco && data.classes == ["arm", "tooth"])
    #expect(data.splits.map(\.name) == ["val"])
    let boxes = boxTruth(try data.splits[0].items[0].sample().truth)
    #expect(boxes.map { corners($0.frame) } == [[1, 2, 4, 6.5], [0, 0, 12, 8]])
    #expect(boxes.map(\.classIndex) == [1, 0] && boxes.map(\.isCrowd) == [false, true])
    #expect(boxes.map(\.area) == [9, 50.5])
    // The file itself may be named.
    let file = try Dataset.open("\(scratch.path)/annotations/instances_val2017.json")
    #expect(file.splits[0].count == 1)
  }

  @Test(arguments: [
    "names: [cat, 'sea lion', \"a, b\"]", "names:\n  - cat\n  - sea lion # grey\n  - a, b",
    "names:\n  0: cat\n  2: a, b\n  1: sea lion", "names: {0: cat, 1: sea lion, 2: 'a, b'}",
    "names: [cat,\n  sea lion,\n  'a, b']",
  ])
  func yolo(_ names: String) throws {
    let scratch = try Scratch()
    try scratch.picture("images/train/a.png", 20, 10)
    try scratch.picture("images/train/b.png", 20, 10)
    try scratch.picture("images/val/c.png", 20, 10)
    try scratch.write("1.0 0.5 0.5 0.2 0.4\n2 0.1 0.1 0.4 0.4\n", to: "labels/train/a.txt")
    try scratch.write("0 0.1 0.2 0.5 0.2 0.3 0.8\n", to: "labels/val/c.txt")
    try scratch.write(
      "# data\npath: ../somewhere\ntrain: images/train\nval: ../images/val\nnc: 3\n\(names)\n",
      to: "data.yaml")
    let data = try Dataset.open(scratch.path)
    #expect(data.kind == .yolo && data.classes == ["cat", "sea lion", "a, b"])
    #expect(data.splits.map(\.name) == ["train", "val"] && data.splits.map(\.count) == [2, 1])
    let train = try #require(data["train"])
    let boxes = boxTruth(try train.items[0].sample().truth)
    #expect(boxes.map(\.classIndex) == [1, 2])
    #expect(areClose(boxes.map { corners($0.frame) }[0], [8, 3, 12, 7]))
    // Cut at the border of the picture.
    #expect(areClose(boxes.map { corners($0.frame) }[1], [0, 0, 6, 3]))
    #expect(boxTruth(try train.items[1].sample().truth).isEmpty)
    let outline = boxTruth(try #require(data["val"]).items[0].sample().truth)
    #expect(areClose(corners(outline[0].frame), [2, 2, 10, 8]))
  }

  struct Settings: Sendable, CustomTestStringConvertible {
    let testDescription, text: String
    let pictures: [String]
    let splits: [String: Int]
  }

  static let settings = [
    Settings(
      testDescription: "of a training program",
      text: """
        # Animals, 8 pictures
        # Usage: yolo train data=animals8.yaml

        # Train/val/test sets as 1) dir: path/to/imgs, or 3) list: [path/to/imgs1, path/to/imgs2]
        path: ../datasets/animals8 # dataset root dir
        train: images/train # train images (relative to 'path') 4 images
        val: images/val # val images (relative to 'path') 4 images
        test: # test images (optional)

        # Classes
        names:
          0: cat
          1: sea lion
          2: "no: 2"

        # Download script/URL (optional)
        download: |
          import os
          names: [none]
        """, pictures: ["images/train/1.png", "images/train/2.png", "images/val/1.png"],
      splits: ["train": 2, "val": 1]),
    Settings(
      testDescription: "of a labelling service",
      text: """
        train: ../train/images
        val: ../valid/images
        test: ../test/images

        nc: 3
        names: ['cat', 'sea lion', 'no: 2']

        roboflow:
          workspace: somebody-3x7qf
          project: animals-bkz2a
          version: 3
          license: CC BY 4.0
          url: https://example.org/somebody-3x7qf/animals-bkz2a/dataset/3
        """,
      pictures: ["train/images/1.png", "valid/images/1.png", "test/images/a.png"],
      splits: ["train": 1, "val": 1, "test": 1]),
    Settings(
      testDescription: "with its data in a folder, and several of them",
      text: #"""
        %YAML 1.1
        ---
        path: animals
        train:
          - images/summer
          - images/winter # and the summer again:
          - images/summer
        val: [images/spring,
              images/gone]
        names: [ cat,
          # by the water
          sea
          lion,
          "no\x3A\u0020\
           2",
        ]
        ...
        """#,
      pictures: [
        "animals/images/summer/1.png", "animals/images/winter/1.png",
        "animals/images/winter/2.png", "animals/images/spring/1.png",
      ],
      splits: ["train": 3, "val": 1]),
    Settings(
      testDescription: "with anchors",
      text: """
        words: &words { nc: 3, names: &names [cat, sea lion, &last 'no: 2'] }
        image: &images
          images
        val: *images
        <<: *words
        """, pictures: ["images/1.png"], splits: ["val": 1]),
    Settings(
      testDescription: "with lists that are not indented, and Windows' ends of lines",
      text: "\u{FEFF}names:\r\n- cat\r\n- sea lion\r\n- 'no: 2'\r\nval: images\r\n",
      pictures: ["images/1.png"], splits: ["val": 1]),
  ]

  @Test(arguments: settings)
  func yoloSettings(_ settings: Settings) throws {
    let scratch = try Scratch()
    for picture in settings.pictures { try scratch.picture(picture) }
    try scratch.write(settings.text, to: "data.yaml")
    let data = try Dataset.open(scratch.path)
    #expect(data.classes == ["cat", "sea lion", "no: 2"])
    let counts = Dictionary(uniqueKeysWithValues: data.splits.map { ($0.name, $0.count) })
    #expect(counts == settings.splits)
    let missing = settings.text.contains("images/gone") ? 1 : 0
    #expect(data.warnings.count { $0.contains("is “images/gone”, which is not") } == missing)
  }

  @Test func yoloWithoutNames() throws {
    let scratch = try Scratch()
    try scratch.picture("images/a.png")
    try scratch.write("4 0.5 0.5 0.2 0.4\n", to: "labels/a.txt")
    let data = try Dataset.open(scratch.path)
    #expect(data.kind == .yolo && data.classes == ["0", "1", "2", "3", "4"])
    #expect(data.warnings.contains { $0.contains("names no classes") })
  }

  @Test func masks() throws {
    let scratch = try Scratch()
    try scratch.picture("images/1.png", 3, 2)
    let mask = try Picture(width: 3, height: 2, channels: 1, pixels: [0, 7, 7, 255, 0, 7])
    try scratch.write(mask, to: "masks/1_mask.png")
    let data = try Dataset.open(scratch.path)
    // 255 beside two others is where nobody knows.
    #expect(data.kind == .masks && data.classes == ["0", "7"])
    guard case .mask(let classes) = try data.splits[0].items[0].sample().truth else {
      return #expect(Bool(false))
    }
    #expect(classes.pixels == [0, 1, 1, Truth.ignored, 0, 1])
    try scratch.write("0 ground\n7 tree\n255 sky\n", to: "classes.txt")
    let named = try Dataset.open(scratch.path)
    #expect(named.classes == ["ground", "tree", "sky"])
    guard case .mask(let all) = try named.splits[0].items[0].sample().truth else {
      return #expect(Bool(false))
    }
    #expect(all.pixels == [0, 1, 1, 2, 0, 1])
    try scratch.write("0 ground\n5 tree\n", to: "classes.txt")
    let wrong = try Dataset.open(scratch.path)
    let error = #expect(throws: ZooError.self) { try wrong.splits[0].items[0].sample() }
    #expect(error?.message.contains("has pixels of value 7; expected 0, 5") == true)
  }

  @Test func colouredMasks() throws {
    let scratch = try Scratch()
    try scratch.picture("train/image/1.png", 2, 1)
    try scratch.write(
      Picture(width: 2, height: 1, channels: 3, pixels: [255, 0, 128, 9, 9, 9]),
      to: "train/label/1.png")
    let data = try Dataset.open(scratch.path)
    #expect(data.classes == ["9", "255,0,128"] && data.splits.map(\.name) == ["train"])
    try scratch.write("9 ground\n255,0,128 nucleus\n", to: "classes.txt")
    let named = try Dataset.open(scratch.path)
    #expect(named.classes == ["ground", "nucleus"])
    guard case .mask(let mask) = try named.splits[0].items[0].sample().truth else {
      return #expect(Bool(false))
    }
    #expect(mask.pixels == [1, 0])
  }

  /// Of a mask with a palette the indices count: what segmenters write, and VOC's own.
  @Test func masksWithAPalette() throws {
    let scratch = try Scratch()
    try scratch.picture("images/a.png", 3, 2)
    let mask = try Picture(width: 3, height: 2, channels: 1, pixels: [0, 1, 2, 2, 0, 1])
    try scratch.write("", to: "masks/none.txt")
    let palette = Colour.palette(of: 3, background: 0)
    try mask.write(png: "\(scratch.path)/masks/a-mask.png", palette: palette)
    let data = try Dataset.open(scratch.path)
    #expect(data.classes == ["0", "1", "2"])
    guard case .mask(let read) = try data.splits[0].items[0].sample().truth else {
      return #expect(Bool(false))
    }
    #expect(read.pixels == mask.pixels)
    // Who names colours means colours.
    let colours = (1...2).map { index in
      let colour = palette[index]
      return "\(colour.red),\(colour.green),\(colour.blue) thing \(index)\n"
    }
    try scratch.write("0 ground\n" + colours.joined(), to: "classes.txt")
    guard
      case .mask(let named) = try Dataset.open(scratch.path).splits[0].items[0].sample().truth
    else { return #expect(Bool(false)) }
    #expect(named.pixels == mask.pixels)
  }

  /// Pillow's PNGs of 2×2 pixels, of other depths than 8 bits.
  @Test(arguments: [
    (
      "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACEAAAAAAHTY67AAAAEklEQVR4nGNgYGBgZGJgYmAAAAAgAAZytCXxAAAA"
        + "AElFTkSuQmCC", [0, 1, 2, 1]
    ),
    (
      "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACEAAAAAAHTY67AAAAEklEQVR4nGNgYPj/n+H/fwYGABP2A/2DBsBlAAAA"
        + "AElFTkSuQmCC", [0, 255, 255, 0]
    ),
    (
      "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACAQAAAABazTCJAAAADElEQVR4nGNwYHIAAAEIAIMYhovOAAAAAElFTkSu"
        + "QmCC", [0, 255, 255, 0]
    ),
    (
      "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACAgMAAAAP2OW3AAAACVBMVEUAAAD/AAAA/wD0g79+AAAADElEQVR4nGMQ"
        + "YJgAAADEAKEWXLqWAAAAAElFTkSuQmCC", [0, 1, 2, 1]
    ),
  ])
  func masksOfAnyDepth(base64: String, values: [UInt8]) throws {
    let bytes = try #require(Data(base64Encoded: base64))
    let mask = try Picture(decoding: Array(bytes), origin: "mask.png", asNumbers: true)
    #expect(mask.channels == 1 && mask.pixels == values)
  }

  @Test func numbersAbove255AreNoClasses() throws {
    let scratch = try Scratch()
    try scratch.picture("images/a.png", 2, 2)
    let bytes = try #require(
      Data(
        base64Encoded: "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACEAAAAAAHTY67AAAAEklEQVR4nGNgYGDUYWDUYWAA"
          + "AAGhAFumaJb8AAAAAElFTkSuQmCC"))
    try scratch.write("", to: "masks/none.txt")
    try bytes.write(to: URL(filePath: "\(scratch.path)/masks/a.png"))
    try scratch.write("0 ground\n1 cell\n", to: "classes.txt")
    let data = try Dataset.open(scratch.path)
    let error = #expect(throws: ZooError.self) { try data.splits[0].items[0].sample() }
    #expect(error?.message.contains("numbers of 16 bits are above 255") == true)
  }

  @Test func aMaskOfAnotherSize() throws {
    let scratch = try Scratch()
    for index in 0..<2 { try scratch.picture("images/\(index).png", 3, 2) }
    try scratch.picture("masks/0.png", 3, 2, channels: 1, level: 0)
    try scratch.picture("masks/1.png", 2, 2, channels: 1, level: 0)
    let data = try Dataset.open(scratch.path)
    let error = #expect(throws: ZooError.self) { try data.splits[0].items[1].sample() }
    #expect(
      error?.message.hasSuffix("masks/1.png has 2×2 pixels, its picture images/1.png has 3×2")
        == true)
  }

  @Test func idx() throws {
    let scratch = try Scratch()
    try scratch.write(IDXFile.images(3, 2, 2), to: "train-images-idx3-ubyte")
    try scratch.write(IDXFile.labels([2, 0, 1]), to: "train-labels-idx1-ubyte")
    try scratch.write(IDXFile.packed(IDXFile.images(1, 2, 2)), to: "t10k-images.idx3-ubyte.gz")
    try scratch.write(IDXFile.packed(IDXFile.labels([1])), to: "t10k-labels-idx1-ubyte.gz")
    let data = try Dataset.open(scratch.path)
    #expect(data.kind == .idx && data.classes == ["0", "1", "2"])
    #expect(data.splits.map(\.name) == ["train", "test"] && data.splits.map(\.count) == [3, 1])
    let sample = try #require(data["train"]).items[1].sample()
    #expect(sample.picture.pixels == [4, 5, 6, 7] && sample.name == "train/1")
    #expect(try #require(data["test"]).items[0].sample().picture.pixels == [0, 1, 2, 3])
    try scratch.write("zero\none\ntwo\n", to: "classes.txt")
    #expect(try Dataset.open(scratch.path).classes == ["zero", "one", "two"])
  }

  @Test func nothingAndTooMuch() throws {
    let scratch = try Scratch()
    #expect(
      refusal(scratch.path).contains(
        "is not a data set: it contains 0 folders and 0 files; expected"))
    #expect(refusal("\(scratch.path)/nowhere") == "\(scratch.path)/nowhere does not exist")
    try scratch.picture("images/a.png")
    #expect(refusal(scratch.path).contains("it contains 1 folders (images)"))
    try scratch.write("0 0.5 0.5 0.2 0.4\n", to: "labels/a.txt")
    try scratch.picture("masks/a.png", 12, 8, channels: 1, level: 1)
    #expect(
      refusal(scratch.path).contains(
        "may be several kinds of data set: YOLO (labels/*.txt), pictures and masks "
          + "(images/, masks/); name the folder or file"))
  }
}

func areClose(_ a: [Double], _ b: [Double], _ tolerance: Double = 1e-9) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance }
}

enum IDXFile {
  static func big(_ number: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(number >> (24 - 8 * $0) & 255) }
  }

  static func header(_ sizes: [UInt32], type: UInt8 = 8) -> [UInt8] {
    [0, 0, type, UInt8(sizes.count)] + sizes.flatMap(big)
  }

  static func images(_ count: Int, _ height: Int, _ width: Int) -> [UInt8] {
    header([UInt32(count), UInt32(height), UInt32(width)])
      + (0..<count * height * width).map { UInt8($0 & 255) }
  }

  static func labels(_ labels: [UInt8]) -> [UInt8] { header([UInt32(labels.count)]) + labels }

  /// A gzip file of stored blocks.
  static func packed(_ bytes: [UInt8]) -> [UInt8] {
    let count = UInt16(bytes.count)
    let block = [1, UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8)]
    let crc = ~bytes.reduce(~0 as UInt32) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1) * 0xEDB8_8320 }
    }
    func little(_ number: UInt32) -> [UInt8] { big(number).reversed() }
    return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255] + block + bytes + little(crc)
      + little(UInt32(bytes.count))
  }
}
