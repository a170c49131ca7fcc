// swift-tools-version: 6.2
// A family in a package of its own, as a library for `zoo --plugin` and linked into a program. Your own
// package refers to zoo by its URL or by another path.
import PackageDescription

let package = Package(
  name: "network-in-network",
  products: [
    .library(name: "NetworkInNetwork", type: .dynamic, targets: ["NetworkInNetwork"]),
    .executable(name: "nin", targets: ["nin"]),
  ],
  dependencies: [.package(name: "zoo", path: "../..")],
  targets: [
    // ZooPlugin is the program's ZooKit, shared with its plugins; ZooKit would be a separate copy.
    .target(name: "NetworkInNetwork", dependencies: [.product(name: "ZooPlugin", package: "zoo")]),
    .executableTarget(
      name: "nin",
      dependencies: ["NetworkInNetwork", .product(name: "ModelZoo", package: "zoo")],
      // Like zoo itself: the program acts as libZooPlugin.so for its plugins.
      linkerSettings: [
        .unsafeFlags(
          ["-use-ld=lld", "-Xlinker", "-soname=libZooPlugin.so", "-Xlinker", "--export-dynamic"])
      ]),
  ]
)
