import Glibc
import TestSupport
import ZooKit
import ZooTraining

// `training-program FOLDER [MICROSECONDS]`: the small run in a separate process, which tests can
// kill. It pauses after each step, and resumes if there is a saved state.

let arguments = CommandLine.arguments
let folder = arguments[1]
let pause = arguments.count > 2 ? UInt32(arguments[2]) ?? 0 : 0
do {
  var trainer = try SmallTraining.trainer()
  trainer.interruption = Interruption(signals: [SIGINT, SIGTERM])
  trainer.progress = { _ in usleep(pause) }
  let report = try trainer.run(
    in: folder, resuming: access("\(folder)/run.json", F_OK) == 0)
  print(report.comparison)
  if let signal = report.interruption { exit(128 + signal) }
} catch let error as ZooError {
  print(error)
  exit(error.kind.rawValue)
}
