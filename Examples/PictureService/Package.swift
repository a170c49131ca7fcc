// swift-tools-version: 6.2
// A program that classifies pictures for many callers at once. Your own package refers to zoo by its URL or
// by another path.
import PackageDescription

let package = Package(
  name: "picture-service",
  dependencies: [.package(name: "zoo", path: "../..")],
  targets: [
    .executableTarget(
      name: "picture-service", dependencies: [.product(name: "ModelZoo", package: "zoo")])
  ]
)
