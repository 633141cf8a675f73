import Foundation
import Testing

/// Cuts the power to `storetool write` by the model of Tests/powercut: synced bytes survive, others
/// perhaps.
@Suite struct `A power cut` {
  @Test func `takes nothing that was promised, whenever it comes`() throws {
    let (cuts, violations, output) = try prove("always")
    #expect(cuts == 300)
    #expect(violations == 0, "\(output)")
  }

  @Test func `takes no more than what came after the last sync, where syncs come late`() throws {
    let (cuts, violations, output) = try prove("batch")
    #expect(cuts == 300)
    #expect(violations == 0, "\(output)")
  }

  @Test func `takes what was never synced, or the model would prove nothing`() throws {
    let (cuts, violations, output) = try prove("off")
    #expect(cuts == 300)
    #expect(violations > 50, "\(output)")
  }

  private func prove(_ mode: String) throws -> (cuts: Int, violations: Int, output: String) {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("powercut/prove.py").path
    let arguments = ["python3", script, OtherProcess.tool, mode, "--cuts", "300"]
    let (output, _) = try OtherProcess(arguments, program: "/usr/bin/env").finish()
    let words = output.split(whereSeparator: \.isWhitespace)
    guard words.count >= 4, let cuts = Int(words[1]), let violations = Int(words[3]) else {
      Issue.record("no result: \(output)")
      return (0, 0, output)
    }
    return (cuts, violations, output)
  }
}
