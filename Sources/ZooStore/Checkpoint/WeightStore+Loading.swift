import Dispatch
import Glibc
import Synchronization
import ZooKit

extension WeightStore {
  /// All tensors by name, each verified by its digest.
  public func load(threads: Int = coreCount) throws -> [String: Tensor] {
    // The largest first, so that threads finish at about the same time.
    let order = tensors.sorted { $0.shape.count > $1.shape.count }
    struct Progress {
      var next = 0
      var loaded: [String: Tensor] = [:]
      var error: (any Error)?
    }
    let progress = Mutex(Progress())
    DispatchQueue.concurrentPerform(iterations: max(1, min(threads, order.count))) { _ in
      while let info = progress.withLock({ progress -> TensorInfo? in
        guard progress.error == nil, progress.next < order.count else { return nil }
        progress.next += 1
        return order[progress.next - 1]
      }) {
        let result = Result { try Tensor(info.shape) { try read(info, into: $0) } }
        progress.withLock {
          switch result {
          case .success(let tensor): $0.loaded[info.name] = tensor
          case .failure(let error): $0.error = $0.error ?? error
          }
        }
      }
    }
    return try progress.withLock {
      if let error = $0.error { throw error }
      return $0.loaded
    }
  }

  /// The number of processors of this machine that are online.
  public static var coreCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
