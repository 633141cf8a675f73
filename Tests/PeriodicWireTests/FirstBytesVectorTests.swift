import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `Vectors of a connection's start` {
  static let firstBytes = Vector.all.filter { $0.context == "first-bytes" }

  @Test(arguments: firstBytes.filter(\.valid))
  func `are decided after the bytes that they say, and not before`(_ vector: Vector) throws {
    let decided = try #require(vector.decoded["decided_after_bytes"]?.number)
    let expected: ProtocolSniffer.Decision
    switch vector.decoded["protocol"]?.text {
    case "g1": expected = .generation1
    case "g2": expected = .generation2
    case "http": expected = .http
    // The form of 2014 is not served.
    case "g0": expected = .reject
    default: throw Unknown()
    }
    for length in 0...vector.bytes.count {
      let decision = vector.bytes[..<length].withUnsafeBytes { ProtocolSniffer.decide($0) }
      #expect(decision == (length < decided ? .needMore : expected), "\(length) bytes")
    }
  }

  @Test(arguments: firstBytes.filter { !$0.valid })
  func `that register nobody close the connection`(_ vector: Vector) {
    #expect(["bad-magic", "bad-registration"].contains(vector.expect?.error))
    #expect(vector.expect?.handling == "close the connection without a reply")
    vector.bytes.withUnsafeBytes { bytes in
      switch ProtocolSniffer.decide(bytes) {
      case .reject: break
      case .generation1: #expect(violation(.one, bytes) == .badRegistration)
      case .generation2: #expect(violation(.two, bytes) == .badRegistration)
      case .needMore, .http: Issue.record("still open")
      }
    }
  }

  @Test(arguments: Vector.select(1, "c2s", "registration"))
  func `of generation 1 are read, and written as they are`(_ vector: Vector) throws {
    let role = try role(vector)
    #expect(registered(.one, vector.bytes) == role)
    #expect(written { Generation1.encodeRegistration(role, into: &$0) } == vector.bytes)
  }

  @Test(arguments: Vector.select(2, "c2s", "registration"))
  func `of generation 2 are read, and written as they are`(_ vector: Vector) throws {
    let role = try role(vector)
    #expect(registered(.two, vector.bytes) == role)
    vector.bytes.withUnsafeBytes { bytes in
      let identity = Registration.identity(in: bytes)
      #expect(identity.map { Array($0.name) } == vector.decoded["auth_name"]?.bytes)
      #expect(identity.map { Array($0.token) } == vector.decoded["auth_token"]?.bytes)
      let again = written { Generation2.encodeRegistration(role, identity: identity, into: &$0) }
      #expect(again == vector.bytes)
    }
  }

  @Test(arguments: Vector.select(2, "c2s", "registration", valid: false))
  func `of generation 2 that are broken close the connection`(_ vector: Vector) throws {
    let expected: WireViolation
    switch vector.expect?.error {
    case "bad-crc": expected = .badChecksum
    case "short-body": expected = .shortBody
    case "trailing-bytes": expected = .trailingBytes
    case "bad-registration": expected = .badRegistration
    default: throw Unknown()
    }
    #expect(vector.expect?.handling == "close the connection without a reply")
    vector.bytes.withUnsafeBytes { #expect(violation(.two, $0) == expected) }
  }

  @Test(arguments: Vector.select(2, "s2c", "registration-reply"))
  func `of the reply to it are read, and written as they are`(_ vector: Vector) throws {
    let id = try #require(vector.decoded["connection_id"]?.text.flatMap { UInt32($0, radix: 16) })
    #expect(written { Generation2.encodeConnectionID(id, into: &$0) } == vector.bytes)
    vector.bytes.withUnsafeBytes { bytes in
      var decoder = Generation2ReplyDecoder(limit: 100)
      guard case .message(.connectionID(id), bytes.count) = decoder.next(bytes) else {
        Issue.record("no connection id")
        return
      }
    }
  }

  private func role(_ vector: Vector) throws -> Role {
    switch (vector.generation, vector.decoded["client_type"]?.number) {
    case (_, 1), (2, 3): return .client
    case (_, 2), (2, 4): return .worker
    default: throw Unknown()
    }
  }

  private func registered(_ generation: Generation, _ frame: [UInt8]) -> Role? {
    frame.withUnsafeBytes { bytes in
      guard case .registered(let role, frame.count) = Registration.parse(generation, bytes) else {
        return nil
      }
      return role
    }
  }

  private func violation(_ generation: Generation, _ bytes: Bytes) -> WireViolation? {
    guard case .violation(let violation) = Registration.parse(generation, bytes) else {
      return nil
    }
    return violation
  }
}

/// The file holds something that no test knows.
struct Unknown: Error {}
