import ZooKit
import ZooStore

extension Checkpoint.Training {
  /// “57,000 pictures of fashion-mnist, from random numbers, by zoo 0.1.0 (6c3f15b)”
  package var sentence: String {
    "\(grouped(pictures)) pictures of \(data), from \(base ?? "random numbers"), by zoo \(program)"
      + (commit.map { " (\($0))" } ?? "")
  }

  /// “epochs 20, batch 128, lr 0.1, …”
  package var options: String {
    guard case .object(let members) = recipe.content else { return recipe.text() }
    let options = members.map { "\($0.key) \($0.value.text().filter { !"[]\"".contains($0) })" }
    return options.joined(separator: ", ")
  }
}

extension Checkpoint.Confidence {
  /// “temperature 1.31, fitted to 3,000 pictures of bees/val; calibration error 0.041 before, …”
  package var sentence: String {
    "temperature \(decimal(temperature, digits: 3)), fitted to \(grouped(pictures)) pictures of "
      + "\(data); calibration error \(decimal(errorBefore, digits: 4)) before, "
      + "\(decimal(errorAfter, digits: 4)) after"
  }
}

extension Checkpoint.Novelty {
  /// “a picture farther than 1.31 from 2,000 known ones is unlike anything seen; 2 % of known …”
  package var sentence: String {
    "a picture farther than \(decimal(threshold, digits: 2)) from \(grouped(pictures)) known ones is "
      + "unlike anything seen; so are \(decimal(100 * falseAlarms, digits: 1)) % of known ones"
  }
}

extension Preprocessing {
  /// “shorter side to 256, bilinear; centre 224×224; rgb; (x·scale − mean) / std”
  package var sentence: String {
    var parts: [String] = []
    switch resize {
    case .none, .within, .letterbox: break
    case .shorterSide(let side): parts.append("shorter side to \(side), \(interpolation.rawValue)")
    case .exact(let height, let width):
      parts.append("to \(height)×\(width), \(interpolation.rawValue)")
    }
    if case .letterbox(let height, let width, let level) = resize {
      parts.append(
        "into \(height)×\(width) with borders of level \(level), \(interpolation.rawValue)")
    }
    if case .within(let shorter, let longer) = resize {
      parts.append(
        "shorter side to \(shorter), longer at most \(longer), \(interpolation.rawValue)")
    }
    if multiple > 1 { parts.append("padded to multiples of \(multiple)") }
    if let crop { parts.append("centre \(crop.height)×\(crop.width)") }
    parts.append(channels.rawValue)
    let list = { (numbers: [Float]) in numbers.map { "\($0)" }.joined(separator: " ") }
    let scale = scale == 1 / 255 ? "1/255" : "\(scale)"
    parts.append("scale \(scale), mean \(list(mean)), std \(list(std))")
    if standardizes { parts.append("then each picture by its own mean and deviation") }
    return parts.joined(separator: "; ")
  }
}
