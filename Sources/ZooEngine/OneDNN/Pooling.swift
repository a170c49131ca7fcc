import COneDNN
import ZooKit

/// A pooling layer as the library knows it, in inference and in training.
struct Pooling {
  let kind: zoo_dnn_kind
  /// With the padding at the bottom and right that the last windows use: less than was asked for
  /// where the stride leaves some over, more where they may end outside.
  let window: Window

  /// Nil where the library has none.
  init?(_ layer: any Layer, _ input: Shape, _ output: Shape) {
    switch layer {
    case let layer as MaxPool where layer.window.dilation == 1:
      self.init(zoo_dnn_max_pool, layer.window, input, output)
    case let layer as AveragePool:
      self.init(
        layer.countsPadding ? zoo_dnn_average_pool : zoo_dnn_average_pool_inside, layer.window,
        input, output)
      // The library would also count what a window reaches beyond the border.
      guard
        !layer.countsPadding
          || window.padding.bottom <= layer.window.padding.bottom
            && window.padding.right <= layer.window.padding.right
      else { return nil }
    case let layer as AdaptivePool:
      // Where the sizes divide, the windows are those of a plain pooling.
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

  /// Every place by itself.
  var isNothing: Bool { window.kernel == 1 && window.stride == 1 && window.padding == 0 }
}
