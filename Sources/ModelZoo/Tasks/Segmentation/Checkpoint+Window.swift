import ZooData
import ZooKit
import ZooStore
import ZooVision

extension Checkpoint {
  /// The record with windows for training a segmenter: of the requested side, or the next longer
  /// one that the network takes.
  func windowed(_ side: Int, for architecture: any Architecture) -> Checkpoint {
    let tiling = (architecture as? any Segmenter)?.tiling ?? Tiling()
    let fitting = tiling.side(for: side - 2 * tiling.margin)
    var windowed = self
    windowed.input = [input.channels, fitting, fitting]
    return windowed
  }

  /// The record of a segmenter trained from random weights: pictures keep their scale, and grey
  /// ones have one channel.
  func anew(for split: Split, _ architecture: any Architecture) throws -> Checkpoint {
    guard let first = split.items.first else { return self }
    let channels = try first.sample().picture.channels == 1 ? 1 : 3
    var anew = self
    anew.input = [channels, input.height, input.width]
    anew.preprocessing = try .usual(for: architecture, channels: channels)
    return anew
  }
}
