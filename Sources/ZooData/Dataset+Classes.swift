import ZooKit
import ZooStore

extension Dataset {
  /// The same pictures with the model's class numbers. Labels are matched by name, so a missing
  /// class does not shift the others. Of a table of numbers, the columns that the model predicts.
  /// - Parameters:
  ///   - names: the model's classes, in the order of its outputs.
  ///   - model: the model's name, for the error.
  /// - Throws: if the data has a class that the model does not have; the error lists both.
  public func numbered(as names: [String], of model: String) throws -> Dataset {
    guard names != classes else { return self }
    if kind.holdsNumbers { return try choosing(names, for: model) }
    let unknown = classes.filter { !names.contains($0) }
    guard unknown.isEmpty else {
      throw ZooError.corrupt(
        "\(path) has the classes \(listing(classes)), \(model) knows \(listing(names))")
    }
    let numbers = classes.map { names.firstIndex(of: $0) ?? 0 }
    return try Dataset(
      path, kind, task, classes: names,
      splits: splits.map { split in
        Split(name: split.name, items: split.items.map { $0.numbered(numbers, of: names.count) })
      }, warnings: warnings)
  }

  /// The same pictures with other names of classes. Several classes may get one name, and are one
  /// class then; two may swap their names.
  ///
  /// ```swift
  /// try data.renamed([(from: "motorbike", to: "motorcycle")])
  /// ```
  /// - Throws: there is no class of a name, or classes that cannot become one get the same name.
  public func renamed(_ names: [(from: String, to: String)]) throws -> Dataset {
    guard !names.isEmpty else { return self }
    let what = kind.holdsNumbers ? "number" : "class"
    for (from, _) in names where !classes.contains(from) {
      throw ZooError.notFound(
        "\(path) has no \(what) “\(from.printable)”" + suggestion(from, among: classes)
          + "; it has \(listing(classes))")
    }
    let new = classes.map { name in names.last { $0.from == name }?.to ?? name }
    var merged: [String] = []
    for name in new where !merged.contains(name) { merged.append(name) }
    guard merged.count == new.count || !kind.holdsNumbers && kind != .masks else {
      throw ZooError.usage(
        "two \(kind.holdsNumbers ? "numbers" : "classes of masks") of \(path) cannot have one name; "
          + "they would be called \(listing(new))")
    }
    let numbers = new.map { merged.firstIndex(of: $0) ?? 0 }
    return try Dataset(
      path, kind, task, classes: merged,
      splits: splits.map { split in
        Split(name: split.name, items: split.items.map { $0.numbered(numbers, of: merged.count) })
      }, warnings: warnings)
  }

  private func choosing(_ names: [String], for model: String) throws -> Dataset {
    let columns = names.compactMap { classes.firstIndex(of: $0) }
    guard columns.count == names.count else {
      throw ZooError.corrupt(
        "\(path) has the numbers \(listing(classes)), \(model) predicts \(listing(names))")
    }
    return try Dataset(
      path, kind, task, classes: names,
      splits: splits.map { split in
        Split(
          name: split.name,
          items: split.items.map { item in
            guard case .values(let values) = item.annotation else { return item }
            var item = item
            item.annotation = .values(columns.map { values[$0] })
            return item
          })
      }, warnings: warnings)
  }

  private func listing(_ names: [String]) -> String {
    let shown = names.prefix(12).map(\.printable).joined(separator: ", ")
    return names.count > 12 ? "\(shown), … (\(names.count))" : shown
  }
}

extension Item {
  /// - Parameter numbers: for each class of this data set, its number among `count` classes.
  fileprivate func numbered(_ numbers: [Int], of count: Int) -> Item {
    func moved(_ boxes: [ObjectBox]) -> [ObjectBox] {
      boxes.map { box in
        var box = box
        box.classIndex = numbers[box.classIndex]
        return box
      }
    }
    var item = self
    switch annotation {
    case .label(let index): item.annotation = .label(numbers[index])
    case .labels(let set): item.annotation = .labels(Set(set.map { numbers[$0] }))
    case .boxes(let boxes, let size): item.annotation = .boxes(moved(boxes), of: size)
    case .fractions(let boxes): item.annotation = .fractions(moved(boxes))
    case .mask(let path, let values):
      item.annotation = .mask(path: path, values.numbered(numbers, of: count))
    case .none, .values: break
    }
    return item
  }
}
