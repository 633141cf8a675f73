import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `Sniffing` {
  @Test(arguments: [
    ("", ProtocolSniffer.Decision.needMore), ("00", .needMore), ("005245", .needMore),
    ("00524551", .needMore), ("00524551 000000", .needMore), ("00524551 00000001", .needMore),
    ("00000001", .reject), ("00524553", .reject), ("00524551 00000000", .reject),
    ("00524551 00000001 00", .reject), ("00524551 00000001 03", .reject),
    ("00524551 00000001 3c", .generation2), ("00524551 00000001 a5", .generation2),
    ("00524551 00000010", .reject), ("00524551 00000011", .generation2),
    ("00524551 00010000", .generation2), ("00524551 00010001", .reject), ("01", .reject),
    ("80", .reject),
  ])
  func `knows each edge`(_ bytes: String, _ expected: ProtocolSniffer.Decision) {
    #expect(decide(unhex(bytes)) == expected)
  }

  @Test(arguments: ["GET ", "POST", "PUT ", "DELE", "HEAD", "OPTI", "PATC"])
  func `takes a method for HTTP after four letters`(_ word: String) {
    #expect(decide(Array(word.utf8)) == .http)
    for length in 1..<4 { #expect(decide(Array(word.utf8.prefix(length))) == .needMore) }
  }

  @Test(arguments: ["GETS", "ET ,", "HELO", "get ", "PUTT", "OPEN", "TRAC", "CONN"])
  func `takes nothing else for HTTP`(_ word: String) {
    #expect(decide(Array(word.utf8)) == .reject)
  }

  private func decide(_ bytes: [UInt8]) -> ProtocolSniffer.Decision {
    bytes.withUnsafeBytes { ProtocolSniffer.decide($0) }
  }
}
