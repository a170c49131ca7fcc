import Glibc
import TestSupport
import Testing
import ZooData
import ZooKit
import ZooVision

/// The files of Debian's `dataset-fashion-mnist`.
@Suite struct InstalledTests {
  static let path = "/usr/share/datasets/fashion-mnist"

  @Test(.enabled(if: access(path, R_OK) == 0, "dataset-fashion-mnist is not installed"))
  func fashion() throws {
    let data = try Dataset.open(InstalledTests.path)
    #expect(data.kind == .idx && data.classes[9] == "Ankle boot")
    #expect(data["train"]?.counts(classes: 10) == Array(repeating: 6000, count: 10))
    #expect(data["test"]?.counts(classes: 10) == Array(repeating: 1000, count: 10))
    // The first picture is a boot.
    let sample = try #require(data["train"]).items[0].sample()
    #expect(sample.picture.size == Window.Size(28) && sample.picture.channels == 1)
    guard case .label(let label) = sample.truth else { return #expect(Bool(false)) }
    #expect(label == 9)
  }
}

/// Real data sets, as their publishers packed them.
@Suite(.enabled(if: Fixtures.areHere, "no fixtures")) struct FixtureTests {
  private func open(_ name: String) throws -> Dataset { try Dataset.open(Fixtures.path(name)) }

  @Test func hymenoptera() throws {
    let data = try open("hymenoptera_256")
    #expect(data.kind == .imageFolder && data.task == .classification)
    #expect(data.classes == ["ants", "bees"] && data.warnings.isEmpty)
    let train = try #require(data["train"])
    let val = try #require(data["val"])
    #expect(train.counts(classes: 2) == [123, 121])
    #expect(val.counts(classes: 2) == [70, 83])
    #expect(try train.checked().broken.isEmpty)
    #expect(
      data.description.hasPrefix("ImageFolder ")
        && data.description.hasSuffix(
          "2 classes (ants, bees); train 244, val 153 pictures")
    )
    // The same on another machine: it does not depend on the folder's location.
    let fingerprint = try train.fingerprint(classes: data.classes)
    #expect(fingerprint.count == 64)
    #expect(try fingerprint == open("hymenoptera_256")["train"]?.fingerprint(classes: data.classes))
    #expect(try fingerprint != val.fingerprint(classes: data.classes))
  }

  @Test func bloodCells() throws {
    let data = try open("bccd")
    #expect(data.kind == .voc && data.task == .detection)
    #expect(data.classes == ["Platelets", "RBC", "WBC"])
    #expect(data.splits.map(\.name) == ["train", "val", "test"])
    #expect(data.splits.map(\.count) == [205, 87, 72])
    // One empty box in each of two pictures.
    #expect(data.warnings.count == 2)
    #expect(data.warnings.allSatisfy { $0.contains("is empty and is skipped") })
    #expect(data["val"]?.counts(classes: 3) == [83, 967, 87])
    let sample = try #require(data["test"]).items[0].sample()
    #expect(sample.picture.width == 640 && sample.picture.height == 480)
    #expect(!boxTruth(sample.truth).isEmpty)
    for split in data.splits { #expect(try split.checked().broken.isEmpty) }
  }

  @Test func membranes() throws {
    let data = try open("isbi_membrane")
    #expect(data.kind == .masks && data.task == .segmentation)
    // Neither class is assumed to be background.
    #expect(data.classes == ["0", "255"])
    #expect(data.splits.map(\.name) == ["train"] && data["train"]?.count == 30)
    #expect(data.warnings.count == 1)
    let train = try #require(data["train"])
    #expect(
      train.items[2].name == "train/image/2.png" && train.items[10].name == "train/image/10.png")
    guard case .mask(let mask) = try train.items[0].sample().truth else {
      return #expect(Bool(false), "no mask")
    }
    #expect(mask.size == Window.Size(512) && Set(mask.pixels) == [0, 1])
  }

  @Test func cifar() throws {
    let data = try open("cifar10")
    #expect(data.kind == .cifar10 && data.classes.count == 10)
    #expect(data["train"]?.count == 4000 && data["test"]?.count == 1000)
    let sample = try #require(data["test"]).items[0].sample()
    // The first test picture is a cat, and its first pixel is known.
    guard case .label(let label) = sample.truth else { return #expect(Bool(false)) }
    #expect(data.classes[label] == "cat")
    #expect(Array(sample.picture.pixels.prefix(3)) == [158, 112, 49])
  }

  @Test func theWrongFolder() throws {
    let message = refusal(try Fixtures.path("photos8"))
    #expect(message.contains("is not a data set: it contains 0 folders and"))
    #expect(message.contains("VOC (Annotations/, JPEGImages/)"))
  }

  @Test func aSplitIsStratified() throws {
    let data = try open("hymenoptera_256")
    let train = try #require(data["train"])
    let (rest, part) = try train.divided(fraction: 0.2, seed: 7)
    #expect(part.count == 49 && rest.count == 195)
    #expect(part.counts(classes: 2) == [25, 24])
    let names = Set(rest.items.map(\.name)).intersection(part.items.map(\.name))
    #expect(names.isEmpty)
    #expect(
      try train.divided(fraction: 0.2, seed: 7).part.items.map(\.name) == part.items.map(\.name))
    #expect(
      try train.divided(fraction: 0.2, seed: 8).part.items.map(\.name) != part.items.map(\.name))
    // Removing a picture moves few others.
    let fewer = Split(name: "train", items: Array(train.items.dropFirst()))
    let other = Set(try fewer.divided(fraction: 0.2, seed: 7).part.items.map(\.name))
    #expect(other.symmetricDifference(part.items.map(\.name)).count <= 4)
  }
}
