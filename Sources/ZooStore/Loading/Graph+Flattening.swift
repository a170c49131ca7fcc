import ZooKit

extension Graph {
  /// The layout change of every parameter when weights come from a channels-last framework, by
  /// name.
  ///
  /// Kernels are permuted and dense layers transposed. A dense layer after a flattened map reads
  /// its features in another order there (H×W×C instead of C×H×W), so its inputs are reordered too;
  /// shapes alone would not show it.
  public func channelsLastChanges() throws -> [String: LayoutChange] {
    let orders = channelsLastOrders()
    var changes: [String: LayoutChange] = [:]
    for operation in operations {
      for parameter in operation.parameters {
        let order = operation.inputs.first.map { orders[$0] } ?? .same
        changes[parameter.name] = try operation.change(of: parameter, reading: order)
      }
    }
    return changes
  }

  /// The order in which the other framework stores the elements of a vector.
  enum VectorOrder: Equatable {
    case same
    /// The other framework's index of each of our elements.
    case indices([Int])
    case unknown
  }

  /// One order per operation. Maps always differ only in their layout.
  func channelsLastOrders() -> [VectorOrder] {
    var orders: [VectorOrder] = []
    for operation in operations {
      let inputs = operation.inputs.map { (operations[$0].shape, orders[$0]) }
      orders.append(operation.shape.rank == 1 ? operation.order(of: inputs) : .same)
    }
    return orders
  }
}

extension Graph.Operation {
  fileprivate func order(of inputs: [(shape: Shape, order: Graph.VectorOrder)]) -> Graph.VectorOrder
  {
    guard let first = inputs.first else { return .same }
    switch layer {
    case _ where layer.linearMap != nil: return .same
    case _ where layer.isIdentity && first.shape.rank == 3:
      let (channels, places) = (first.shape.channels, first.shape.height * first.shape.width)
      guard channels > 1, places > 1 else { return .same }
      return .indices(
        (0..<channels * places).map { $0 % places * channels + $0 / places })
    case _ where layer.inPlace:
      return inputs.allSatisfy { $0.order == first.order } && first.shape.rank == 1
        ? first.order : .unknown
    case is Concatenate:
      if inputs.allSatisfy({ $0.order == .same }) { return .same }
      var indices: [Int] = []
      for input in inputs {
        let base = indices.count
        switch input.order {
        case .same: indices += base..<base + input.shape.count
        case .indices(let order): indices += order.map { base + $0 }
        case .unknown: return .unknown
        }
      }
      return .indices(indices)
    default: return inputs.allSatisfy { $0.order == .same } ? .same : .unknown
    }
  }

  fileprivate func change(of parameter: Parameter, reading order: Graph.VectorOrder) throws
    -> LayoutChange
  {
    if parameter.shape.rank == 4 { return .kernel }
    let isDense = layer.linearMap != nil && parameters[0].shape.rank == 2
    if isDense, parameter.role != .weight { return .none }
    switch order {
    case .same: return isDense ? .transpose : .none
    case .indices(let indices):
      if isDense { return .flattened(indices) }
      return parameter.shape.count == indices.count ? .reordered(indices) : .none
    case .unknown:
      throw ZooError.failure(
        "\(name): the order of its features in a channels-last checkpoint is not known")
    }
  }
}
