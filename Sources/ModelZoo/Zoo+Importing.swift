import ZooEngine
import ZooFetch
import ZooFormats
import ZooKit
import ZooStore

extension Zoo {
  /// A foreign checkpoint compared with a variant, and what the catalogue knows about it.
  public struct Fitting: Sendable {
    public let variant: Variant
    public let graph: Graph
    public let plan: LoadPlan
    /// The record of this file, or one with the same layout.
    public let record: Catalog.Record?
    /// Whether the file is the record's own, by its digest; it is then loaded as the record says.
    public let isOfficial: Bool
    public let sha256: String
    /// By name, in the order of the outputs.
    public let classes: [String]
    public let head: Head.Kind
    public let preprocessing: Preprocessing
    /// Whether the caller or the file stated classes or preprocessing.
    public let statesClasses, statesPreprocessing: Bool
    /// The task, if not the variant's usual one.
    public let task: VisionTask
    /// The record that came with a file exported by zoo.
    public let exported: Checkpoint?
    /// Other variants that fit as well, if the variant was guessed.
    public let ties: [String]
    /// A variant that fits better, if this one does not.
    public let better: String?
  }

  /// Compares a file with a variant, under every set of renames in the catalogue, and keeps the
  /// best.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - name: the variant; nil means the one in the file's record, else the one that fits best.
  ///   - stated: class names that differ from the published checkpoints'.
  ///   - head: the family's own by default, unless the catalogue knows the file and says otherwise.
  ///   - renames: tried before the catalogue's.
  ///   - preprocessing: overrides the catalogue's; the network then reads pictures of its size.
  ///   - task: another task that the network can do, such as regression.
  public func fit(
    _ path: String, as name: String? = nil, classes stated: [String]? = nil,
    head: Head.Kind? = nil, renames: [Rename] = [], preprocessing: Preprocessing? = nil,
    task: VisionTask? = nil
  ) throws -> Fitting {
    let source = try ForeignCheckpoint.open(path)
    var exported = try source.record().map { try Checkpoint($0, in: "\(path): its record") }
    let guesses =
      try name == nil && exported == nil ? self.guesses(of: source, classes: stated?.count) : []
    guard let name = name ?? exported?.variant ?? guesses.first?.variant.name else {
      throw ZooError.corrupt(
        "\(path) resembles no known variant; --as VARIANT compares it with one")
    }
    let variant = try registry.variant(name)
    if exported?.variant != name { exported = nil }
    let usual = exported?.task ?? variant.architecture.task
    let task = task ?? usual
    guard try task.definition.suits(variant.architecture) else {
      throw ZooError.usage("\(name) is no network for \(task.rawValue)")
    }
    if exported?.task != task { exported = nil }
    let records = task == variant.architecture.task ? catalog.records(of: name) : []
    let digests = try FileDigests(of: path, md5: records.contains { $0.source?.md5 != nil })
    let official = records.first { $0.source.map(digests.match) ?? false }
    // Keras' checkpoints are recognised by their channels-last kernels.
    let kin = records.filter { ($0.source?.format == "Keras") == (source.layout == .channelsLast) }
    let record = official ?? kin.first(where: \.isDefault) ?? kin.first ?? records.first

    let head = head ?? exported?.head ?? official?.head ?? .original
    let named =
      stated ?? exported?.classes ?? records.lazy.map(\.classes).first { !$0.isEmpty }
    let unnamed = task == variant.architecture.task ? variant.architecture.classes : 1
    let all = named ?? (0..<unnamed).map(String.init)
    let classes = head == .none ? [] : all
    let input = preprocessing?.size.map { size -> Shape in
      [variant.architecture.input.channels, size.height, size.width]
    }
    let graph = try variant.graph(
      head: head(classes: classes.count), input: input ?? exported?.input,
      normEpsilon: exported?.normEpsilon ?? record?.normEpsilon)
    func fitting(_ plan: LoadPlan, isOfficial: Bool) throws -> Fitting {
      let known =
        try exported?.preprocessing ?? record?.preprocessing ?? .usual(for: variant.architecture)
      return Fitting(
        variant: variant, graph: graph, plan: plan, record: record,
        isOfficial: isOfficial && preprocessing ?? known == known, sha256: digests.sha256,
        classes: classes, head: head, preprocessing: preprocessing ?? known,
        statesClasses: stated != nil || exported != nil,
        statesPreprocessing: preprocessing != nil || exported != nil, task: task,
        exported: exported, ties: guesses.dropFirst().map(\.variant.name),
        better: try better(than: plan, of: graph, variant))
    }
    if let weights = source as? DarknetWeights {
      // Only the network tells where its numbers are, and only the sizes tell whether they are its
      // own.
      let laid = try laid(weights, over: graph, variant, head, classes: classes.count)
      return try fitting(
        try LoadPlan(from: laid, into: graph),
        isOfficial: official.map { $0.classes == classes } ?? false)
    }
    return try fitting(
      try plan(from: source, into: graph, of: variant, renames, record?.renames ?? []),
      isOfficial: official.map { $0.head == head && $0.classes == classes } ?? false)
  }

  /// The best load under the given renames and those of the family.
  func plan(
    from source: any TensorSource, into graph: Graph, of variant: Variant,
    _ renames: [Rename] = [], _ usual: [Rename] = []
  ) throws -> LoadPlan {
    var plan = try LoadPlan(from: source, into: graph, renames: renames + usual)
    let family = catalog.records.filter { $0.family == variant.family }
    let known = try family.map(\.renames) + graph.borrowedRenames
    // Most records of a family have the same renames.
    var tried: Set = [renames + usual]
    for others in [[]] + known where !plan.isComplete && tried.insert(renames + others).inserted {
      let other = try? LoadPlan(from: source, into: graph, renames: renames + others)
      if let other, other.coverage > plan.coverage { plan = other }
    }
    return plan
  }
}

extension Zoo {
  /// A Darknet file with the names of a network; if the size differs, the error states the number
  /// of classes that would fit.
  private func laid(
    _ weights: DarknetWeights, over graph: Graph, _ variant: Variant, _ head: Head.Kind,
    classes: Int
  ) throws -> DarknetCheckpoint {
    do { return try weights.laid(over: graph) } catch let error as ZooError {
      func size(_ classes: Int) throws -> Int {
        try weights.expected(by: variant.graph(head: head(classes: classes)))
      }
      let expected = try size(classes)
      let step = try size(classes + 1) - expected
      let other = step > 0 ? classes + (weights.size - expected) / step : classes
      let fits = try 1...100_000 ~= other && other != classes && size(other) == weights.size
      throw ZooError(
        error.kind,
        "\(error.message) (\(variant.name) with \(classes) classes)"
          + (fits ? "; it has the size for \(other) classes: name them with --classes FILE" : ""))
    }
  }
}

extension Zoo.Fitting {
  /// The weights and their record. With `.strict` everything must fit; with `.partial`, parameters
  /// without a tensor are initialised at random from the seed and listed in the record.
  public func checkpoint(_ policy: LoadPlan.Policy = .strict, seed: UInt64 = 0) throws
    -> (record: Checkpoint, weights: Weights)
  {
    if policy == .strict, !plan.isComplete {
      throw ZooError.corrupt(
        "\(plan.source.origin) does not fit \(variant.name): " + complaint
          + (better.map { "; it fits \($0)" } ?? ""))
    }
    let filled = try plan.execute(policy)
    var weights = Weights()
    var random: [String] = []
    for parameter in graph.parameters {
      if let tensor = filled[parameter.name] {
        weights[parameter.name] = tensor
      } else {
        weights[parameter.name] = try Tensor(randomFor: parameter, seed: seed)
        random.append(parameter.name)
      }
    }
    let published = isOfficial ? record : nil
    let metrics = published?.metrics ?? exported?.metrics ?? []
    let checkpoint = Checkpoint(
      family: variant.family, variant: variant.name, task: task,
      classes: classes, input: graph.operations[graph.inputs[0].operation].shape, head: head,
      preprocessing: preprocessing, outputScale: exported?.outputScale,
      normEpsilon: exported?.normEpsilon ?? record?.normEpsilon,
      license: published?.license ?? exported?.license ?? "unknown",
      provenance: .init(
        name: published?.name, url: published?.source?.url, sha256: sha256,
        format: plan.source.format),
      metrics: random.isEmpty ? metrics : [], random: random)
    return (checkpoint, weights)
  }

  /// The mismatches, with a hint if only the number of classes differs.
  private var complaint: String {
    if let file = plan.source as? DarknetCheckpoint, let missing = file.firstMissing {
      return "it has \(file.size) bytes and ends before \(missing); expected \(file.expected)"
    }
    if let prefix = try? plan.proposedRenames().first, prefix.to.isEmpty {
      return plan.complaint + "; it may fit better with --rename \(prefix.from)="
    }
    let outputs = Set(plan.mismatched.map { $0.found.sizes.first ?? 0 })
    guard plan.missing.isEmpty, plan.unexpected.isEmpty, outputs.count == 1,
      let found = outputs.first,
      plan.mismatched.allSatisfy({ $0.parameter.shape.sizes.first == classes.count })
    else { return plan.complaint }
    return plan.complaint + "; it has \(found) classes: name them with --classes FILE"
  }

  /// Imports the file: loads it, runs it once so that its record can be verified later, and writes
  /// a checkpoint.
  @discardableResult
  public func write(
    to path: String, _ policy: LoadPlan.Policy = .strict, seed: UInt64 = 0
  ) throws -> Checkpoint {
    let (checkpoint, weights) = try checkpoint(policy, seed: seed)
    let golden = try Golden(of: graph, weights)
    try WeightStore.write(
      to: path, meta: checkpoint.json, weights: weights.map { ($0.name, $0.tensor) },
      golden: golden)
    return checkpoint
  }
}

/// The digests of a whole file, read once.
struct FileDigests {
  let sha256: String
  let md5: String?

  init(of path: String, md5 wanted: Bool) throws {
    let file = try RandomAccessFile(path)
    var sha256 = SHA256(), md5 = MD5()
    var piece = [UInt8](repeating: 0, count: min(1 << 20, max(1, file.size)))
    for offset in stride(from: 0, to: file.size, by: piece.count) {
      let count = min(piece.count, file.size - offset)
      try piece.withUnsafeMutableBytes { bytes in
        let part = UnsafeMutableRawBufferPointer(rebasing: bytes[..<count])
        try file.read(into: part, at: offset)
        sha256.update(UnsafeRawBufferPointer(part))
        if wanted { md5.update(UnsafeRawBufferPointer(part)) }
      }
    }
    self.sha256 = sha256.hexadecimal
    self.md5 = wanted ? md5.hexadecimal : nil
  }

  func match(_ source: Catalog.Source) -> Bool {
    if let digest = source.sha256 { return sha256.hasPrefix(digest) }
    return source.md5 != nil && source.md5 == md5
  }
}
