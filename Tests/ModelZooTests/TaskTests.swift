import Glibc
import ModelZoo
import Testing
import ZooKit

struct TaskTests {
  @Test func anUnknownTaskIsNamedBesideTheKnownOnes() {
    let error = #expect(throws: ZooError.self) {
      try VisionTask(rawValue: "drawing").definition
    }
    #expect(error?.kind == .corrupt)
    for name in ["drawing", "classification", "segmentation", "detection", "regression"] {
      #expect(error?.message.contains(name) == true, "\(error?.message ?? "")")
    }
  }

  /// Every task finds itself by its name, and compares epochs by a metric that the log has.
  @Test(arguments: Tasks.names) func tasksAreConsistent(_ name: VisionTask) throws {
    let task = try name.definition
    #expect(task.name == name)
    #expect(task.logged(classes: 10).contains(task.metric))
    #expect(!task.published.isEmpty)
    for option in task.options + task.judgingOptions { #expect(!option.help.isEmpty) }
  }

  /// A classifier's network can learn numbers; a segmenter's cannot.
  @Test func formsDecideWhatNetworksCanDo() throws {
    let registry = try Registry.linked()
    let classifier = try registry.variant("resnet20").architecture
    let segmenter = try registry.variant("unet-depth3").architecture
    let regression = try VisionTask.regression.definition
    #expect(regression.suits(classifier) && !regression.suits(segmenter))
    #expect(try VisionTask.segmentation.definition.suits(segmenter))
    #expect(try !VisionTask.detection.definition.suits(classifier))
  }

  /// Other random weights find thousands of boxes, and `zoo bench` would time their suppression.
  @Test func anUntrainedDetectorFindsNothing() throws {
    let model = try Zoo().untrained("yolov4-tiny")
    let name = try #require(model.weights.names.last { $0.hasSuffix(".bias") })
    let bias = try #require(model.weights[name])
    #expect(bias.shape[0] == 3 * 85)
    #expect(bias.values[4] == -log(99 as Float))
  }
}
