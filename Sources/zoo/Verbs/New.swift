import Glibc
import ModelZoo
import ZooArguments

/// The kinds of networks that `zoo new` creates.
enum Template: String, CaseIterable, ArgumentValue { case classifier, segmenter, detector }

struct NewVerb: Verb {
  let name = "new"
  let summary = "create a new architecture"
  let discussion = """
    Creates Plugins/NAME in a checkout of the zoo: a small working network, registered and tested, \
    to be replaced by your architecture. No other file changes; deleting the folder removes the \
    family. With --package DIR, creates a separate package instead, whose library zoo --plugin \
    loads.
    """
  let examples: KeyValuePairs = [
    "zoo new SqueezeNet": "create a classifier in Plugins/SqueezeNet",
    "zoo new LinkNet --template segmenter": "create a segmenter",
    "zoo new MyNet --package ../my-net": "create a package outside this repository",
  ]
  let family = Positional<String>("NAME", help: "name of the family, spelled like a Swift type")
  let template = Option(
    "--template", value: "T", default: Template.classifier, help: "kind of network to start from")
  let package = Option<String?>(
    "--package", value: "DIR", help: "create a separate package in this new folder",
    completion: .folders)
  let zoo = Option<String?>(
    "--zoo", value: "PATH",
    help: "checkout that --package depends on; by default the current folder",
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
      guard try input[zoo] == nil else { throw ZooError.usage("--zoo needs --package") }
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
    for file in files { print("\(folder)/\(file.path)".printable) }
    let isPackage = try input[package] != nil
    try input.remark(
      isPackage
        ? "next: swift build -c release --package-path \(folder), and "
          + "zoo plugins --check \(name) --plugin \(folder)/.build/release/lib\(name).so"
        : "next: make build, and .build/release/zoo plugins --check \(name)")
  }

  // MARK: Names

  /// The name is used for a Swift type, a module and a folder, and must not shadow another one.
  private func check(_ name: String, in registry: Registry) throws {
    let isSpelledAsType =
      name.utf8.first.map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 } ?? false
      && name.utf8.count <= 28
      && name.unicodeScalars.allSatisfy {
        $0.isASCII && $0.properties.isAlphabetic || 48...57 ~= $0.value
      }
    guard isSpelledAsType else {
      throw ZooError.usage(
        "“\(name.printable)” cannot be a family: expected a capital followed by letters or digits, "
          + "like SqueezeNet")
    }
    let isTaken =
      Scaffold.takenNames.contains { $0.lowercased() == name.lowercased() } || name.hasPrefix("Zoo")
      || name.hasSuffix("Tests")
    guard !isTaken else {
      throw ZooError.usage(
        "“\(name)” cannot be a family: its sources use that name already")
    }
    if let family = registry.families.first(where: { $0.name.lowercased() == name.lowercased() }) {
      throw ZooError.cannotCreate("the family \(family.name) already exists: \(family.origin)")
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
    return String(path: resolved)
  }

  private func checkCheckout(_ path: String) throws {
    guard ["Package.swift", "Plugins", "Sources/ZooKit"].allSatisfy({ exists("\(path)/\($0)") })
    else {
      let place = path == "." ? "the current folder" : path
      throw ZooError.notFound(
        "\(place) is not a checkout of the zoo: it lacks Package.swift, Plugins and Sources/ZooKit")
    }
  }

  /// Module names must be unique in a package, on some file systems even ignoring case.
  private func checkModules(_ name: String) throws {
    for folder in ["Plugins", "Sources", "Templates/Sources", "Tests"] {
      for other in try entries(of: folder) where other.lowercased() == name.lowercased() {
        throw ZooError.cannotCreate("\(folder)/\(other) already exists")
      }
    }
  }

  private func entries(of folder: String) throws -> [String] {
    guard let handle = opendir(folder) else { return [] }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      names.append(String(of: entry))
    }
    return names
  }

  // MARK: Writing

  /// The folder appears complete or not at all: it is created under a hidden name and then renamed.
  private func write(_ files: [Scaffold.File], to folder: String) throws {
    guard !exists(folder) else {
      throw ZooError.cannotCreate("\(folder.printable) already exists")
    }
    let parent = folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? "."
    // Not in Plugins/, where a concurrent build would compile it.
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
