/// The words that a shell offers for a value.
public enum Completion: Sendable, Hashable {
  case none
  /// Files with one of these extensions (any file if there are none), and folders.
  case files(endings: [String] = [])
  case folders
  case choices([String])
  /// Names of models and checkpoints, requested from the program while typing, and checkpoint
  /// files.
  case models
}

public enum Shell: String, CaseIterable, ArgumentValue, Sendable {
  case bash, zsh, fish
}
