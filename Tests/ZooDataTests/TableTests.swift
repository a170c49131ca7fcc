import Testing
import ZooData
import ZooKit
import ZooVision

/// Classes and boxes beside pictures, in a table.
@Suite struct TableTests {
  private func open(_ table: String, called name: String = "labels.csv", _ pictures: [String])
    throws -> Dataset
  {
    let scratch = try Scratch()
    for picture in pictures { try scratch.picture(picture) }
    try scratch.write(table, to: name)
    let whole = try Dataset.open(scratch.path)
    let named = try Dataset.open("\(scratch.path)/\(name)")
    #expect(whole.kind == named.kind && whole.classes == named.classes)
    return whole
  }

  private func labels(_ split: Split?) -> [String: Int] {
    Dictionary(
      uniqueKeysWithValues: (split?.items ?? []).map { item in
        if case .label(let index) = item.annotation { (item.name, index) } else { (item.name, -1) }
      })
  }

  // MARK: Classes

  @Test(arguments: [
    "file,label\n1.png,bee\n2.png,ant\n", "\u{FEFF}label;picture\r\nbee;1.png\r\nant;2.png\r\n",
    "image_id,class\n1,bee\n2,ant\n", "filename,species\n./1.png, bee \n2.png,ant\n",
    // A single other column of words needs no special name.
    "file,insect\n1.png,bee\n2.png,ant\n",
  ])
  func readsClasses(_ text: String) throws {
    let scratch = try Scratch()
    for name in ["1.png", "2.png"] { try scratch.picture(name) }
    try scratch.write(text, to: "labels.csv")
    let data = try Dataset.open("\(scratch.path)/labels.csv")
    #expect(data.kind == .labelTable && data.task == .classification, "\(data)")
    #expect(data.classes == ["ant", "bee"] && data.warnings.isEmpty)
    #expect(labels(data["all"]) == ["1.png": 1, "2.png": 0])
  }

  @Test func numbersUnderSuchANameAreClasses() throws {
    let data = try open("file,label\n1.png,10\n2.png,9\n", ["1.png", "2.png"])
    #expect(data.kind == .labelTable && data.classes == ["9", "10"])
    // Unless they are fractions, or the name of the table says otherwise.
    #expect(try open("file,label\n1.png,1.5\n2.png,2\n", ["1.png", "2.png"]).kind == .numbers)
    let values = try open(
      "file,label\n1.png,1\n2.png,2\n", called: "values.csv", ["1.png", "2.png"])
    #expect(values.kind == .numbers)
  }

  @Test func severalClassesAreJoinedByABar() throws {
    let data = try open(
      "file,finding\n1.png,edema|effusion\n2.png,effusion\n", ["1.png", "2.png"])
    #expect(data.classes == ["edema", "effusion"])
    let sets = data["all"]?.items.map { item -> Set<Int> in
      if case .labels(let set) = item.annotation { set } else { [] }
    }
    #expect(sets == [[0, 1], [1]] as [Set<Int>])
  }

  @Test func splitsAreAColumnOrFolders() throws {
    let column = try open(
      "file,label,split\n1.png,a,train\n2.png,b,train\n3.png,a,val\n", ["1.png", "2.png", "3.png"])
    #expect(column.splits.map(\.name) == ["train", "val"])
    #expect(labels(column["val"]) == ["3.png": 0])
    let folders = try open(
      "file,label\ntrain/1.png,a\ntrain/2.png,b\nval/1.png,b\n",
      ["train/1.png", "train/2.png", "val/1.png"])
    #expect(labels(folders["val"]) == ["val/1.png": 1])
  }

  /// A single folder of pictures is no class if a table says more.
  @Test func aTableBesideAFolderOfPictures() throws {
    let data = try open("file,label\n1.png,a\n2.png,b\n", ["pictures/1.png", "pictures/2.png"])
    #expect(data.kind == .labelTable && data.classes == ["a", "b"])
    // A split is no such folder.
    let scratch = try Scratch()
    for name in ["train/a/1.png", "train/b/2.png"] { try scratch.picture(name) }
    try scratch.write("file,answer\ntrain/a/1.png,b\ntrain/b/2.png,b\n", to: "answers.csv")
    #expect(try Dataset.open(scratch.path).kind == .imageFolder)
  }

  @Test(arguments: [
    ("file,label\n1.png,a\n1.png,b\n2.png,a\n", "1.png already occurs in"),
    ("file,label\n1.png,a\n2.png,\n", "“label” names no class"),
    ("file,label\n1.png,a\nx.png,b\n", "there is no picture “x.png”"),
    ("file,a,b\n1.png,x,y\n2.png,x,y\n", "neither classes"),
  ])
  func flawsAreNamed(_ table: String, _ part: String) throws {
    let scratch = try Scratch()
    for name in ["1.png", "2.png"] { try scratch.picture(name) }
    try scratch.write(table, to: "labels.csv")
    let error = #expect(throws: ZooError.self) {
      try Dataset.open("\(scratch.path)/labels.csv")
    }
    #expect(error?.kind == .corrupt && error?.message.contains(part) == true, "\(error as Any)")
  }

  @Test func descriptionsAreNoClasses() throws {
    let scratch = try Scratch()
    let rows = (1...120).map { index in "\(index).png,picture number \(index)" }
    for index in 1...120 { try scratch.picture("\(index).png", 1, 1) }
    try scratch.write("file,text\n" + rows.joined(separator: "\n"), to: "captions.csv")
    let error = #expect(throws: ZooError.self) { try Dataset.open(scratch.path) }
    #expect(error?.message.contains("120 different classes") == true)
  }

  // MARK: Masks

  @Test func masksAreAColumn() throws {
    let scratch = try Scratch()
    for index in 1...2 {
      try scratch.picture("pictures/\(index).png")
      try scratch.picture("truth/\(index).png", channels: 1, level: UInt8(index - 1))
    }
    try scratch.write(
      "image,mask,split\npictures/1.png,truth/1.png,train\npictures/2.png,truth/2.png,val\n",
      to: "masks.csv")
    let data = try Dataset.open("\(scratch.path)/masks.csv")
    #expect(data.kind == .masks && data.task == .segmentation && data.classes == ["0", "1"])
    #expect(data.splits.map(\.name) == ["train", "val"])
    guard case .mask(let mask) = try #require(data["val"]?.items.first).sample().truth else {
      Issue.record("no mask")
      return
    }
    #expect(mask.withPixels { $0.allSatisfy { $0 == 1 } })
  }

  // MARK: Boxes

  private func boxes(_ data: Dataset, _ name: String) throws -> [ObjectBox] {
    let item = try #require(data["all"]?.items.first { $0.name == name })
    guard case .boxes(let boxes) = try item.sample().truth else { return [] }
    return boxes
  }

  /// The pictures have 12×8 pixels; each table has the same boxes.
  @Test(arguments: [
    "filename,width,height,class,xmin,ymin,xmax,ymax\n1.png,12,8,bee,1,2,5,6\n"
      + "1.png,12,8,ant,0,0,12,8\n2.png,12,8,bee,3,3,30,7\n3.png,12,8,,,,,\n",
    "image,x1,y1,x2,y2,label\n1.png,1,2,5,6,bee\n1.png,0,0,12,8,ant\n2.png,3,3,12,7,bee\n3.png,,,,,\n",
    "image_id;x;y;w;h;label\n1;1;2;4;4;bee\n1;0;0;12;8;ant\n2;3;3;9;4;bee\n3;;;;;\n",
    "ImageID,LabelName,XMin,XMax,YMin,YMax\n1,bee,0.0833333,0.4166667,0.25,0.75\n"
      + "1,ant,0,1,0,1\n2,bee,0.25,1,0.375,0.875\n3,,,,,\n",
  ])
  func readsBoxes(_ text: String) throws {
    let scratch = try Scratch()
    for name in ["1.png", "2.png", "3.png"] { try scratch.picture(name) }
    try scratch.write(text, to: "boxes.csv")
    let data = try Dataset.open("\(scratch.path)/boxes.csv")
    #expect(data.kind == .boxTable && data.task == .detection)
    #expect(data.classes == ["ant", "bee"] && data["all"]?.count == 3)
    let expected: [String: [(Int, Frame)]] = [
      "1.png": [(1, Frame(x0: 1, y0: 2, x1: 5, y1: 6)), (0, Frame(x0: 0, y0: 0, x1: 12, y1: 8))],
      "2.png": [(1, Frame(x0: 3, y0: 3, x1: 12, y1: 7))], "3.png": [],
    ]
    for (name, wanted) in expected {
      let found = try boxes(data, name)
      #expect(found.map(\.classIndex) == wanted.map(\.0), "\(name)")
      for (box, (_, frame)) in zip(found, wanted) {
        #expect(abs(box.frame.x0 - frame.x0) + abs(box.frame.y0 - frame.y0) < 1e-4, "\(name)")
        #expect(abs(box.frame.x1 - frame.x1) + abs(box.frame.y1 - frame.y1) < 1e-4, "\(name)")
      }
    }
  }

  @Test func aBoxWithoutAClassIsAnObject() throws {
    let data = try open("file,xmin,ymin,xmax,ymax\n1.png,1,1,3,3\n", called: "b.csv", ["1.png"])
    #expect(data.kind == .boxTable && data.classes == ["object"])
  }

  @Test func aBrokenBoxIsNamed() throws {
    let scratch = try Scratch()
    try scratch.picture("1.png")
    try scratch.write("file,xmin,ymin,xmax,ymax\n1.png,1,1,x,3\n", to: "b.csv")
    let error = #expect(throws: ZooError.self) { try Dataset.open(scratch.path) }
    #expect(error?.message.contains("line 2: xmax is “x”, expected a number") == true)
  }
}
