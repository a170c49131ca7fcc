import Foundation
import Synchronization
import Testing
import ZooFetch
import ZooKit
import ZooStore

@Suite struct CacheTests {
  let folder = Folder()
  let digest = Digest.sha256Prefix("f37072fd")

  @Test(arguments: [
    (["ZOO_HOME": "/z", "XDG_CACHE_HOME": "/x", "HOME": "/h"], "/z"),
    (["ZOO_HOME": "", "XDG_CACHE_HOME": "/x", "HOME": "/h"], "/x/zoo"),
    (["XDG_CACHE_HOME": "x", "HOME": "/h"], "/h/.cache/zoo"),
    (["HOME": "/h"], "/h/.cache/zoo"), (["ZOO_HOME": "z"], "z"),
  ])
  func whereItIs(_ environment: [String: String], _ root: String) throws {
    #expect(try Cache(environment: { environment[$0] }).root == root)
  }

  @Test(arguments: [[:], ["HOME": ""], ["HOME": "relative"]])
  func withoutAHome(_ environment: [String: String]) {
    let error = failure { try Cache(environment: { environment[$0] }) }
    #expect(error.kind == .cannotCreate)
    #expect(error.message.contains("ZOO_HOME"))
  }

  @Test func aCheckpointIsMadeOnce() throws {
    let cache = Cache(root: "\(folder.path)/deep/er")
    let digest = digest
    let made = Atomic(0)
    let paths = Mutex<Set<String>>([])
    #expect(cache.installed("resnet18.x", from: digest) == nil)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      let path = try? cache.checkpoint("resnet18.x", from: digest) { path in
        made.add(1, ordering: .relaxed)
        Thread.sleep(forTimeInterval: 0.05)
        try Publication.write(to: path) { try $0.append([1, 2, 3]) }
      }
      _ = paths.withLock { $0.insert(path ?? "none") }
    }
    #expect(made.load(ordering: .relaxed) == 1)
    let path = "\(folder.path)/deep/er/checkpoints/resnet18.x-f37072fd.h5"
    #expect(paths.withLock { $0 } == [path])
    #expect(cache.installed("resnet18.x", from: digest) == path)
    #expect(folder.files.filter { $0.contains("resnet") }.count == 1)
    let other = try cache.path(of: "resnet18.x", from: .sha256(String(repeating: "a", count: 64)))
    #expect(other.hasSuffix("/resnet18.x-aaaaaaaaaaaa.h5"))
  }

  @Test func aFailureLeavesNothing() {
    let cache = Cache(root: folder.path)
    let error = failure {
      try cache.checkpoint("a", from: digest) { _ in throw ZooError.corrupt("no") }
    }
    #expect(error.kind == .corrupt)
    #expect(folder.files == ["checkpoints"])
  }

  @Test(arguments: ["", "../x", "a/b", ".hidden", "a b", "ä", String(repeating: "a", count: 200)])
  func namesThatCannotBeFiles(_ name: String) {
    let error = failure { try Cache(root: folder.path).path(of: name, from: digest) }
    #expect(error.kind == .failure)
  }

  @Test func aFileInTheWay() {
    folder.write([1], to: "taken")
    let error = failure { try Cache(root: "\(folder.path)/taken").download("x", digest) }
    #expect(error.kind == .cannotCreate)
    #expect(error.message.contains("ZOO_HOME"))
    let unwritable = failure { try Cache(root: "/proc/none").download("x", digest) }
    #expect(unwritable.kind == .cannotCreate)
  }

  /// All kinds of our files, and files that only look like ours.
  private func fill() {
    for name in [
      "checkpoints/resnet101.v1-0123456789ab.h5", "checkpoints/resnet18.v1-f37072fd.h5",
      "checkpoints/resnet18.v1-f37072fd.h5.lock", "downloads/vgg16.pth-397923af0000",
      "downloads/big.pth-397923af0000.part", "downloads/big.pth-397923af0000.part.json",
      "downloads/big.pth-397923af0000.4711.part",
    ] { folder.write(Array(repeating: 7, count: 10), to: name) }
    for name in [
      "notes.txt", "checkpoints/mine.h5", "checkpoints/my-model.h5",
      "checkpoints/x-0123456789ab.txt",
      "downloads/readme", "downloads/sub/vgg16.pth-397923af0000", "downloads/x-XYZXYZXY.part",
    ] { folder.write([1], to: name) }
    symlink("/etc/passwd", "\(folder.path)/checkpoints/link-0123456789ab.h5")
  }

  @Test func whatIsThere() throws {
    fill()
    let entries = try Cache(root: folder.path).list()
    #expect(
      entries.map { "\($0.kind) \($0.name)" } == [
        "checkpoint resnet18.v1-f37072fd", "checkpoint resnet101.v1-0123456789ab",
        "download vgg16.pth-397923af0000", "leftover big.pth-397923af0000.4711.part",
        "leftover big.pth-397923af0000.part", "leftover big.pth-397923af0000.part.json",
        "leftover resnet18.v1-f37072fd.h5.lock",
      ])
    #expect(entries.allSatisfy { $0.size == 10 && abs($0.lastUse - time(nil)) < 60 })
    #expect(try Cache(root: "\(folder.path)/nowhere").list().isEmpty)
  }

  @Test func pruningTouchesOnlyItsOwn() throws {
    fill()
    let cache = Cache(root: folder.path)
    let before = Set(folder.files)
    #expect(try cache.prune(.leftovers).count == 4)
    #expect(try cache.prune(.unused(days: 1)).isEmpty)
    let old = [timespec(tv_sec: 1000, tv_nsec: 0), timespec(tv_sec: 1000, tv_nsec: 0)]
    let path = "\(folder.path)/checkpoints/resnet18.v1-f37072fd.h5"
    utimensat(AT_FDCWD, path, old, 0)
    cache.markUsed(path)
    #expect(try cache.prune(.unused(days: 1)).isEmpty)
    utimensat(AT_FDCWD, path, old, 0)
    #expect(try cache.prune(.unused(days: 1)).map(\.path) == [path])
    #expect(try cache.prune(.everything).count == 2)
    #expect(before.subtracting(folder.files).count == 7)
    #expect(try cache.list().isEmpty)
  }

  @Test func whatIsBeingWrittenStays() throws {
    let cache = Cache(root: folder.path)
    let path = try cache.download("big.pth", digest)
    folder.write([1], to: "downloads/.zoo-1234.partial")
    try FileLock.holding(path + ".lock") { _ in
      folder.write([1], to: "downloads/big.pth-f37072fd.part")
      let removed = try cache.prune(.everything)
      #expect(removed.isEmpty)
      #expect(folder.files.contains("downloads/big.pth-f37072fd.part"))
    }
    #expect(try cache.prune(.leftovers).count == 1)
  }
}
