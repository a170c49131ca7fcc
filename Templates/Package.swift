// swift-tools-version: 6.2
import PackageDescription

// A program that holds plugins is its own libZooPlugin.so, as zoo is; the tests are one.
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
    // ZooPlugin is what the program lends to its plugins; ZooKit would be a copy of its own.
    .target(
      name: "ClassifierTemplate", dependencies: [.product(name: "ZooPlugin", package: "zoo")]),
    .testTarget(
      name: "ClassifierTemplateTests",
      dependencies: ["ClassifierTemplate", .product(name: "ZooConformance", package: "zoo")],
      linkerSettings: lending),
  ]
)
