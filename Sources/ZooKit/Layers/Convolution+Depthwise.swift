// With one group per input channel there is no matrix product, so every kernel element sweeps over
// the plane.

extension Convolution {
  func isDepthwise(_ input: Shape) -> Bool { groups == input.channels && groups > 1 }

  func forwardDepthwise(_ x: TensorView, _ weight: Floats, _ bias: Floats?, _ y: TensorView) {
    let (grid, width) = (Window.Size(y.shape.height, y.shape.width), x.shape.width)
    let (plane, size) = (x.shape.height * width, grid.height * grid.width)
    let taps = window.taps(over: x.shape, grid: grid)
    let step = window.stride.width
    Threads.split(y.batch * outputs, cost: size * taps.count) { range in
      for index in range {
        let (item, output) = index.quotientAndRemainder(dividingBy: outputs)
        let source = x[item] + output / (outputs / groups) * plane
        let target = y[item] + output * size
        target.update(repeating: bias?[output] ?? 0, count: size)
        for tap in taps {
          let w = weight[output * taps.count + tap.index]
          window.forEachRow(of: tap, mapWidth: width, gridWidth: grid.width) { to, from, count in
            let (a, b) = (target + to, source + from)
            forEach(count, step: step) { a[$0] += w * b[$1] }
          }
        }
      }
    }
  }

  func backwardDepthwise(_ pass: Pass, _ dy: TensorView, _ dx: TensorView?, _ dw: TensorView?) {
    let (x, weight) = (pass.inputs[0], pass.parameters[0].pointer)
    let (grid, width) = (Window.Size(dy.shape.height, dy.shape.width), x.shape.width)
    let (plane, size) = (x.shape.height * width, grid.height * grid.width)
    let taps = window.taps(over: x.shape, grid: grid)
    let (step, each) = (window.stride.width, outputs / groups)
    // One thread handles a channel, because its outputs add to the same gradients.
    Threads.split(groups, cost: dy.batch * each * size * taps.count) { channels in
      for channel in channels {
        for output in channel * each..<(channel + 1) * each {
          for tap in taps {
            let w = weight[output * taps.count + tap.index]
            var total = 0.0
            for item in 0..<x.batch {
              let source = x[item] + channel * plane
              let target = dx.map { $0[item] + channel * plane }
              let out = dy[item] + output * size
              window.forEachRow(of: tap, mapWidth: width, gridWidth: grid.width) {
                to, from, count in
                let g = out + to
                if let target {
                  let t = target + from
                  forEach(count, step: step) { t[$1] += w * g[$0] }
                }
                if dw != nil {
                  let s = source + from
                  forEach(count, step: step) { total += Double(g[$0]) * Double(s[$1]) }
                }
              }
            }
            if let dw { dw.pointer[output * taps.count + tap.index] += Float(total) }
          }
        }
      }
    }
  }
}
