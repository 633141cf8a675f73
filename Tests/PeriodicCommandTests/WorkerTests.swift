import Testing

@testable import periodic

@Suite struct `What a program says in lines` {
  /// The result, and the pieces of data.
  private func say(
    _ text: String, isSuccess: Bool = true, in pieces: Int = 1
  ) -> (RunResult, [String]) {
    var output = ProgramOutput(.lines)
    var data: [String] = []
    let bytes = Array(text.utf8)
    let size = max(1, bytes.count / pieces)
    for start in stride(from: 0, to: bytes.count, by: size) {
      output.take(
        bytes[start..<min(start + size, bytes.count)],
        data: { data.append(String(decoding: $0, as: UTF8.self)) }, passOn: { _ in })
    }
    let end = output.finish(isSuccess: isSuccess) {
      data.append(String(decoding: $0, as: UTF8.self))
    }
    return (end.result, data)
  }

  private func done(_ text: String) -> RunResult { .done(Array(text.utf8)) }

  @Test(arguments: [1, 2, 5, 100])
  func `is the same in whatever pieces it comes`(_ pieces: Int) {
    let (result, data) = say("WORKDATA a\nx\nWORKDATA b c\nWORKDONE r\n", in: pieces)
    #expect(result == done("r"))
    #expect(data == ["a", "b c"])
  }

  @Test func `is read no further after the result`() {
    let (result, data) = say("WORKDONE r\nWORKDATA a\nWORKDONE s\n")
    #expect(result == done("r"))
    #expect(data.isEmpty)
  }

  @Test func `is the result itself where no line gives one`() {
    #expect(say("x\n\ny").0 == done("x\n\ny"))
    #expect(say("").0 == done(""))
    #expect(say("WORKDATAX\nWORKDONEY\n").0 == done("WORKDATAX\nWORKDONEY"))
  }

  @Test func `may be empty data and an empty result`() {
    let (result, data) = say("WORKDATA\nWORKDATA \nWORKDONE")
    #expect(result == done(""))
    #expect(data == ["", ""])
  }

  @Test func `counts for nothing when the program fails`() {
    #expect(say("WORKDONE r\n", isSuccess: false).0 == .failed)
  }
}

@Suite struct `A worker's options` {
  @Test(arguments: [
    ("0", 0), ("100", 100), ("2k", 2048), ("3M", 3 << 20), ("1g", 1 << 30),
  ])
  func `read sizes with k, m and g`(_ text: String, _ bytes: Int) throws {
    #expect(try WorkerOptions.memory(text) == bytes)
  }

  @Test(arguments: ["", "k", "-1", "1.5g", "1t", "9999999999999g"])
  func `refuse what is no size`(_ text: String) {
    #expect(throws: (any Error).self) { try WorkerOptions.memory(text) }
  }

  @Test func `end where the function begins`() {
    #expect(
      Main.passingOn(["--data", "--thread", "2", "f", "ls", "-l", "--data"])
        == ["--data", "--thread", "2", "--", "f", "ls", "-l", "--data"])
    #expect(Main.passingOn(["--thread=2", "f", "x"]) == ["--thread=2", "--", "f", "x"])
    #expect(Main.passingOn(["-H", "a", "--", "f"]) == ["-H", "a", "--", "f"])
    #expect(Main.passingOn(["--help"]) == ["--help"])
  }

  @Test func `turn a failure into what was asked for`() {
    var plan = WorkerPlan(function: "f", command: ["x"])
    #expect(plan.reported(.failed) == .failed)
    plan.skipsFailure = true
    #expect(plan.reported(.failed) == .done([]))
    plan.retrySeconds = 5
    #expect(plan.reported(.failed) == .later(5))
    #expect(plan.reported(.later(9)) == .later(9))
    #expect(plan.reported(.done([1])) == .done([1]))
  }
}
