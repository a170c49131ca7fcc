/// The preprocessing that a checkpoint expects. It belongs to the checkpoint, because the same
/// architecture trained elsewhere expects another one.
///
/// Pixels are resized, cropped, multiplied by `scale`, and normalised per channel as `(x − mean) /
/// std`, in the channel order of the checkpoint. Some checkpoints also standardise each picture by
/// its own statistics.
public struct Preprocessing: Hashable, Sendable {
  public enum Resize: Hashable, Sendable {
    /// No resizing: the picture keeps its size.
    case none
    /// Resizes the shorter side to this length; the longer one keeps the proportion, rounded down
    /// as in torchvision.
    case shorterSide(Int)
    /// Stretches to height and width.
    case exact(height: Int, width: Int)
    /// The largest size for which neither the shorter nor the longer side exceeds its limit, as for
    /// detectors.
    case within(shorter: Int, longer: Int)
    /// The largest size that fits height and width, centred, with borders of one level.
    case letterbox(height: Int, width: Int, level: UInt8)
  }

  public enum Interpolation: String, Sendable, CaseIterable {
    case nearest, bilinear, bicubic
    /// Bilinear after normalisation, without antialiasing: PyTorch's `interpolate` on a tensor,
    /// with which torchvision's detectors were trained.
    case sampled
  }

  public enum Channels: String, Sendable, CaseIterable { case rgb, bgr, grey }

  public var resize: Resize
  public var interpolation: Interpolation
  /// Pads with zeros at the right and bottom until both sides are multiples of this.
  public var multiple: Int
  /// Height and width of the centre crop after resizing; nil means no crop.
  public var crop: Window.Size?
  public var channels: Channels
  public var scale: Float
  /// In the order of `channels`.
  public var mean: [Float]
  public var std: [Float]
  /// Whether to subtract each picture's own mean per channel and divide by its own standard
  /// deviation, for scanners without a common scale.
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
