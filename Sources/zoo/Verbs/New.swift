import Glibc
import ModelZoo
import ZooArguments

/// What kind of network `zoo new` begins with.
enum Template: String, CaseIterable, ArgumentValue { case classifier, segmenter, detector }

struct NewVerb: Verb {
  let name = "new"
  let summary = "begin a new architecture"
  let discussion = """
    Makes Plugins/NAME in a checkout of the zoo: a small network that builds, registers, trains and \
    passes its tests as it stands, for the paper's to take its place. Nothing else is edited; without \
    the folder the family is gone. With --package DIR it becomes a package of its own instead, which \
    depends on the zoo: a library for zoo --plugin.
    """
  let examples: KeyValuePairs = [
    "zoo new SqueezeNet": "Plugins/SqueezeNet, a classifier",
    "zoo new LinkNet --template segmenter": "a class for every pixel",
    "zoo new MyNet --package ../my-net": "outside this repository",
  ]
  let family = Positional<String>("NAME", help: "the family, as a Swift type is spelled")
  let template = Option(
    "--template", value: "T", default: Template.classifier, help: "what it is for")
  let package = Option<String?>(
    "--package", value: "DIR", help: "a package of its own, in a new folder",
    completion: .folders)
  let zoo = Option<String?>(
    "--zoo", value: "PATH", help: "the checkout that --package depends on; the current folder's",
    completion: .folders)
  var arguments: [any Argument] { [family, template, package, zoo] }

  func run(_ input: Parsed) throws {
    let name = try input[family]
    try check(name, in: input.zoo().registry)
    let template = try input[template]
    let scaffold = Scaffold(name: name, template: template)
    let folder: String
    let files: [Scaffold.File]
    if let package = try input[package] {
      let checkout = try absolute(input[zoo] ?? ".")
      try checkCheckout(checkout)
      (folder, files) = (package, scaffold.package(zoo: checkout))
    } else {
      guard try input[zoo] == nil else { throw ZooError.usage("--zoo goes with --package") }
      try checkCheckout(".")
      try checkModules(name)
      (folder, files) = ("Plugins/\(name)", scaffold.plugin)
    }
    try write(files, to: folder)

    if try input.wantsJSON {
      return emit([
        "family": JSON(name), "path": JSON(folder), "template": JSON(template.rawValue),
        "files": JSON(files.map(\.path)), "variants": JSON(scaffold.variants),
      ])
    }
    for file in files { print("\(folder)/\(file.path)") }
    let isPackage = try input[package] != nil
    try input.remark(
      isPackage
        ? "next: swift build -c release --package-path \(folder), and "
          + "zoo plugins --check \(name) --plugin \(folder)/.build/release/lib\(name).so"
        : "next: make build, and .build/release/zoo plugins --check \(name)")
  }

  // MARK: Names

  /// A Swift type, a module and a folder bear it, and none of them may hide another.
  private func check(_ name: String, in registry: Registry) throws {
    let isSpelledAsType =
      name.utf8.first.map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 } ?? false
      && name.utf8.count <= 28
      && name.unicodeScalars.allSatisfy {
        $0.isASCII && $0.properties.isAlphabetic || 48...57 ~= $0.value
      }
    guard isSpelledAsType else {
      throw ZooError.usage(
        "“\(name.printable)” cannot be a family: a capital and then letters or digits were expected, "
          + "like SqueezeNet")
    }
    let isTaken =
      Scaffold.takenNames.contains { $0.lowercased() == name.lowercased() } || name.hasPrefix("Zoo")
      || name.hasSuffix("Tests")
    guard !isTaken else {
      throw ZooError.usage(
        "“\(name)” cannot be a family: something else in its sources is called so")
    }
    if let family = registry.families.first(where: { $0.name.lowercased() == name.lowercased() }) {
      throw ZooError.cannotCreate("the family \(family.name) is there already: \(family.origin)")
    }
    let variants = Scaffold(name: name, template: .classifier).variants
    if let other = registry.allVariants.first(where: { variants.contains($0.name) }) {
      throw ZooError.cannotCreate("\(other.family) has a variant \(other.name) already")
    }
  }

  // MARK: Places

  private func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  private func absolute(_ path: String) throws -> String {
    guard let resolved = realpath(path, nil) else {
      throw ZooError.notFound("\(path.printable) does not exist")
    }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  private func checkCheckout(_ path: String) throws {
    guard ["Package.swift", "Plugins", "Sources/ZooKit"].allSatisfy({ exists("\(path)/\($0)") })
    else {
      let place = path == "." ? "the current folder" : path
      throw ZooError.notFound(
        "\(place) is no checkout of the zoo: it has no Package.swift, Plugins and Sources/ZooKit")
    }
  }

  /// Modules of one package have one name each, on some file systems whatever their case.
  private func checkModules(_ name: String) throws {
    for folder in ["Plugins", "Sources", "Tests"] {
      for other in try entries(of: folder) where other.lowercased() == name.lowercased() {
        throw ZooError.cannotCreate("\(folder)/\(other) is there already")
      }
    }
  }

  private func entries(of folder: String) throws -> [String] {
    guard let handle = opendir(folder) else { return [] }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
        })
    }
    return names
  }

  // MARK: Writing

  /// The folder appears whole or not at all: it is made beside its place, under a hidden name.
  private func write(_ files: [Scaffold.File], to folder: String) throws {
    guard !exists(folder) else {
      throw ZooError.cannotCreate("\(folder.printable) is there already")
    }
    let parent = folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? "."
    // Not among the plugins: a build at this moment would take it for one.
    let place = parent == "Plugins" ? "." : parent.isEmpty ? "/" : parent
    let random = String(UInt64.random(in: .min ... .max), radix: 16)
    let temporary = "\(place)/.zoo-new-\(random)"
    var made: [String] = []
    func make(_ path: String) throws {
      guard mkdir(path, 0o777) == 0 else {
        throw ZooError.cannotCreate("cannot create \(folder.printable): \(explain(errno))")
      }
      made.append(path)
    }
    do {
      try make(temporary)
      for file in files {
        var path = temporary
        for part in file.path.split(separator: "/").dropLast() {
          path += "/\(part)"
          if !exists(path) { try make(path) }
        }
        try Publication.write(to: "\(temporary)/\(file.path)") { try $0.append(file.text.utf8) }
      }
      guard rename(temporary, folder) == 0 else {
        throw ZooError.cannotCreate("cannot create \(folder.printable): \(explain(errno))")
      }
    } catch {
      for file in files { unlink("\(temporary)/\(file.path)") }
      for path in made.reversed() { rmdir(path) }
      throw error
    }
  }
}
