import Testing

@testable import periodic

@Suite struct `A script's output` {
  private func output(_ text: String) -> ScriptOutput { ScriptOutput(Array(text.utf8)) }

  @Test(arguments: [
    "SCHED_LATER 5\n", "SCHEDLATER 5\n", "SCHED_LATER 5", "x\nSCHED_LATER  5 x\n",
    "SCHED_LATER5\r\n",
  ])
  func `puts the job off in both spellings, ended or not`(_ text: String) {
    #expect(output(text).outcome(exitStatus: 0) == .later(5))
  }

  @Test func `counts the last put-off, which is none if it is not a positive number`() {
    #expect(output("SCHED_LATER 5\nSCHED_LATER 7\n").later == 7)
    for last in ["SCHED_LATER 0", "SCHED_LATER -1", "SCHEDLATER x", "SCHED_LATER-3"] {
      #expect(output("SCHED_LATER 5\n\(last)\n").later == nil)
    }
  }

  @Test func `passes a bare word on as an ordinary line`() {
    let said = output("SCHED_LATER\nSCHED_LATERAL 3\nFAILED\n")
    #expect(said.passedOn == Array("SCHED_LATER\nSCHED_LATERAL 3\nFAILED\n".utf8))
    #expect(said.outcome(exitStatus: 0) == .done)
  }

  @Test func `lets FAIL win, and the exit status always count`() {
    #expect(output("FAIL\nSCHED_LATER 5\n").outcome(exitStatus: 0) == .fail)
    #expect(output("SCHED_LATER 5\n").outcome(exitStatus: 3) == .fail)
    #expect(output("FAIL").outcome(exitStatus: 0) == .fail)
  }

  @Test func `swallows DONE and keeps the rest as it came`() {
    let said = output("one\nDONE\n\u{ff}two")
    #expect(said.passedOn == Array("one\n\u{ff}two".utf8))
    #expect(said.outcome(exitStatus: 0) == .done)
  }
}

@Suite struct `The spellings of a store` {
  private func choice(_ change: (inout StoreChoice.Names) -> Void) throws -> StoreChoice? {
    var names = StoreChoice.Names()
    change(&names)
    return try StoreChoice(names)
  }

  @Test func `of both generations are understood`() throws {
    #expect(try choice { $0.store = "memory:" } == .memory)
    #expect(try choice { $0.store = "file:/a/b" } == .file("/a/b"))
    #expect(try choice { $0.driver = "memstore" } == .memory)
    #expect(try choice { $0.path = ":memory:" } == .memory)
    #expect(try choice { $0.path = "file://x.sqlite" } == .file("x.sqlite"))
    #expect(try choice { $0.environmentPath = "x.sqlite" } == .file("x.sqlite"))
    #expect(try choice { _ in } == nil)
  }

  @Test func `that are not offered are refused with what to use instead`() {
    func message(_ change: (inout StoreChoice.Names) -> Void) -> String {
      do {
        _ = try choice(change)
        return "accepted"
      } catch {
        return (error as? Failure)?.message ?? "\(error)"
      }
    }
    #expect(message { ($0.driver, $0.directory) = ("leveldb", "d") }.contains("file:d.sqlite"))
    #expect(message { $0.driver = "redis" }.contains("file:"))
    #expect(message { $0.path = "postgres://h" }.contains("--store file:PATH"))
    #expect(message { $0.path = "cache+file://x" }.contains("--store file:PATH"))
    #expect(message { $0.store = "file:" }.contains("needs a path"))
  }
}

@Suite struct `The command line` {
  @Test func `takes flags of one dash as Go does`() {
    #expect(Main.goStyle(["f", "--", "-path"]) == ["f", "--", "-path"])
    let arguments = ["-driver", "memstore", "-H", "x", "-sched_later=5", "--args", "-w", "-exec"]
    #expect(
      Main.goStyle(arguments) == [
        "--driver", "memstore", "-H", "x", "--sched_later=5", "--args", "-w", "--exec",
      ])
    #expect(
      Main.goStyle(["-lock-name", "L", "-w", "-data"]) == ["--lock-name", "L", "-w", "-data"])
  }

  @Test func `prints the status as a table, also for a name with commas`() throws {
    let table = StatusCommand.table(
      try StatusCommand.rows("a,b,1,2,3,4,0\nlonger,0,0,0,0,0"))
    let lines = table.split(separator: "\n").map(String.init)
    #expect(lines[0] == "FUNCTIONS  WORKERS  JOBS  PROCESSING  LOCKED  SCHEDAT")
    #expect(lines[1].hasPrefix("a,b        1        2     3           4       "))
    #expect(lines[2].hasPrefix("longer     0"))
  }
}
