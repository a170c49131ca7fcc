import Foundation
import ModelZoo
import TestSupport
import Testing

extension CommandLineTests {
  /// Every kind of failure has its status and one line that names the problem.
  @Suite struct ExitStatusTests {
    struct Failure: CustomTestStringConvertible, Sendable {
      let words: String
      let status: Int32
      /// Texts that the line must contain.
      let says: [String]

      init(_ words: String, _ status: Int32, _ says: String...) {
        (self.words, self.status, self.says) = (words, status, says)
      }

      var testDescription: String { "zoo \(words) → \(status)" }
    }

    @Test(arguments: [
      // 64: the request is wrong.
      Failure("lits", 64, "lits", "list"),
      Failure("list --jsn", 64, "--jsn", "--json"),
      Failure("list --where params<many", 64, "params", "many"),
      Failure("list --where params<nan", 64, "params", "nan"),
      Failure("list --where colour=red", 64, "colour"),
      Failure("list --task drawing", 64, "drawing", "classification"),
      Failure("info", 64, "MODEL"),
      Failure("info small.h5 small.h5", 64, "small.h5"),
      Failure("predict small.h5", 64, "IMAGE"),
      Failure("predict small.h5 small.png --top 0", 64, "--top", "0"),
      Failure("predict small.h5 small.png --top three", 64, "--top", "three"),
      Failure("predict small.h5 small.png --threads 0", 64, "--threads"),
      Failure("predict small.h5 small.png --engine abacus", 64, "abacus", "openblas"),
      Failure("summary resnet18 --input 224", 64, "224"),
      Failure("summary resnet18 --input 3x224xhuge", 64, "3x224xhuge"),
      Failure("summary vgg16 --input 3x100000000x100000000", 64, "3x100000000x100000000"),
      Failure("summary alexnet --input 3x16x16", 64, "3×16×16", "features.5"),
      Failure("export small.h5 --format onnx -o x", 64, "onnx", "safetensors"),
      Failure("export small.h5 --format safetensors", 64, "-o"),
      Failure("import small.safetensors --task detection", 64, "resnet20", "detection"),
      Failure("cache empty", 64, "empty", "prune"),
      Failure("list --seed", 64, "--seed"),
      Failure("completion tcsh", 64, "tcsh", "bash"),
      // 65: the file is damaged or does not fit.
      Failure("import small.png --as resnet20", 65, "small.png"),
      Failure(
        "import small.safetensors --as resnet32", 65, "small.safetensors", "60", "layer1.3",
        "it fits resnet20"),
      Failure("import image.safetensors", 65, "image.safetensors", "no known variant"),
      Failure("import small.safetensors --as vgg11", 65, "small.safetensors", "vgg11"),
      Failure("import small.safetensors --as resnet20 --classes twice.txt", 65, "twice.txt"),
      Failure("import small.safetensors --as resnet20 --classes gap.txt", 65, "gap.txt", "line 2"),
      Failure(
        "import small.safetensors --as resnet20 --classes three.txt", 65, "linear.weight",
        "10×64", "3×64"),
      Failure("info small.safetensors", 65, "zoo import small.safetensors -o small.h5"),
      Failure("predict small.png small.png", 65, "small.png", "it is a PNG picture"),
      Failure("run small.h5 --input small.png -o y", 65, "small.png", "it is a PNG picture"),
      Failure("predict small.h5 small.safetensors", 65, "small.safetensors"),
      Failure("verify small.png", 65, "small.png"),
      Failure("run small.h5 --input flat.safetensors -o y", 65, "flat.safetensors", "10"),
      // 66: an input does not exist.
      Failure("info resnet19", 66, "resnet19", "resnet18"),
      Failure("info vgg", 66, "vgg", "vgg11, vgg13 or vgg16?"),
      Failure("info resnt", 66, "resnt", "resnet18"),
      Failure("import small.safetensors --as resnet21", 66, "resnet21", "resnet20"),
      Failure("list --family resnets", 66, "resnets", "ResNet"),
      Failure("import absent.pth --as resnet20", 66, "absent.pth"),
      Failure("info absent.h5", 66, "absent.h5"),
      Failure("predict small.h5 absent.jpg", 66, "absent.jpg"),
      Failure("run small.h5 --input absent.safetensors -o y", 66, "absent.safetensors"),
      Failure("run small.h5 --input image.safetensors -o y --keep layer9", 66, "layer9", "layer"),
      Failure("pull resnet19", 66, "resnet19", "resnet18"),
      // 69: not here.
      Failure("predict resnet18 small.png", 69, "resnet18", "zoo pull"),
      Failure("verify resnet18", 69, "resnet18", "zoo pull"),
      Failure("pull resnet18 --offline", 69, "resnet18", "--offline"),
      // 73: the output cannot be created.
      Failure("import small.safetensors --as resnet20 -o none/x.h5", 73, "none/x.h5"),
      Failure("export small.h5 --format safetensors -o none/x", 73, "none/x"),
      Failure("export small.h5 --format keras-h5 -o none/x", 73, "none/x"),
      Failure("export small.h5 --format pytorch -o none/x", 73, "none/x"),
      Failure("run small.h5 --input image.safetensors -o none/y", 73, "none/y"),
      Failure("export small.h5 --format safetensors -o folder", 73, "folder"),
    ])
    func failure(_ failure: Failure) throws {
      let workspace = try Workspace.furnished()
      try workspace.write("a\nb\na\n", to: "twice.txt")
      try workspace.write("a\n\nb\n", to: "gap.txt")
      try workspace.write("a\nb\nc\n", to: "three.txt")
      try FileManager.default.createDirectory(
        atPath: workspace["folder"], withIntermediateDirectories: false)
      for (name, shape) in [("image", [1, 3, 32, 32]), ("flat", [10])] {
        var tensors = Weights()
        tensors[name] = try Formula.tensor(name, Shape(shape))
        try SafeTensors.write(tensors, to: workspace["\(name).safetensors"])
      }
      let before = workspace.files
      let run = try workspace.zoo(failure.words.split(separator: " ").map(String.init), limit: 5)
      #expect(run.status == failure.status, "\(run.errors)")
      #expect(run.output.isEmpty || failure.words.hasPrefix("verify"), "\(run.output)")
      let error = try #require(run.error, "not one line: \(run.errors)")
      for word in failure.says { #expect(error.contains(word), "\(error)") }
      #expect(workspace.files.filter { $0 != "home" } == before, "something was left")
    }

    @Test(arguments: ["list", "doctor", "completion bash", "info resnet18", "help"])
    func fullDisk(_ words: String) throws {
      let run = try Workspace().zoo(
        words.split(separator: " ").map(String.init), output: "/dev/full")
      #expect(run.status == 74)
      #expect(run.errors.split(separator: "\n").last?.hasPrefix("zoo: cannot write") == true)
    }

    @Test(.enabled(if: getuid() != 0, "the superuser may write anywhere"))
    func unwritableFolder() throws {
      let workspace = try Workspace.furnished()
      mkdir(workspace["sealed"], 0o500)
      let run = try workspace.zoo(
        "export", "small.h5", "--format", "safetensors", "-o", "sealed/x")
      #expect(run.status == 73 && run.error?.contains("sealed/x") == true)
    }

    /// An existing file stays intact if its replacement cannot be written.
    @Test func failedOutputLeavesTheOldFile() throws {
      let workspace = try Workspace.furnished()
      let old = try Data(contentsOf: URL(filePath: workspace["small.h5"]))
      let run = try workspace.zoo(
        "import", "small.safetensors", "--as", "resnet32", "-o", "small.h5")
      #expect(run.status == 65)
      #expect(try Data(contentsOf: URL(filePath: workspace["small.h5"])) == old)
    }

    @Test func oneBadPictureAmongGoodOnes() throws {
      let workspace = try Workspace.furnished()
      let run = try workspace.zoo(
        "predict", "small.h5", "small.png", "absent.png", "small.png", "--json")
      #expect(run.status == 66)
      #expect(run.error?.contains("absent.png") == true)
      #expect(try run.json["results"]?.list?.count == 2)
    }

    @Test func remarksStayOffStandardOutputAndCanBeSilenced() throws {
      let workspace = try Workspace.furnished()
      let runs: [[String]] = [
        ["list"], ["import", "small.safetensors", "--as", "resnet20"],
        ["import", "small.safetensors", "--as", "resnet32", "--partial"], ["cache", "prune"],
        ["predict", "resnet32.h5", "small.png"],
      ]
      for words in runs {
        let loud = try workspace.zoo(words)
        let quiet = try workspace.zoo(words + ["--quiet"])
        #expect(loud.status == 0 && !loud.errors.isEmpty, "\(words): \(loud.errors)")
        #expect(quiet.status == 0 && quiet.errors.isEmpty, "\(words): \(quiet.errors)")
        #expect(loud.output == quiet.output)
      }
    }
  }
}
