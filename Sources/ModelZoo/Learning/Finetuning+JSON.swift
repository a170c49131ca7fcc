import ZooKit
import ZooStore

// The same names as on the command line; absent members keep their defaults.
extension Finetuning {
  public var json: JSON {
    JSON(
      .object(Setting.all.compactMap { setting in setting.json(self).map { (setting.name, $0) } }))
  }

  /// Takes its members from a recipe; what else is in it is left there.
  init(_ fields: inout Fields) throws {
    self.init()
    for setting in Setting.all { try setting.read(&fields, into: &self) }
  }
}
