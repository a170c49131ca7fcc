import Testing
import ZooKit
import ZooStore

/// Errors about JSON objects with wrong members.
@Suite struct FieldsTests {
  private func fields(_ text: String) throws -> Fields {
    try Fields(JSON(parsing: text.utf8, origin: "it.json"), of: "a box", in: "it.json")
  }

  /// Null counts as absent.
  @Test func nullIsAbsent() throws {
    var fields = try fields(#"{"a": null, "b": null}"#)
    #expect(fields.take("a") == nil)
    #expect(throws: ZooError.corrupt("it.json, line 1: a box has no “b”")) {
      _ = try fields.numbers("b")
    }
    try fields.finish()
  }

  @Test func listsAreOfOneKind() throws {
    var fields = try fields("{\"a\": [1, 2.5], \"b\": [1,\n\"2\"], \"c\": 3, \"d\": [1.5]}")
    #expect(try fields.numbers("a") == [1, 2.5])
    #expect(
      throws: ZooError.corrupt(
        "it.json, line 2: “b” of a box has a string in it; expected numbers")
    ) { _ = try fields.numbers("b") }
    #expect(
      throws: ZooError.corrupt("it.json, line 2: “c” of a box is a number; expected a list")
    ) {
      _ = try fields.strings("c")
    }
    #expect(throws: ZooError.self) { _ = try fields.integers("d") }
  }

  /// A name of megabytes would make every search and every message slow.
  @Test func namesAreShort() throws {
    let long = String(repeating: "x", count: 4097)
    var fields = try fields(#"{"a": "\#(long)", "b": "\#(long)", "c": ["\#(long)"]}"#)
    #expect(
      throws: ZooError.corrupt(
        "it.json, line 1: “a” of a box has 4097 bytes; expected at most 4096")
    ) { _ = try fields.string("a") }
    #expect(try fields.text("b") == long)
    #expect(throws: ZooError.self) { _ = try fields.strings("c") }
  }
}
