import ZooKit

extension String {
  /// Whether a name can be printed in a message: not too long, without line ends or other control
  /// characters.
  var isProperName: Bool {
    !isEmpty && utf8.count <= 1024
      && unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
  }
}

extension ZooError {
  /// The error on one line of limited length, whatever text from the file it repeats.
  var inOneLine: ZooError {
    if message.isProperName { return self }
    let clean = message.unicodeScalars.prefix(1000)
      .map { $0.properties.generalCategory == .control ? "·" : String($0) }
    return ZooError(kind, clean.joined() + (message.unicodeScalars.count > 1000 ? "…" : ""))
  }
}
