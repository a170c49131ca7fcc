import ModelZoo
import ZooArguments

/// Where a plan's time goes, beside the machine's peak.
struct ProfileTable {
  private struct Line {
    let stage: PlanStage
    let milliseconds: Double
    var gflops: Double { 2 * Double(stage.macs) / milliseconds / 1e6 }
  }

  private let lines: [Line]
  private let peak: Peak
  /// The time outside of the plans.
  private var rest: Double?
  private var total: Double { lines.reduce(rest ?? 0) { $0 + $1.milliseconds } }

  /// The stages of several plans, and the time of the whole that they belong to.
  init(_ stages: [(stage: PlanStage, time: Duration)], of whole: Duration) throws {
    peak = try Peak.measured()
    lines = stages.map { Line(stage: $0.stage, milliseconds: $0.time / .milliseconds(1)) }
    rest = max(0, whole / .milliseconds(1) - lines.reduce(0) { $0 + $1.milliseconds })
  }

  init(_ plan: InferencePlan, _ inputs: [String: Tensor]) throws {
    peak = try Peak.measured()
    lines = zip(plan.stages, try plan.profile(inputs, runs: 20)).map {
      Line(stage: $0, milliseconds: $1 / .milliseconds(1))
    }
  }

  var text: String {
    var table = Table(
      "step", "kind", "kernel", .right("ms"), .right("GFLOP/s"), .right("of the peak"))
    for line in lines {
      table.add(
        line.stage.step, line.stage.kind, line.stage.kernel,
        decimal(line.milliseconds, digits: 3),
        line.stage.macs == 0 ? "" : decimal(line.gflops, digits: 0),
        line.stage.macs == 0 ? "" : decimal(line.gflops / peak.flops * 1e11, digits: 0) + " %")
    }
    if let rest { table.add("between the parts", "", "", decimal(rest, digits: 3), "", "") }
    table.rule()
    let macs = lines.reduce(0) { $0 + $1.stage.macs }
    let gflops = 2 * Double(macs) / total / 1e6
    table.add(
      "all", "", "", decimal(total, digits: 3), decimal(gflops, digits: 0),
      decimal(gflops / peak.flops * 1e11, digits: 0) + " %")
    return """
      \(table.text())
      the peak: \(decimal(peak.flops / 1e9, digits: 0)) GFLOP/s, \
      \(decimal(peak.bandwidth / 1e9, digits: 1)) GB/s from memory
      """
  }

  var json: JSON {
    [
      "peak_gflops": JSON(peak.flops / 1e9), "peak_gbytes_per_s": JSON(peak.bandwidth / 1e9),
      "between_parts_ms": rest.map { JSON($0) } ?? JSON(.null),
      "stages": JSON(
        lines.map { line -> JSON in
          [
            "step": JSON(line.stage.step), "kind": JSON(line.stage.kind),
            "kernel": JSON(line.stage.kernel), "ms": JSON(line.milliseconds),
            "macs": JSON(line.stage.macs), "gflops": JSON(line.gflops),
            "peak_share": JSON(line.gflops * 1e9 / peak.flops),
          ]
        }),
    ]
  }
}
