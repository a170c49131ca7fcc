import ModelZoo
import TestSupport
import Testing

/// The checkpoints in the clone: `Weights/` and the catalogue.
@Suite(.serialized)
struct WeightsTests {
  static let included = (try? Zoo().catalog.records.filter { $0.source == nil }) ?? []

  @Test func everyFamilyOfTheFirstZooHasOne() {
    let families = ["AlexNet", "VGG", "ResNet", "DenseNet", "U-Net", "Faster R-CNN", "YOLO"]
    #expect(Set(WeightsTests.included.map(\.family)).isSuperset(of: families))
  }

  /// A clone stays small.
  @Test func takeLessThan25Megabytes() throws {
    let zoo = try Zoo()
    let sizes = try WeightsTests.included.map { try RandomAccessFile(zoo.path(of: $0.name)).size }
    #expect(sizes.reduce(0, +) < 25_000_000)
  }

  /// The catalogue and the file agree, and the file is the published one.
  @Test(arguments: included.map(\.name))
  func areWhatTheCatalogueSays(name: String) throws {
    let zoo = try Zoo()
    let record = try #require(zoo.catalog[name])
    guard case .included(let file, let sha256) = record.place else {
      Issue.record("\(name) is not included")
      return
    }
    let path = try zoo.path(of: name)
    #expect(path.hasSuffix("/\(file)"))
    let bytes = try RandomAccessFile(path)
    var digest = SHA256()
    digest.update(try bytes.read(at: 0, count: bytes.size))
    #expect(digest.hexadecimal == sha256)

    let checkpoint = try zoo.model(name).checkpoint
    #expect(checkpoint.provenance.name == name)
    #expect(checkpoint.family == record.family)
    #expect(checkpoint.variant == record.variant)
    #expect(checkpoint.classes == record.classes)
    #expect(checkpoint.preprocessing == record.preprocessing)
    #expect(checkpoint.license == record.license)
    #expect(checkpoint.metrics == record.metrics)
    let training = try #require(checkpoint.provenance.training)
    #expect(training.commit != nil && training.curve != nil)
  }

  @Test(arguments: included.map(\.name), [EngineChoice.openblas, .auto])
  func passTheirGolden(name: String, engine: EngineChoice) throws {
    let zoo = try Zoo()
    let found = try zoo.verify(zoo.path(of: name), engine: engine)
    #expect(found.isGood)
    #expect(try #require(found.error) <= 1e-4)
  }

  /// The required accuracy on pictures that were not used for training.
  @Test(arguments: [
    ("resnet20.fashion", "top1", 93.5), ("densenet28-16.fashion", "top1", 93.5),
    ("vgg9_bn.fashion", "top1", 92.5), ("alexnet-small.fashion", "top1", 91),
    ("unet-16.scenes", "mIoU", 85), ("yolov4-tiny-half.scenes", "mAP50", 85),
    ("fasterrcnn-resnet20.scenes", "mAP50", 85),
  ])
  func areGood(name: String, metric: String, least: Double) throws {
    let record = try #require(try Zoo().catalog[name])
    let value = try #require(record.metrics.first { $0.name == metric }?.value)
    #expect(value >= least)
  }
}
