// swift-tools-version: 6.2
// A family in a package of its own, as a library that `zoo --plugin` loads and as a part of a
// program of one's own. A package elsewhere names the zoo by its URL or its own path.
import PackageDescription

let package = Package(
  name: "network-in-network",
  products: [
    .library(name: "NetworkInNetwork", type: .dynamic, targets: ["NetworkInNetwork"]),
    .executable(name: "nin", targets: ["nin"]),
  ],
  dependencies: [.package(name: "zoo", path: "../..")],
  targets: [
    // ZooPlugin is what the program lends to its plugins; ZooKit would be a copy that it cannot use.
    .target(name: "NetworkInNetwork", dependencies: [.product(name: "ZooPlugin", package: "zoo")]),
    .executableTarget(
      name: "nin",
      dependencies: ["NetworkInNetwork", .product(name: "ModelZoo", package: "zoo")],
      // As zoo itself is linked: the program is its own libZooPlugin.so, and lends it to plugins.
      linkerSettings: [
        .unsafeFlags(
          ["-use-ld=lld", "-Xlinker", "-soname=libZooPlugin.so", "-Xlinker", "--export-dynamic"])
      ]),
  ]
)
