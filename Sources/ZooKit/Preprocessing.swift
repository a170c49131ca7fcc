/// What must happen to a picture before a checkpoint may see it. It belongs to the checkpoint: the
/// same architecture trained elsewhere expects something else.
///
/// Pixels are resized, cropped, multiplied by `scale`, and normalised per channel as
/// `(x − mean) / std`, in the channel order of the checkpoint. Some are trained on pictures that are
/// standardised each by itself.
public struct Preprocessing: Hashable, Sendable {
  public enum Resize: Hashable, Sendable {
    /// The picture already has its size.
    case none
    /// The shorter side becomes so long; the longer one keeps the proportion, rounded down as
    /// torchvision does.
    case shorterSide(Int)
    /// Stretched to height and width.
    case exact(height: Int, width: Int)
    /// As large as fits: the shorter side at most so long, and the longer one too. Detectors see
    /// pictures so.
    case within(shorter: Int, longer: Int)
    /// As large as fits into height and width, in the middle, with borders of one level around it.
    case letterbox(height: Int, width: Int, level: UInt8)
  }

  public enum Interpolation: String, Sendable, CaseIterable {
    case nearest, bilinear, bicubic
    /// Between the four nearest pixels, after they were normalised, and without antialiasing: what
    /// PyTorch's `interpolate` makes of a tensor, and torchvision's detectors were trained with.
    case sampled
  }

  public enum Channels: String, Sendable, CaseIterable { case rgb, bgr, grey }

  public var resize: Resize
  public var interpolation: Interpolation
  /// Zeros at the right and at the bottom make both sides multiples of this.
  public var multiple: Int
  /// The centre of the resized picture, height and width; all of it where nil.
  public var crop: Window.Size?
  public var channels: Channels
  public var scale: Float
  /// In the order of `channels`.
  public var mean: [Float]
  public var std: [Float]
  /// Then each picture's own mean is taken off and its own standard deviation divided by, channel by
  /// channel: scanners that agree on no scale.
  public var standardizes: Bool

  public init(
    resize: Resize, interpolation: Interpolation = .bilinear, crop: Window.Size? = nil,
    multiple: Int = 1, channels: Channels = .rgb, scale: Float = 1 / 255, mean: [Float],
    std: [Float], standardizes: Bool = false
  ) {
    self.resize = resize
    self.interpolation = interpolation
    self.crop = crop
    self.multiple = multiple
    self.channels = channels
    self.scale = scale
    self.mean = mean
    self.std = std
    self.standardizes = standardizes
  }
}

extension Preprocessing {
  /// What every picture becomes, nil where that depends on the picture.
  public var size: Window.Size? {
    if let crop { return crop }
    switch resize {
    case .exact(let height, let width), .letterbox(let height, let width, _):
      return Window.Size(height, width)
    case .none, .shorterSide, .within: return nil
    }
  }
}
