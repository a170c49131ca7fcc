import COneDNN
import ZooKit

// Layers as oneDNN describes them, in any direction.

extension Operation.Request {
  /// A layer without parameters from a map to a map; nil if the library has none.
  init?(
    _ layer: any Layer, from input: Shape, to output: Shape, _ source: Layout, _ target: Layout
  ) {
    switch layer {
    case let layer as LocalResponseNorm:
      // An even size reaches further back than forward, which the library does not support.
      guard layer.size % 2 == 1 else { return nil }
      self.init(zoo_dnn_lrn, [source], target: target)
      size = layer.size
      (alpha, beta, k) = (layer.alpha, layer.beta, layer.k)
    case let layer as Upsample:
      switch layer.method {
      case .nearest:
        // With whole factors the nearest position is unambiguous.
        guard output.height % input.height == 0, output.width % input.width == 0 else {
          return nil
        }
        self.init(zoo_dnn_resize_nearest, [source], target: target)
      case .bilinear(alignCorners: false):
        self.init(zoo_dnn_resize_linear, [source], target: target)
      case .bilinear(alignCorners: true): return nil
      }
    default:
      guard let pooling = Pooling(layer, input, output) else { return nil }
      self.init(pooling.kind, [source], target: target)
      window = pooling.window
    }
  }
}

/// The layout of a product's weights, and the layouts that the library may use.
struct WeightLayouts {
  let plain, packed: Layout
  /// The padding includes the border that transposed convolutions drop.
  let window: Window

  init?(_ layer: Convolution, from input: Shape) {
    let (kernel, groups) = (layer.window.kernel, layer.groups)
    let axes = [layer.outputs / groups, input.channels / groups, kernel.height, kernel.width]
    let all = groups == 1 ? axes : [groups] + axes
    guard let plain = Layout(all, zoo_dnn_plain), let packed = Layout(all, zoo_dnn_any) else {
      return nil
    }
    (self.plain, self.packed, window) = (plain, packed, layer.window)
  }

  init?(_ layer: TransposedConvolution, from input: Shape) {
    let (kernel, groups) = (layer.window.kernel, layer.groups)
    let (inputs, outputs) = (input.channels / groups, layer.outputs / groups)
    // The library expects outputs first; the weights have inputs first.
    let axes = [groups, outputs, inputs, kernel.height, kernel.width]
    let taps = kernel.height * kernel.width
    let strides = [inputs * outputs * taps, taps, outputs * taps, kernel.width, 1]
    let first = groups > 1 ? 0 : 1
    var window = layer.window
    window.padding.bottom -= layer.outputPadding.height
    window.padding.right -= layer.outputPadding.width
    guard window.padding.bottom >= 0, window.padding.right >= 0,
      let plain = Layout(Array(axes[first...]), strides: Array(strides[first...])),
      let packed = Layout(Array(axes[first...]), zoo_dnn_any)
    else { return nil }
    (self.plain, self.packed, self.window) = (plain, packed, window)
  }

  /// For one item every weight is read once, at memory speed in any layout, so packing would cost
  /// as much as using them.
  init?(_ layer: Dense, from input: Shape, packing: Bool) {
    let axes = [layer.outputs, input.count]
    guard let plain = Layout(axes, zoo_dnn_plain),
      let packed = packing ? Layout(axes, zoo_dnn_any) : plain
    else { return nil }
    (self.plain, self.packed, window) = (plain, packed, Window(1))
  }
}

/// A pooling layer as oneDNN describes it, in inference and training.
struct Pooling {
  let kind: zoo_dnn_kind
  /// With the padding at the bottom and right that the last windows use: less than requested if the
  /// stride leaves a rest, more if windows may end outside.
  let window: Window

  /// Nil if the library has none.
  init?(_ layer: any Layer, _ input: Shape, _ output: Shape) {
    switch layer {
    case let layer as MaxPool where layer.window.dilation == 1:
      self.init(zoo_dnn_max_pool, layer.window, input, output)
    case let layer as AveragePool:
      self.init(
        layer.countsPadding ? zoo_dnn_average_pool : zoo_dnn_average_pool_inside, layer.window,
        input, output)
      // The library would also count the part of a window beyond the padding.
      guard
        !layer.countsPadding
          || window.padding.bottom <= layer.window.padding.bottom
            && window.padding.right <= layer.window.padding.right
      else { return nil }
    case let layer as AdaptivePool:
      // If the sizes divide, the windows are those of ordinary pooling.
      let size = layer.size
      guard input.height % size.height == 0, input.width % size.width == 0 else { return nil }
      let kernel = Window.Size(input.height / size.height, input.width / size.width)
      self.init(
        layer.reduction == .average ? zoo_dnn_average_pool : zoo_dnn_max_pool,
        Window(kernel, stride: kernel), input, output)
    default: return nil
    }
  }

  private init(_ kind: zoo_dnn_kind, _ window: Window, _ input: Shape, _ output: Shape) {
    let (kernel, stride) = (window.kernel, window.stride)
    var reaching = window
    let bottom =
      (output.height - 1) * stride.height + kernel.height - input.height - window.padding.top
    let right =
      (output.width - 1) * stride.width + kernel.width - input.width - window.padding.left
    (reaching.padding.bottom, reaching.padding.right) = (max(0, bottom), max(0, right))
    (self.kind, self.window) = (kind, reaching)
  }

  /// Whether every window is a single position.
  var isNothing: Bool { window.kernel == 1 && window.stride == 1 && window.padding == 0 }
}
