import CZoo
import Glibc
import ZooKit

// A program that loads plugins must export its own ZooKit, as `zoo` does; see
// Documentation/dynamic-plugins.md. A plugin is native code: once a file has passed the checks, its
// constructors run with all rights of the program, before its families are registered.
extension Registry {
  /// The interface that a plugin must have been built for: its version and the compiler.
  public static var interface: String { String(cString: zoo_interface()) }

  /// Loads a dynamic library and registers its families, or none of them.
  ///
  /// Root or the user must own the file, no other user may write it, it must be complete and built
  /// for this ``interface``. All of this is checked before any of its code runs. Loading a file
  /// twice is not an error and changes nothing.
  /// ```swift
  /// var registry = try Registry.linked()
  /// try registry.load(plugin: "libMyNet.so")
  /// ```
  /// - Parameter path: the library; relative paths start from the current folder.
  /// - Throws: a `ZooError` that names the file; the registry is then unchanged.
  public mutating func load(plugin path: String) throws {
    let file = try PluginFile(path)
    guard !families.contains(where: { $0.origin == file.path }) else { return }
    guard let library = file.path.withPath({ dlopen($0, RTLD_NOW | RTLD_LOCAL) }) else {
      let reason = dlerror().map { String(cString: $0) } ?? "no reason given"
      let isNamed = reason.hasPrefix(file.path)
      let isLent = !reason.contains("libZooPlugin.so: cannot open")
      throw ZooError.corrupt(
        "cannot load " + (isNamed ? "" : "\(file.path): ") + reason
          + (isLent ? "" : "; this program does not export its ZooKit to plugins"))
    }
    // From here on the library stays loaded, because Swift's metadata cannot be unregistered.
    guard zoo_plugins_share_host(library) != 0 else {
      throw ZooError.corrupt(
        "\(file.path) uses a ZooKit of its own; it must be linked with the product ZooPlugin "
          + "instead of ZooKit, and the program that loads it must export its own")
    }
    guard let begin = zoo_plugins_at(library, file.address) else {
      throw ZooError.corrupt("\(file.path): the loader does not report where it loaded the library")
    }
    var loaded = self
    do {
      try loaded.add(origin: file.path, from: begin, to: begin + file.count)
    } catch let error as ZooError {
      throw ZooError.corrupt("cannot use \(file.path): \(error.message)")
    }
    guard loaded.families.count > families.count else {
      throw ZooError.corrupt("\(file.path) registers no family")
    }
    self = loaded
  }

  /// Loads every usable plugin of a search path such as `$ZOO_PLUGIN_PATH`.
  /// - Parameter searchPath: files, and folders of `.so` files, separated by colons.
  /// - Returns: the errors of the others.
  public mutating func load(searchPath: String) -> [ZooError] {
    var problems: [ZooError] = []
    for entry in searchPath.split(separator: ":") {
      do {
        for path in try libraries(at: String(entry)) {
          do { try load(plugin: path) } catch let error as ZooError { problems.append(error) }
        }
      } catch {
        problems.append(error as? ZooError ?? .failure("\(error)"))
      }
    }
    return problems
  }

  /// The file itself, or the files of a folder, by name. A plugin's build folder also contains the
  /// library that it was linked with; the program takes its place.
  private func libraries(at path: String) throws -> [String] {
    guard let folder = opendir(path) else { return [path] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = String(of: entry)
      if name.hasSuffix(".so"), name != "libZooPlugin.so" { names.append(name) }
    }
    return names.sorted().map { "\(path)/\($0)" }
  }
}
