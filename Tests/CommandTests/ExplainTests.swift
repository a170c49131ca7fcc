import Foundation
import ModelZoo
import TestSupport
import Testing

extension CommandLineTests {
  @Suite struct ExplainTests {
    /// Ten classes of clothes, and a picture of stripes.
    private func workspace() throws -> Workspace {
      let workspace = Workspace()
      workspace.environment["ZOO_SHARE"] = Self.weights
      let pixels = (0..<60 * 45 * 3).map { index -> UInt8 in
        let value = index / 9 * 7919
        return UInt8((value >> 3) & 255)
      }
      try Picture(width: 60, height: 45, channels: 3, pixels: pixels)
        .write(png: workspace["coat.png"])
      return workspace
    }

    private static let weights =
      GoldenFile.folder.appending(path: "../../Weights").standardizedFileURL.path

    @Test func explainsClasses() throws {
      let workspace = try workspace()
      let run = try workspace.zoo(
        "explain", "\(Self.weights)/resnet20.fashion.h5", "coat.png", "--method",
        "gradcam,saliency,integrated-gradients", "--class", "top", "--class", "Coat", "--class",
        "0",
        "--samples", "4", "-o", "why", "--raw", "why.safetensors", "--json", "--quiet")
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      #expect(try run.json.keys == ["model", "results"])
      let results = try #require(try run.json["results"]?.list)
      #expect(results.count == 9)
      for result in results {
        #expect(result.keys == ["image", "method", "class", "layer", "map", "overlay"])
        #expect(result["image"]?.string == "coat.png")
        for key in ["map", "overlay"] {
          #expect(workspace.has(try #require(result[key]?.string)))
        }
      }
      #expect(
        results.map { $0["method"]?.string }.prefix(3) == [
          "gradcam", "saliency", "integrated-gradients",
        ])
      #expect(results[0]["layer"]?.string != nil && results[1]["layer"]?.string == nil)
      #expect(workspace.has("why/coat-sheet.png"))
      let raw = try SafeTensors(workspace["why.safetensors"])
      let model = try Model(contentsOf: "\(Self.weights)/resnet20.fashion.h5", registry: .linked())
      let input = model.checkpoint.input
      #expect(try raw.tensor("coat.png/gradcam/Coat").shape == [input.height, input.width])
      #expect(try raw.tensor("coat.png/integrated-gradients/Coat").shape.rank == 3)

      // The same numbers through Swift.
      let photo = try Picture(contentsOf: workspace["coat.png"])
      let found = try model.explain(photo, .gradCAM, of: .class("Coat"))
      #expect(
        relativeError(try found.map.values, try raw.tensor("coat.png/gradcam/Coat").values) < 1e-6)
    }

    @Test(arguments: [
      (["--class", "Caot"], 64, "Coat"), (["--class", "10"], 64, "0 to 9"),
      (["--layer", "layer9"], 64, "layer3"), (["--layer", "head"], 64, "places"),
      (["--method", "gradcma"], 64, "gradcam"), (["--neuron", "layer3"], 64, "layer3:17"),
      (["--neuron", "layer3:999"], 64, "64"), (["--neuron", "lyer3:1"], 64, "layer3"),
      (["--method", "occlusion", "--window", "400"], 64, "400"), (["--box", "0"], 64, "--box"),
    ])
    func refusesWithReasons(words: [String], status: Int32, part: String) throws {
      let workspace = try workspace()
      let run = try workspace.zoo(
        ["explain", "\(Self.weights)/resnet20.fashion.h5", "coat.png", "-o", "why", "--quiet"]
          + words)
      #expect(run.status == status, "\(words): \(run.errors)")
      #expect(run.error?.contains(part) == true, "\(words): \(run.errors)")
    }

    @Test func camNeedsAnAverage() throws {
      let run = try workspace().zoo(
        "explain", "\(Self.weights)/alexnet-small.fashion.h5", "coat.png", "--method", "cam", "-o",
        "why", "--quiet")
      #expect(run.status == 64 && run.error?.contains("gradcam") == true, "\(run.errors)")
    }

    @Test func brokenPicturesAreReported() throws {
      let workspace = try workspace()
      try workspace.write("no picture", to: "broken.png")
      let model = "\(Self.weights)/resnet20.fashion.h5"
      let alone = try workspace.zoo("explain", model, "broken.png", "-o", "why", "--quiet")
      #expect(alone.status == 65 && alone.error?.contains("broken.png") == true)
      let both = try workspace.zoo(
        "explain", model, "broken.png", "coat.png", "-o", "why", "--quiet")
      #expect(both.status == 65 && both.output.contains("why/coat-sheet.png"))
      let missing = try workspace.zoo("explain", model, "none.png", "-o", "why", "--quiet")
      #expect(missing.status == 66)
    }

    /// Masks and boxes are explained too.
    @Test func explainsMasksAndBoxes() throws {
      let workspace = try workspace()
      let masks = try workspace.zoo(
        "explain", "\(Self.weights)/unet-16.scenes.h5", "coat.png", "--method", "gradcam,occlusion",
        "--window", "40", "--region", "0,0,30,30", "--class", "dress", "-o", "why", "--json",
        "--quiet")
      #expect(masks.status == 0 && masks.errors.isEmpty, "\(masks.errors)")
      #expect(try masks.json["results"]?.list?.count == 2)
      let region = try workspace.zoo(
        "explain", "\(Self.weights)/unet-16.scenes.h5", "coat.png", "--region", "0,0,300,30", "-o",
        "why", "--quiet")
      #expect(region.status == 64 && region.error?.contains("60×45") == true, "\(region.errors)")
      let box = try workspace.zoo(
        "explain", "\(Self.weights)/yolov4-tiny-half.scenes.h5", "coat.png", "--box", "99", "-o",
        "why", "--method", "occlusion", "--quiet")
      #expect(box.status == 64 && box.error?.contains("--box 99") == true, "\(box.errors)")
    }

    /// The object that a map shows is cut out, and the map is looked up in a data set of boxes.
    @Test func cutsOutAndPoints() throws {
      let workspace = try workspace()
      for folder in ["boxes/images", "boxes/labels"] {
        try FileManager.default.createDirectory(
          atPath: workspace[folder], withIntermediateDirectories: true)
      }
      try Picture(contentsOf: workspace["coat.png"]).write(png: workspace["boxes/images/coat.png"])
      try workspace.write("0 0.5 0.5 1 1\n", to: "boxes/labels/coat.txt")
      try workspace.write("names: [Coat, Bag]\npath: .\ntrain: images\n", to: "boxes/data.yaml")
      let model = "\(Self.weights)/resnet20.fashion.h5"
      let run = try workspace.zoo(
        "explain", model, "coat.png", "--class", "Coat", "--method", "gradcam", "--segment",
        "--boxes", "boxes", "-o", "why", "--json", "--quiet")
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      let result = try #require(try run.json["results"]?.list?.first)
      #expect(
        result.keys == [
          "image", "method", "class", "layer", "map", "overlay", "mask", "cutout", "hit",
        ])
      #expect(result["hit"]?.bool == true)
      let mask = try Picture(contentsOf: workspace[try #require(result["mask"]?.string)])
      let cut = try Picture(contentsOf: workspace[try #require(result["cutout"]?.string)])
      #expect((mask.width, mask.height) == (60, 45) && cut.channels == 4)
      #expect(Set(mask.pixels).isSubset(of: [0, 255]) && mask.pixels.contains(255))
      let clear = (0..<60 * 45).allSatisfy {
        (cut.pixels[4 * $0 + 3] == 255) == (mask.pixels[$0] == 255)
      }
      #expect(clear)

      let other = try workspace.zoo(
        "explain", model, "coat.png", "--class", "Dress", "--boxes", "boxes", "-o", "why", "--quiet"
      )
      #expect(other.status == 65 && other.error?.contains("no box of Dress") == true)
      let none = try workspace.zoo(
        "explain", model, "coat.png", "--boxes", "nowhere", "-o", "why", "--quiet")
      #expect(none.status == 66, "\(none.errors)")
    }

    @Test func slidesOverPictures() throws {
      let workspace = try workspace()
      let run = try workspace.zoo(
        "explain", "\(Self.weights)/resnet20.fashion.h5", "coat.png", "--class", "Coat", "--method",
        "sliding-window,gradcam", "--scale", "40", "--raw", "raw.safetensors", "-o", "why",
        "--quiet")
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      let raw = try SafeTensors(workspace["raw.safetensors"])
      #expect(try raw.tensor("coat.png/sliding-window/Coat").shape == [40, 53])
      for (scale, part) in [("8", "8"), ("16384", "--scale 16384")] {
        let wrong = try workspace.zoo(
          "explain", "\(Self.weights)/resnet20.fashion.h5", "coat.png", "--method",
          "sliding-window", "--scale", scale, "-o", "why", "--quiet")
        #expect(wrong.status == 64 && wrong.error?.contains(part) == true, "\(wrong.errors)")
      }
    }

    @Test func refusesUnknownNumbersOfBoxes() throws {
      let run = try workspace().zoo(
        "explain", "\(Self.weights)/yolov4-tiny-half.scenes.h5", "coat.png", "--target", "x2", "-o",
        "why", "--quiet")
      #expect(run.status == 64 && run.error?.contains("x0") == true, "\(run.errors)")
    }

    /// The most exciting place of each channel is where the map is largest.
    @Test func findsPatches() throws {
      let workspace = try workspace()
      for label in ["a", "b"] {
        try FileManager.default.createDirectory(
          atPath: workspace["data/\(label)"], withIntermediateDirectories: true)
        for index in 0..<3 {
          let seed = label == "a" ? index : index + 3
          let pixels = (0..<32 * 32 * 3).map { UInt8(($0 * (2 * seed + 3) / 5) & 255) }
          try Picture(width: 32, height: 32, channels: 3, pixels: pixels)
            .write(png: workspace["data/\(label)/\(index).png"])
        }
      }
      let run = try workspace.zoo(
        "patches", "\(Self.weights)/resnet20.fashion.h5", "--data", "data", "--stage", "layer1",
        "--channels", "0,3", "--top", "2", "-o", "patches", "--json", "--quiet")
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      let results = try #require(try run.json["results"]?.list)
      #expect(results.compactMap { $0["channel"]?.integer } == [0, 3])
      for result in results {
        let patches = try #require(result["patches"]?.list)
        let values = patches.compactMap { $0["value"]?.number }
        #expect(values.count == 2 && values[0] >= values[1])
        #expect(Set(patches.map { $0["image"]?.string }).count == 2)
      }
      #expect(workspace.has(try #require(try run.json["sheet"]?.string)))
      let wrong = try workspace.zoo(
        "patches", "\(Self.weights)/resnet20.fashion.h5", "--data", "data", "--stage", "layer1",
        "--channels", "16", "-o", "patches", "--quiet")
      #expect(
        wrong.status == 64 && wrong.error?.contains("no channel 16") == true, "\(wrong.errors)")
    }

    @Test func drawsKernels() throws {
      let workspace = try workspace()
      let model = "\(Self.weights)/resnet20.fashion.h5"
      let run = try workspace.zoo("filters", model, model, "-o", "kernels", "--json")
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      let results = try #require(try run.json["results"]?.list)
      #expect(results.count == 2 && results[0].keys == ["model", "layer", "shape", "picture"])
      #expect(workspace.has(try #require(results[0]["picture"]?.string)))
      #expect(workspace.has("kernels/sheet.png"))
      let wrong = try workspace.zoo("filters", model, "--layer", "head", "-o", "kernels")
      #expect(
        wrong.status == 64 && wrong.error?.contains("no convolution") == true, "\(wrong.errors)")
    }
  }
}
