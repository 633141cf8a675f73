import PeriodicClient
import Testing

@Suite struct `The answer to STATUS` {
  private func read(_ text: String) -> [String] {
    FunctionStatus.list(Array(text.utf8)).map {
      "\(String(decoding: $0.function, as: UTF8.self)) \($0.workers) \($0.jobs) \($0.running) "
        + "\($0.locked) \($0.scheduledAt)"
    }
  }

  @Test func `is read line by line`() {
    #expect(
      read("f,1,2,1,0,1700000000\ng,0,0,0,3,5") == ["f 1 2 1 0 1700000000", "g 0 0 0 3 5"])
  }

  @Test func `may be empty, or have no function that fits the form`() {
    #expect(read("").isEmpty)
    #expect(read("f,1,2,1").isEmpty)
    #expect(read("f,1,2,x,0,5").isEmpty)
    #expect(read("\n\n").isEmpty)
  }

  @Test func `keeps commas and newlines in names`() {
    #expect(read("a,b,1,2,1,0,5\nc\nd,1,2,1,0,5") == ["a,b 1 2 1 0 5", "c\nd 1 2 1 0 5"])
  }
}
