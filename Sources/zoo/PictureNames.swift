import Glibc
import ModelZoo

/// The pictures that a command line names: files, folders, `@FILE`, and `-` for standard input.
enum PictureNames {
  /// Every picture in order; a file that does not exist is left to whoever reads it.
  static func all(_ words: [String]) throws -> [String] {
    try words.flatMap { word -> [String] in
      if word == "-" { return try listed(standardInput(), by: "standard input") }
      guard word.hasPrefix("@") else { return try expanded(word) }
      let path = String(word.dropFirst())
      let file = try RandomAccessFile(path)
      let text = String(decoding: try file.read(at: 0, count: file.size), as: UTF8.self)
      return try listed(text.split(whereSeparator: \.isNewline).map(String.init), by: path)
    }
  }

  private static func listed(_ lines: [String], by list: String) throws -> [String] {
    let names = lines.filter { !$0.isEmpty }
    guard !names.isEmpty else { throw ZooError.notFound("\(list) names no pictures") }
    return try names.flatMap(expanded)
  }

  /// The pictures of a folder, or the name itself.
  private static func expanded(_ name: String) throws -> [String] {
    var status = stat()
    guard stat(name, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return [name] }
    let pictures = try Picture.paths(below: name)
    guard !pictures.isEmpty else {
      throw ZooError.notFound(
        "\(name) has no pictures: no name ends with .\(Picture.endings.joined(separator: ", ."))")
    }
    return pictures
  }

  private static func standardInput() -> [String] {
    var lines: [String] = []
    while let line = readLine() {
      lines.append(line.hasSuffix("\r") ? String(line.dropLast()) : line)
    }
    return lines
  }
}
