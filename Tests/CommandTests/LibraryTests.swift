import Foundation
import ModelZoo
import Testing

extension CommandLineTests {
  /// Libraries that are loaded when something needs them, on a machine that lacks one.
  @Suite struct LibraryTests {
    /// Runs a program whose loader finds an empty file by the library's name.
    private func lacking(_ library: String, _ workspace: Workspace) throws -> [String] {
      try FileManager.default.createDirectory(
        atPath: workspace["empty"], withIntermediateDirectories: true)
      try workspace.write("", to: "empty/\(library)")
      let others = ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"].map { ":\($0)" } ?? ""
      return ["env", "LD_LIBRARY_PATH=\(workspace["empty"])\(others)"]
    }

    private func isMissing(_ package: String, _ what: String, _ doctor: Outcome) throws -> Bool {
      let finding = try doctor.json.list?.first { $0["what"]?.string == what }
      return finding?["good"]?.bool == false
        && finding?["detail"]?.string?.contains("apt install \(package)") == true
    }

    @Test func onlyDrawingNeedsCairo() throws {
      let workspace = try Workspace.furnished()
      let lacking = try lacking("libcairo.so.2", workspace)
      let predict = ["predict", "small.h5", "small.png"]
      #expect(try workspace.zoo(predict, under: lacking).status == 0)
      let drawing = try workspace.zoo(predict + ["--draw", "found"], under: lacking)
      #expect(drawing.status == 69)
      #expect(drawing.error?.contains("apt install libcairo2") == true, "\(drawing.errors)")
      #expect(!workspace.has("found/small.png"))
      let doctor = try workspace.zoo(["doctor", "--json"], under: lacking)
      #expect(try isMissing("libcairo2", "drawings", doctor))
    }

    @Test(arguments: [
      ("libtiff.so.6", "libtiff6", "rgb-lzw.tif", "TIFF pictures"),
      ("libwebp.so.7", "libwebp7", "lossy.webp", "WebP pictures"),
    ])
    func onlyItsFormatNeedsALibrary(
      _ library: String, _ package: String, _ sample: String, _ what: String
    ) throws {
      let workspace = try Workspace.furnished()
      var lacking = try lacking(library, workspace)
      // The older one would do as well.
      if library.hasPrefix("libtiff") { lacking = try self.lacking("libtiff.so.5", workspace) }
      let picture = golden("vision/formats/\(sample)")
      #expect(try workspace.zoo("predict", "small.h5", picture).status == 0)
      let run = try workspace.zoo(["predict", "small.h5", "small.png", picture], under: lacking)
      #expect(run.status == 69 && !run.output.isEmpty)
      #expect(run.error?.contains("\(sample) needs") == true, "\(run.errors)")
      #expect(run.error?.contains("apt install \(package)") == true, "\(run.errors)")
      let doctor = try workspace.zoo(["doctor", "--json"], under: lacking)
      #expect(try isMissing(package, what, doctor))
    }

    @Test func onlySettingsOfDataNeedLibYAML() throws {
      let workspace = try Workspace.furnished()
      let lacking = try lacking("libyaml-0.so.2", workspace)
      for folder in ["data/images", "data/labels"] {
        try FileManager.default.createDirectory(
          atPath: workspace[folder], withIntermediateDirectories: true)
      }
      try workspace.write("names: [a]\n", to: "data/data.yaml")
      let learning = ["finetune", "small.h5", "--data", "data", "-o", "run"]
      let refused = try workspace.zoo(learning, under: lacking)
      #expect(refused.status == 69)
      #expect(refused.error?.contains("apt install libyaml-0-2") == true, "\(refused.errors)")
      let doctor = try workspace.zoo(["doctor", "--json"], under: lacking)
      #expect(try isMissing("libyaml-0-2", "data.yaml", doctor))
    }

    /// Cairo's own letters take the place of a machine's.
    @Test func drawsWithoutFonts() throws {
      let workspace = try Workspace.furnished()
      try workspace.write("<fontconfig></fontconfig>", to: "no-fonts.conf")
      func drawing(_ folder: String, under program: [String] = []) throws -> Picture {
        let run = try workspace.zoo(
          ["predict", "small.h5", "small.png", "--draw", folder], under: program)
        #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
        return try Picture(contentsOf: workspace["\(folder)/small.png"])
      }
      let usual = try drawing("usual")
      // Another process draws the same.
      #expect(try drawing("again") == usual)
      let plain = try drawing(
        "plain", under: ["env", "FONTCONFIG_FILE=\(workspace["no-fonts.conf"])"])
      #expect((plain.width, plain.height) == (usual.width, usual.height))
      #expect(plain != usual)
      // As many white letters below the picture.
      func ink(_ picture: Picture) -> Int {
        let pixels = picture.pixels
        return stride(from: 3 * 400 * 360, to: pixels.count, by: 3)
          .count { pixels[$0..<$0 + 3].min() ?? 0 > 170 }
      }
      #expect(ink(usual) > 500 && ink(plain) > ink(usual) / 3 && ink(plain) < 3 * ink(usual))
    }
  }
}
