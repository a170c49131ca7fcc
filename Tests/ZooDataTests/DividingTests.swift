import TestSupport
import Testing
import ZooData
import ZooKit

/// Parts and folds that keep groups together.
@Suite struct DividingTests {
  private func split(_ count: Int) -> Split {
    Split(
      name: "all",
      items: (0..<count).map {
        Item(name: "p\($0 / 4)_\($0).png", source: .file(""), annotation: .label($0 / 4 % 2))
      })
  }

  private func groups(_ split: Split) throws -> [String] {
    let pattern = try NamePattern(groups: "{group}_*")
    return try split.items.map { try #require(pattern.group(in: $0.name)) }
  }

  @Test func groupsStayTogether() throws {
    let all = split(200)
    let groups = try groups(all)
    for seed in UInt64(0)..<5 {
      let (rest, part) = try all.divided(fraction: 0.2, seed: seed, keeping: groups)
      #expect(try Set(self.groups(rest)).isDisjoint(with: self.groups(part)))
      #expect(rest.count + part.count == 200 && abs(part.count - 40) <= 4)
      let labels = part.counts(classes: 2)
      #expect(abs(labels[0] - labels[1]) <= 4)
    }
    let names = { (split: Split) in split.items.map(\.name) }
    let (once, again) = (
      try all.divided(fraction: 0.2, seed: 1, keeping: groups).part,
      try all.divided(fraction: 0.2, seed: 1, keeping: groups).part
    )
    #expect(names(once) == names(again))
    #expect(try names(once) != names(all.divided(fraction: 0.2, seed: 2, keeping: groups).part))
    // Units of one picture each divide as without units.
    #expect(
      try names(all.divided(fraction: 0.2, seed: 1).part)
        == names(all.divided(fraction: 0.2, seed: 1, keeping: names(all)).part))
    let error = #expect(throws: ZooError.self) {
      try all.divided(fraction: 0.2, seed: 1, keeping: all.items.map { _ in "one" })
    }
    #expect(error?.kind == .corrupt && error?.message.contains("“one”") == true)
  }

  @Test func foldsAreEvenAndStratified() throws {
    let all = split(203)
    for groups in [nil, try groups(all)] {
      let folds = try all.folds(5, seed: 3, keeping: groups)
      for fold in 0..<5 {
        let items = all.items.indices.filter { folds[$0] == fold }
        let ones = items.count { all.items[$0].annotation.isOne }
        #expect(abs(items.count - 40) <= (groups == nil ? 1 : 4))
        #expect(abs(ones - 20) <= (groups == nil ? 1 : 4))
      }
      guard let groups else { continue }
      let owners = Dictionary(grouping: folds.indices) { groups[$0] }
      #expect(owners.values.allSatisfy { Set($0.map { folds[$0] }).count == 1 })
    }
    #expect(throws: ZooError.self) { try all.folds(300, seed: 0) }
    #expect(throws: ZooError.self) { try all.folds(60, seed: 0, keeping: groups(all)) }
  }

  @Test func patternsAndTablesNameGroups() throws {
    let scratch = try Scratch()
    for name in ["a/p1_x.png", "a/p2_x.png", "b/p1_y.png", "b/p3_z.png"] {
      try scratch.picture(name)
    }
    let data = try Dataset.open(scratch.path)
    let byName = try data.groups(by: "{group}_*")
    #expect(
      byName == ["a/p1_x.png": "p1", "a/p2_x.png": "p2", "b/p1_y.png": "p1", "b/p3_z.png": "p3"])
    #expect(try data.groups(by: "{group}/*").values.sorted() == ["a", "a", "b", "b"])
    #expect(try data.groups(by: "p{group}_?.png".replacing("?", with: "*")).values.contains("3"))
    try scratch.write(
      "patient,file\n1,p1_x.png\n2,p2_x.png\n1,p1_y.png\n3,b/p3_z.png\n4,not-here.png\n",
      to: "patients.csv")
    for rule in ["patient", "\(scratch.path)/patients.csv", "\(scratch.path)/patients.csv:patient"]
    {
      #expect(try data.groups(by: rule)["b/p1_y.png"] == "1", "\(rule)")
    }
    for (rule, kind, part) in [
      ("{patient}_*", ZooError.Kind.usage, "{group}"), ("{group}{group}", .usage, "two"),
      ("q{group}_*", .corrupt, "4 of 4 pictures"), ("nothing", .usage, "patients.csv"),
      ("\(scratch.path)/none.csv", .notFound, "none.csv"),
      ("\(scratch.path)/patients.csv:pationt", .corrupt, "patient"),
    ] {
      let error = #expect(throws: ZooError.self) { try data.groups(by: rule) }
      #expect(error?.kind == kind, "\(rule): \(error?.message ?? "")")
      #expect(error?.message.contains(part) == true, "\(rule): \(error?.message ?? "")")
    }
    try scratch.write("file,patient\np1_x.png,1\n", to: "few.csv")
    let error = #expect(throws: ZooError.self) {
      try data.groups(by: "\(scratch.path)/few.csv")
    }
    #expect(error?.message.contains("3 of 4 pictures") == true)
  }
}

extension Annotation {
  fileprivate var isOne: Bool { if case .label(1) = self { true } else { false } }
}
