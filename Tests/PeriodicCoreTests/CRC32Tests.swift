import Testing

@testable import PeriodicCore

@Suite struct `CRC-32` {
  @Test func `gives the sums of the registration frames`() {
    // The top bytes tell generation 2 from generation 1 (PROTOCOL 1.6).
    withBytes(of: "\u{1}") { #expect(CRC32.of($0) == 0xa505_df1b) }
    withBytes(of: "\u{2}") { #expect(CRC32.of($0) == 0x3c0c_8ea1) }
    withBytes(of: "123456789") { #expect(CRC32.of($0) == 0xcbf4_3926) }
  }

  @Test func `is the same however much comes at once`() {
    var random = SystemRandomNumberGenerator()
    let text = (0..<400).map { _ in UInt8.random(in: 0...255, using: &random) }
    text.withUnsafeBytes { text in
      for count in 0...text.count {
        var bit: UInt32 = 0xffff_ffff
        for byte in text[..<count] {
          bit ^= UInt32(byte)
          for _ in 0..<8 { bit = bit >> 1 ^ (bit & 1 == 1 ? 0xedb8_8320 : 0) }
        }
        let part = Bytes(rebasing: text[..<count])
        #expect(CRC32.of(part) == ~bit, "\(count) of \(text)")
        var byTable = CRC32()
        byTable.updateByTable(part)
        #expect(byTable.value == ~bit, "\(count) of \(text)")
      }
    }
  }

  @Test(arguments: [0, 1, 7, 8, 9, 40]) func `is the same in pieces`(_ cut: Int) {
    withBytes(of: "a text that is longer than one step of eight bytes") { bytes in
      var sum = CRC32()
      sum.update(Bytes(rebasing: bytes[..<cut]))
      sum.update(Bytes(rebasing: bytes[cut...]))
      #expect(sum.value == CRC32.of(bytes))
    }
  }
}
