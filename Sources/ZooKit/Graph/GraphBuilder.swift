/// Collects operations while an architecture is written in forward order.
///
/// Architectures do not use it directly: they call layers on a ``Node``. The builder remembers the
/// first mistake with its path, shapes and source line and continues with placeholder nodes.
/// ``Graph/init(_:)`` then throws it, so builders need no `try` on every line.
final class GraphBuilder {
  struct Scope {
    let path: String
    /// The next index, if the scope numbers its layers.
    var next: Int?
  }

  var operations: [Graph.Operation] = []
  var inputs: [Graph.Port] = []
  private(set) var borrowed: [Graph.Borrowed] = []
  var problem: ZooError?
  let normEpsilon: Double?

  private var scopes = [Scope(path: "", next: nil)]
  private var stages: [String] = []
  private var names: [String: Int] = [:]
  private var sharing = 0
  private var freezing = 0

  init(normEpsilon: Double?) { self.normEpsilon = normEpsilon }

  // MARK: Names

  private func join(_ prefix: String, _ name: String) -> String {
    prefix.isEmpty ? name : "\(prefix).\(name)"
  }

  /// The path of a new layer or scope: the given name, else the next index of a sequential scope,
  /// else the fallback.
  private func path(_ name: String?, else fallback: String) -> String {
    let scope = scopes[scopes.count - 1]
    if let name { return join(scope.path, name) }
    guard let index = scope.next else { return join(scope.path, fallback) }
    scopes[scopes.count - 1].next = index + 1
    return join(scope.path, String(index))
  }

  func scoped<R>(_ name: String?, counting: Bool, _ body: () -> R) -> R {
    scopes.append(Scope(path: path(name, else: "scope"), next: counting ? 0 : nil))
    defer { scopes.removeLast() }
    return body()
  }

  func staged<R>(_ name: String, _ body: () -> R) -> R {
    stages.append(name)
    defer { stages.removeLast() }
    return body()
  }

  func shared<R>(_ body: () -> R) -> R {
    sharing += 1
    defer { sharing -= 1 }
    return body()
  }

  func frozen<R>(_ body: () -> R) -> R {
    freezing += 1
    defer { freezing -= 1 }
    return body()
  }

  var freezesNorms: Bool { freezing > 0 }

  /// Layers without parameters may repeat a name and become `relu_1`, `relu_2`. Layers inside a
  /// shared scope may repeat one too, and then share their parameters. Any other repetition is a
  /// mistake.
  private func unique(_ path: String, mayRepeat: Bool) throws -> String {
    guard let uses = names[path] else {
      names[path] = 1
      return path
    }
    guard mayRepeat else {
      throw ZooError.failure("the name is taken; use a shared scope to use its parameters again")
    }
    names[path] = uses + 1
    return "\(path)_\(uses)"
  }

  // MARK: Operations

  func add(_ layer: any Layer, _ name: String?, _ inputs: [Node], _ site: Site) -> Node {
    let path = path(name, else: layer.kind)
    let shapes = inputs.map(\.shape)
    do {
      guard inputs.allSatisfy({ $0.builder === self }) else {
        throw ZooError.failure("a node of another graph")
      }
      let shape = try layer.output(shapes)
      let parameters = layer.parameters(shapes).map { $0.named(under: path) }
      let name = try unique(path, mayRepeat: parameters.isEmpty || sharing > 0)
      if name != path, !parameters.isEmpty { try checkSharing(parameters) }
      operations.append(
        .init(
          name: name, layer: layer, inputs: inputs.map(\.index), shape: shape,
          parameters: parameters, stages: stages, site: site,
          count: (layer as? Input)?.count ?? inputs.map { operations[$0.index].count }.max() ?? 1))
      return Node(self, operations.count - 1, shape)
    } catch {
      if problem == nil {
        let reason = (error as? ZooError)?.message ?? "\(error)"
        problem = .failure("\(path): \(reason) — \(site)")
      }
      return Node(self, inputs.first?.index ?? 0, shapes.first ?? [1])
    }
  }

  /// Marks the following calls as another family's.
  func borrow(_ variant: String) {
    let path = scopes[scopes.count - 1].path
    borrowed.append(.init(variant: variant, prefix: path.isEmpty ? "" : path + "."))
  }

  func refuse(_ reason: String, _ site: Site) {
    if problem == nil { problem = .failure("\(reason) — \(site)") }
  }

  private func checkSharing(_ parameters: [Parameter]) throws {
    let known = Dictionary(
      operations.flatMap(\.parameters).map { ($0.name, $0) },
      uniquingKeysWith: { first, _ in first })
    for parameter in parameters {
      if let first = known[parameter.name], first != parameter {
        throw ZooError.failure("shared as \(parameter.shape), but it is \(first.shape)")
      }
    }
  }

  func input(_ name: String, _ shape: Shape, count: Int = 1, _ site: Site) -> Node {
    let node = add(Input(shape: shape, count: count), name, [], site)
    inputs.append(.init(name: name, operation: node.index))
    return node
  }
}

/// An entry of a graph.
struct Input: Layer {
  let shape: Shape
  /// The maximum number of its items per picture.
  var count = 1
  var kind: String { "input" }
  func output(_ inputs: [Shape]) -> Shape { shape }
  func forward(_ pass: Pass) {}
  func backward(_ pass: Pass, _ gradients: Gradients) {}
}

extension Layer {
  /// Whether its values come from outside, so that there is nothing to compute.
  public var isInput: Bool { self is Input }
}

extension Graph {
  /// Builds a graph from its inputs: the closure receives a maker of inputs and names the outputs.
  ///
  /// ```swift
  /// let graph = try Graph { input in
  ///   let image = input("image", [3, 32, 32])
  ///   return ["logits": image.conv("conv", to: 8, kernel: 3).flatten().dense("fc", to: 10)]
  /// }
  /// ```
  /// `normEpsilon` replaces the epsilon of every norm that leaves it open, because checkpoints of
  /// other frameworks were trained with another value.
  public init(
    normEpsilon: Double? = nil, file: String = #fileID, line: Int = #line,
    _ body: (_ input: (String, Shape) -> Node) throws -> KeyValuePairs<String, Node>
  ) throws {
    let builder = GraphBuilder(normEpsilon: normEpsilon)
    let site = Site(file: file, line: line)
    let outputs = try body { builder.input($0, $1, site) }
    if let problem = builder.problem { throw problem }
    let all = Graph(
      operations: builder.operations, inputs: builder.inputs,
      outputs: outputs.map { .init(name: $0.key, operation: $0.value.index) })
    // Without the operations that no output depends on, such as the end of a backbone.
    self = all.cut(at: all.outputs.map { ($0.name, $0.operation) }).before
    borrowed = builder.borrowed
  }
}
