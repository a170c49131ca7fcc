// swift-tools-version: 6.2
// Every folder of Plugins/ is a target of its own: adding a family edits nothing here.
import Foundation
import PackageDescription

let plugins = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Plugins")
let folders = try? FileManager.default.contentsOfDirectory(
  at: plugins, includingPropertiesForKeys: nil)
let families = (folders ?? []).filter(\.hasDirectoryPath).map(\.lastPathComponent).sorted()

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"),
]

func room(_ name: String, _ needs: [String]) -> Target {
  .target(
    name: name, dependencies: needs.map { .init(stringLiteral: $0) }, swiftSettings: strict)
}

// Tests are built without the optimiser: that halves their compile time, and they spend theirs in
// the optimised code that they test.
func tests(_ name: String, _ needs: [String], path: String? = nil) -> Target {
  .testTarget(
    name: name, dependencies: (needs + ["TestSupport"]).map { .init(stringLiteral: $0) },
    path: path, swiftSettings: strict + [.unsafeFlags(["-Onone"])])
}

func plugin(_ family: String) -> [Target] {
  [
    .target(
      name: family, dependencies: ["ZooKit", "ZooDetection"], path: "Plugins/\(family)/Sources",
      swiftSettings: strict),
    // With every family, because one may look up another's features in the registry.
    tests(
      "\(family)Tests", ["ZooKit", "ZooEngine", "ZooDetection", "ZooConformance"] + families,
      path: "Plugins/\(family)/Tests"),
  ]
}

// The files that `zoo new` copies: built with everything else, so that they stay correct, and linked
// into nothing.
func template(_ name: String) -> Target {
  .target(
    name: name, dependencies: ["ZooKit", "ZooDetection"], path: "Templates/Sources/\(name)",
    swiftSettings: strict)
}

// The modules that a dynamic plugin may import. It is linked with them as the library ZooPlugin and
// uses the program's copy at run time, because `zoo` has that library's name and exports its symbols.
// Documentation/dynamic-plugins.md explains why.
let shared = ["ZooKit", "ZooDetection"]
let lending: [LinkerSetting] = [
  .unsafeFlags(
    ["-use-ld=lld", "-Xlinker", "-soname=libZooPlugin.so", "-Xlinker", "--export-dynamic"])
]

let package = Package(
  name: "zoo",
  products: [
    .library(name: "ZooKit", targets: ["ZooKit"]),
    .library(name: "ModelZoo", targets: ["ModelZoo"]),
    .library(name: "ZooTraining", targets: ["ZooTraining"]),
    .library(name: "ZooData", targets: ["ZooData"]),
    .library(name: "ZooMetrics", targets: ["ZooMetrics"]),
    .library(name: "ZooConformance", targets: ["ZooConformance"]),
    .library(name: "ZooPlugin", type: .dynamic, targets: shared),
    .executable(name: "zoo", targets: ["zoo"]),
  ],
  targets: [
    // System libraries, and code that cannot be written in Swift.
    .systemLibrary(
      name: "CZlib", path: "Sources/CSystem/CZlib", pkgConfig: "zlib",
      providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CZoo"),
    .target(name: "CStore"),
    .target(
      name: "CPicture", linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("png16")]),
    .target(name: "CYAML"),
    .target(name: "CTransfer"),
    .target(
      name: "COneDNN",
      // As on a machine without the headers: .ci/without-onednn holds that build together.
      cSettings: Context.environment["ZOO_NO_ONEDNN"] == nil ? [] : [.define("ZOO_NO_ONEDNN")]),
    .target(name: "CCatalog"),
    .target(name: "CTemplates"),
    .target(name: "CKernels"),

    // The host and the rooms around it.
    room("ZooKit", ["CZoo"]),
    room("ZooStore", ["ZooKit", "CZoo", "CStore", "CZlib"]),
    room("ZooEngine", ["ZooKit", "CZoo", "COneDNN", "CKernels"]),
    room("ZooTraining", ["ZooKit", "ZooStore", "ZooEngine", "ZooDetection"]),
    room("ZooFormats", ["ZooKit", "ZooStore", "CZlib"]),
    room("ZooVision", ["ZooKit", "ZooStore", "CPicture"]),
    room("ZooDetection", ["ZooKit"]),
    room(
      "ZooConformance", ["ZooKit", "ZooStore", "ZooEngine", "ZooDetection", "ZooTraining"]),
    room("ZooFetch", ["ZooKit", "ZooStore", "CTransfer"]),
    room("ZooMetrics", ["ZooKit", "ZooStore"]),
    room("ZooExplain", ["ZooKit", "ZooEngine", "ZooVision", "CKernels"]),
    room("ZooData", ["ZooKit", "ZooStore", "ZooVision", "CZlib", "CYAML"]),
    room(
      "ModelZoo",
      [
        "ZooKit", "ZooStore", "ZooEngine", "ZooFormats", "ZooVision", "ZooDetection", "ZooFetch",
        "ZooData", "ZooTraining", "ZooMetrics", "ZooExplain", "CCatalog",
      ] + families),
    room("ZooArguments", ["ZooKit", "ZooStore", "CZoo"]),
    .executableTarget(
      name: "zoo", dependencies: ["ModelZoo", "ZooArguments", "ZooConformance", "CTemplates"],
      swiftSettings: strict, linkerSettings: lending),
    // Makes the checkpoints in the clone; not installed.
    .executableTarget(
      name: "workshop", dependencies: ["ModelZoo", "ZooArguments"], swiftSettings: strict),

    .target(
      name: "TestSupport",
      dependencies: ["ZooKit", "ZooStore", "ZooEngine", "ZooFormats", "ZooTraining"],
      path: "Tests/Support", swiftSettings: strict),
    .executableTarget(
      name: "training-program", dependencies: ["ZooKit", "ZooTraining", "TestSupport"],
      path: "Tests/TrainingProgram", swiftSettings: strict),
    tests("ZooKitTests", ["ZooKit"]),
    tests("ZooStoreTests", ["ZooKit", "ZooStore", "CStore"]),
    tests("ZooEngineTests", ["ZooKit", "ZooEngine"] + families),
    tests(
      "ZooTrainingTests",
      ["ZooKit", "ZooEngine", "ZooTraining", "ZooFormats", "training-program"] + families),
    tests("ZooFormatsTests", ["ZooKit", "ZooFormats"]),
    tests("ZooVisionTests", ["ZooKit", "ZooVision"]),
    tests("ZooDetectionTests", ["ModelZoo", "ZooDetection", "ZooTraining", "ZooKit"] + families),
    tests("ZooFetchTests", ["ZooKit", "ZooFetch"]),
    tests("ZooMetricsTests", ["ZooKit", "ZooMetrics"]),
    tests(
      "ZooExplainTests", ["ZooKit", "ZooEngine", "ZooFormats", "ZooExplain"] + families),
    tests("ZooConformanceTests", ["ZooKit", "ZooDetection", "ZooConformance"] + families),
    tests("ZooDataTests", ["ZooKit", "ZooVision", "ZooData", "CZlib"]),
    tests("ZooArgumentsTests", ["ZooStore", "ZooArguments"]),
    tests("ModelZooTests", ["ModelZoo", "ZooKit"]),
    tests("CommandTests", ["zoo", "workshop", "ModelZoo", "ZooArguments"]),

    template("ClassifierTemplate"),
    template("SegmenterTemplate"),
    template("DetectorTemplate"),
  ] + families.flatMap(plugin)
)
