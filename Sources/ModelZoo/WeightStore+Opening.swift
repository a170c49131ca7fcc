import ZooFormats
import ZooKit
import ZooStore

extension WeightStore {
  /// Opens the checkpoint of a model. The error for another tool's file says how to convert it.
  public init(ofModel path: String) throws {
    do { try self.init(path) } catch let error as ZooError where error.kind == .corrupt {
      throw WeightStore.otherwise(path) ?? error
    }
  }

  private static func otherwise(_ path: String) -> ZooError? {
    do {
      let other = try ForeignCheckpoint.open(path)
      let name = path.split(separator: "/").last.map(String.init) ?? path
      let stem = name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
      // Almost anything may look like Darknet's numbers.
      if other is WeightStore || other is DarknetWeights && !name.hasSuffix(".weights") {
        return nil
      }
      let converted = name.hasSuffix(".h5") ? "\(stem)-zoo.h5" : "\(stem).h5"
      return .corrupt(
        "\(path) is in the format \(other.format), which must be converted first: zoo import "
          + "\(path.shellWord) -o \(converted.shellWord)")
    } catch {
      return ForeignCheckpoint.isHDF5(path) ? nil : error as? ZooError
    }
  }
}

extension String {
  /// As a shell takes it.
  package var shellWord: String {
    let plain = allSatisfy {
      $0.isASCII && ($0.isLetter || $0.isNumber || "_-./+=:,@%".contains($0))
    }
    return plain && !isEmpty ? self : "'" + replacing("'", with: "'\\''") + "'"
  }
}
