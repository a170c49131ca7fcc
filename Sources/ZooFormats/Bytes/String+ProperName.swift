import ZooKit

extension String {
  /// A name that may stand in a message: of sensible length, without line ends or other control
  /// characters.
  var isProperName: Bool {
    !isEmpty && utf8.count <= 1024
      && unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
  }
}

extension ZooError {
  /// One line of sensible length, whatever words of the file it repeats.
  var inOneLine: ZooError {
    if message.isProperName { return self }
    let clean = message.unicodeScalars.prefix(1000)
      .map { $0.properties.generalCategory == .control ? "·" : String($0) }
    return ZooError(kind, clean.joined() + (message.unicodeScalars.count > 1000 ? "…" : ""))
  }
}
