import Glibc
import ModelZoo
import ZooArguments

struct DoctorVerb: Verb {
  let name = "doctor"
  let summary = "check this installation"

  /// The result of one check.
  struct Finding {
    let what: String
    let isGood: Bool
    let detail: String
  }

  func run(_ input: Parsed) throws {
    let findings = findings(try input.zoo())
    if try input.wantsJSON {
      return emit(
        JSON(
          findings.map { finding -> JSON in
            [
              "what": JSON(finding.what), "good": JSON(finding.isGood),
              "detail": JSON(finding.detail),
            ]
          }))
    }
    // Wrapped rather than cut off, because the advice is at the end. A pipe gets whole lines.
    let column = findings.map(\.what.columns).max() ?? 0
    let terminal = Terminal.output
    let width = terminal.isTerminal ? max(30, terminal.width - column - 5) : .max
    for finding in findings {
      let lines = finding.detail.printable.wrapped(to: width)
      for (index, line) in lines.enumerated() {
        let start = index > 0 ? " " : finding.isGood ? "✓" : "✗"
        print("\(start)  \((index > 0 ? "" : finding.what).padded(to: column))  \(line)")
      }
    }
    let packages = Set(
      findings.filter { !$0.isGood }.flatMap { DoctorVerb.packages(in: $0.detail) }
    ).sorted()
    guard !packages.isEmpty else { return }
    print("\nDebian and Ubuntu: apt-get install \(packages.joined(separator: " "))")
  }

  /// The packages that findings suggest with `apt install NAME`.
  private static func packages(in detail: String) -> [String] {
    let words = detail.split { " ():;,".contains($0) }
    return zip(words, words.dropFirst(2)).filter { $0.0 == "apt" }.map { String($0.1) }
  }

  private func findings(_ zoo: Zoo) -> [Finding] {
    var findings: [Finding] = []
    func good(_ what: String, _ detail: String) {
      findings.append(.init(what: what, isGood: true, detail: detail))
    }
    func bad(_ what: String, _ detail: String) {
      findings.append(.init(what: what, isGood: false, detail: detail))
    }
    good("zoo", Zoo.version)
    good("processors", "\(Threads.count) used")
    var canCompute = false
    do {
      let library = try BLAS.shared.library
      canCompute = true
      good("engine openblas", "\(library.path), kernels \(library.core): \(library.reason)")
    } catch { bad("engine openblas", "\(error)") }
    do {
      let library = try OneDNN.library.get()
      let what = "\(library.path) \(library.version), \(library.instructions)"
      good("engine onednn", what + (library.hasBFloat16 ? ", --precision bf16" : ""))
    } catch { bad("engine onednn", "\(error)") }
    if EngineChoice.objection != nil, !canCompute {
      bad("engine chosen", "none: install oneDNN or OpenBLAS to compute anything")
    } else if let objection = EngineChoice.objection {
      bad("engine chosen", "openblas: \(objection)")
    } else {
      good("engine chosen", "onednn, the faster of the two")
    }
    good("catalogue", "\(zoo.catalog.records.count) checkpoints")
    good(
      "families",
      "\(zoo.registry.families.map(\.name).joined(separator: " ")), "
        + "\(zoo.registry.allVariants.count) variants")
    if !Command.pluginPath.isEmpty {
      let loaded = zoo.registry.families.filter { $0.origin.hasPrefix("/") }
      good(
        "$ZOO_PLUGIN_PATH",
        "\(Command.pluginPath): "
          + (loaded.isEmpty ? "no families" : loaded.map(\.name).joined(separator: " ")))
      var registry = (try? Registry.linked()) ?? Registry()
      for problem in registry.load(searchPath: Command.pluginPath) {
        bad("plugin", problem.message)
      }
    }
    for record in zoo.catalog.records where (try? zoo.registry.variant(record.variant)) == nil {
      bad("plugin", "\(record.name) needs the family \(record.family), which is not installed")
    }
    let included = zoo.catalog.records.filter { $0.source == nil }
    let absent = included.filter { zoo.installed($0) == nil }
    if let first = absent.first {
      bad(
        "weights",
        "\(absent.count) of the \(included.count) checkpoints that ship with zoo are missing, such as "
          + "\(first.name); install them, or set ZOO_SHARE to their folder")
    } else if !included.isEmpty {
      good("weights", "\(included.count) checkpoints that ship with zoo")
    }
    if let cache = zoo.cache {
      let here = zoo.catalog.records.count { $0.source != nil && zoo.installed($0) != nil }
      var parent = cache.root[...]
      while access(String(parent), F_OK) != 0, let slash = parent.lastIndex(of: "/"),
        slash > parent.startIndex
      { parent = parent[..<slash] }
      if access(String(parent), W_OK) == 0 {
        good("cache", "\(cache.root), \(here) downloaded checkpoints")
      } else {
        bad("cache", "\(cache.root) is not writable; set ZOO_HOME to a writable folder")
      }
    } else {
      bad("cache", "HOME is not set; set ZOO_HOME to a writable folder")
    }
    if let library = HDF5File.library {
      good("checkpoint files", library)
    } else {
      bad(
        "checkpoint files",
        "libhdf5 is missing, no checkpoint can be loaded: apt install libhdf5-dev")
    }
    // Loaded on demand: their purpose, file names and packages.
    let loaded = [
      (
        "downloads", ["libcurl.so.4", "libcurl-gnutls.so.4"], "libcurl, for 'zoo pull'", "libcurl4"
      ),
      ("drawings", ["libcairo.so.2"], "Cairo, for --draw", "libcairo2"),
      ("TIFF pictures", ["libtiff.so.6", "libtiff.so.5"], "libtiff, for .tif", "libtiff6"),
      ("WebP pictures", ["libwebp.so.7"], "libwebp, for .webp", "libwebp7"),
      ("data.yaml", ["libyaml-0.so.2"], "libyaml, for YOLO's data", "libyaml-0-2"),
    ]
    for (what, names, need, package) in loaded {
      if let name = names.first(where: { dlopen($0, RTLD_LAZY) != nil }) {
        good(what, name)
      } else {
        bad(what, "\(need), is missing: apt install \(package)")
      }
    }
    return findings
  }
}
