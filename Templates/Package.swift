// swift-tools-version: 6.2
import PackageDescription

// A program that loads plugins acts as libZooPlugin.so, like zoo; so do the tests.
let lending: [LinkerSetting] = [
  .unsafeFlags(
    ["-use-ld=lld", "-Xlinker", "-soname=libZooPlugin.so", "-Xlinker", "--export-dynamic"])
]

let package = Package(
  name: "ClassifierTemplate",
  products: [
    .library(name: "ClassifierTemplate", type: .dynamic, targets: ["ClassifierTemplate"])
  ],
  dependencies: [.package(name: "zoo", path: "..")],
  targets: [
    // ZooPlugin is the program's ZooKit, shared with its plugins; ZooKit would be a separate copy.
    .target(
      name: "ClassifierTemplate", dependencies: [.product(name: "ZooPlugin", package: "zoo")]),
    .testTarget(
      name: "ClassifierTemplateTests",
      dependencies: ["ClassifierTemplate", .product(name: "ZooConformance", package: "zoo")],
      linkerSettings: lending),
  ]
)
