import Glibc
import ModelZoo

/// The class names of `--classes`: a file with one per line, a list with commas, a single word, or
/// their number. `4` and `a,b` mean files if such files exist.
func classNames(_ text: String) throws -> [String] {
  if access(text, F_OK) == 0 { return try classNames(inFile: text) }
  if let count = Int(text) {
    guard 1...100_000 ~= count else {
      throw ZooError.usage("--classes: expected 1 to 100,000 classes, not \(count)")
    }
    return (0..<count).map(String.init)
  }
  guard text.contains(",") else {
    // A word that cannot be a misspelt file name.
    return text.isEmpty || text.contains(where: { "./".contains($0) })
      ? try classNames(inFile: text) : [text]
  }
  let names = text.split(separator: ",", omittingEmptySubsequences: false).map(trimmed)
  guard !names.contains(""), Set(names).count == names.count else {
    throw ZooError.usage("--classes “\(text)” has an empty name, or one twice")
  }
  return names
}

/// Spaces around a name are ignored.
private func classNames(inFile path: String) throws -> [String] {
  let file = try RandomAccessFile(path)
  guard file.size <= 16 << 20 else { throw ZooError.corrupt("\(path) is no list of class names") }
  let bytes = try file.read(at: 0, count: file.size)
  guard let text = String(validating: bytes, as: UTF8.self) else {
    throw ZooError.corrupt("\(path) is no text in UTF-8")
  }
  var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    .map(trimmed)
  while lines.last?.isEmpty == true { lines.removeLast() }
  if let empty = lines.firstIndex(of: "") {
    throw ZooError.corrupt("\(path), line \(empty + 1): a class without a name")
  }
  guard !lines.isEmpty, Set(lines).count == lines.count else {
    throw ZooError.corrupt("\(path) names no class, or one twice")
  }
  return lines
}

private func trimmed(_ line: Substring) -> String {
  guard let last = line.lastIndex(where: { !$0.isWhitespace }) else { return "" }
  return String(line[...last].drop(while: \.isWhitespace))
}
