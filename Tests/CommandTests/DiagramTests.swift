import Foundation
import Testing

/// The diagram of Documentation/README.md, Package.swift and the imports of the sources agree.
///
/// Lines such as `ZooFetch -> ZooKit CTransfer` are the diagram.
@Suite struct DiagramTests {
  typealias Arrows = [String: Set<String>]

  /// The line that stands for every family.
  let plugins = "Plugins/*"

  @Test func diagramIsThePackage() throws {
    let declared = try declaredArrows()
    let drawn = try drawnArrows()
    for room in Set(declared.keys).union(drawn.keys).sorted() {
      #expect(drawn[room] == declared[room], "\(room)")
    }
  }

  /// SwiftPM lets a target import a module that it does not declare.
  @Test func roomsImportWhatTheyDeclare() throws {
    let declared = try declaredArrows()
    let modules = Set(declared.values.joined()).union(declared.keys)
    for (room, needs) in declared where room != plugins {
      let imported = try imports(under: "Sources/\(room)").intersection(modules)
      if needs.contains("ModelZoo") {
        // The umbrella exports the targets that it joins.
        #expect(imported.isSubset(of: needs.union(declared["ModelZoo", default: []])), "\(room)")
      } else {
        #expect(imported == needs.subtracting([plugins]), "\(room)")
      }
    }
  }

  @Test func pluginsImportTheHostAndNoOtherPlugin() throws {
    let allowed = try #require(try declaredArrows()[plugins]).union(["Glibc"])
    let folders = try FileManager.default.contentsOfDirectory(
      atPath: root.appending(path: "Plugins").path)
    for family in folders {
      let imported = try imports(under: "Plugins/\(family)/Sources")
      #expect(imported.isSubset(of: allowed), "\(family)")
    }
  }

  private var root: URL {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return tests.deletingLastPathComponent()
  }

  private func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  private func drawnArrows() throws -> Arrows {
    var arrows: Arrows = [:]
    for line in try text("Documentation/README.md").matches(of: /(?m)^([\w*\/]+) +-> +(.+)$/) {
      let room = String(line.1)
      #expect(arrows[room] == nil, "\(room) is drawn twice")
      arrows[room] = Set(line.2.split(separator: " ").map(String.init))
    }
    return arrows
  }

  private func declaredArrows() throws -> Arrows {
    let package = try text("Package.swift")
    var arrows: Arrows = [:]
    func add(_ name: String, _ list: Substring) {
      arrows[name] = Set(list.matches(of: /"(\w+)"/).map { String($0.1) })
    }
    for room in package.matches(of: /room\(\s*"(\w+)",\s*\[([^\]]*)\](\s*\+\s*families)?/) {
      add(String(room.1), room.2)
      if room.3 != nil { arrows[String(room.1)]?.insert(plugins) }
    }
    // Subtract one for the function's own declaration.
    #expect(arrows.count == package.matches(of: /\broom\(/).count - 1, "a room is not understood")
    let program = /executableTarget\(\s*name:\s*"(\w+)",\s*dependencies:\s*\[([^\]]*)\]/
    for target in package.matches(of: program) { add(String(target.1), target.2) }
    let family = try #require(
      package.firstMatch(of: /name:\s*family,\s*dependencies:\s*\[([^\]]*)\]/))
    add(plugins, family.1)
    return arrows
  }

  private func imports(under folder: String) throws -> Set<String> {
    let files = try FileManager.default.subpathsOfDirectory(
      atPath: root.appending(path: folder).path)
    var found: Set<String> = []
    for file in files where file.hasSuffix(".swift") {
      let source = try text("\(folder)/\(file)")
      found.formUnion(source.matches(of: /(?m)^(?:\S+ )?import (\w+)/).map { String($0.1) })
    }
    return found
  }
}
