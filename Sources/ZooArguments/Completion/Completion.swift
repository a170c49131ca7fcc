/// What a shell offers for a value.
public enum Completion: Sendable, Hashable {
  case none
  /// Files with one of these endings (any file where none is named), and folders on the way.
  case files(endings: [String] = [])
  case folders
  case choices([String])
  /// Names of models and checkpoints, asked of the program while typing, and checkpoint files.
  case models
}

public enum Shell: String, CaseIterable, ArgumentValue, Sendable {
  case bash, zsh, fish
}
