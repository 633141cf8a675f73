import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `A registration` {
  @Test(arguments: [
    ("00524551 00000001 03", "badRegistration"), ("00524551 00000002 0102", "badRegistration"),
    ("00524553 00000001 01", "badRegistration"), ("00524551 00000001", "more"),
  ])
  func `of generation 1 is one byte, 1 or 2`(_ bytes: String, _ expected: String) {
    #expect(words(.one, unhex(bytes)) == expected)
  }

  @Test func `of generation 2 waits at every length and holds nothing more`() {
    let identity = Identity(name: lasting("ab"), token: lasting("xyz"))
    var body = Array(
      written { Generation2.encodeRegistration(.client, identity: identity, into: &$0) }[12...])
    let frame = framed(body)
    for length in 0..<frame.count { #expect(words(.two, Array(frame[..<length])) == "more") }
    #expect(words(.two, frame) == "client \(frame.count)")
    body.append(0)
    #expect(words(.two, framed(body)) == "trailingBytes")
    #expect(words(.two, framed([1, 0])) == "trailingBytes")
    #expect(words(.two, framed([5])) == "badRegistration")
    #expect(words(.two, framed([])) == "badRegistration")
    #expect(words(.two, framed([3] + [UInt8](repeating: 0xff, count: 16))) == "shortBody")
  }

  private func words(_ generation: Generation, _ frame: [UInt8]) -> String {
    frame.withUnsafeBytes { bytes in
      switch Registration.parse(generation, bytes) {
      case .needMore: "more"
      case .registered(let role, let consumed): "\(role) \(consumed)"
      case .violation(let violation): "\(violation)"
      }
    }
  }
}

/// A generation 2 frame towards the server round `body`.
func framed(_ body: [UInt8]) -> [UInt8] {
  written { buffer in
    buffer.append(uint32: 0x0052_4551)
    buffer.append(uint32: UInt32(body.count))
    body.withUnsafeBytes { bytes in
      buffer.append(uint32: CRC32.of(bytes))
      buffer.append(bytes)
    }
  }
}
