import PeriodicCore
import PeriodicWire

/// What one step of a decoder found, in bytes of its own, and how much it used; `nil` for more.
typealias Step = (found: [UInt8], used: Int?)

/// Longer frames are refused, so that an input of a few bytes cannot promise many.
let frameLimit = 1 << 16

/// Hands a stream over in pieces, all of what is not used up each time, until it breaks off.
func feed(_ stream: [UInt8], _ cuts: inout Cuts, _ next: (Bytes) -> Step?) -> [[UInt8]] {
  var found: [[UInt8]] = []
  var position = 0
  var arrived = 0
  while arrived < stream.count {
    arrived += cuts.next(stream.count - arrived)
    while position < arrived {
      // A copy of exactly these bytes: the sanitizer sees a read behind them.
      guard let step = Array(stream[position..<arrived]).withUnsafeBytes({ next($0) }) else {
        break
      }
      if !step.found.isEmpty { found.append(step.found) }
      guard let used = step.used else { return found }
      expect(used <= arrived - position, "more is used than there is")
      position += used
    }
  }
  return found
}

func written(_ body: (inout ByteBuffer) -> Void) -> [UInt8] {
  var buffer = ByteBuffer()
  body(&buffer)
  return Array(buffer.bytes)
}

/// A connection on the server's side: sniffed, registered, decoded.
func serverSide(_ stream: [UInt8], _ cuts: inout Cuts) -> [[UInt8]] {
  var generation: Generation?
  var isRegistered = false
  let decoder1 = Generation1Decoder(limit: frameLimit)
  var decoder2 = Generation2Decoder(limit: frameLimit)
  return feed(stream, &cuts) { bytes in
    if generation == nil {
      switch ProtocolSniffer.decide(bytes) {
      case .needMore: return nil
      case .generation1: generation = .one
      case .generation2: generation = .two
      case .http, .reject: return (Array("closed".utf8), nil)
      }
    }
    let spoken = generation ?? .one
    if !isRegistered {
      switch Registration.parse(spoken, bytes) {
      case .needMore: return nil
      case .violation(let violation): return (Array(violation.text.utf8), nil)
      case .registered(let role, let used):
        isRegistered = true
        let frame = Bytes(rebasing: bytes[..<used])
        return (checkRegistration(spoken, role, frame), used)
      }
    }
    return spoken == .one ? request1(decoder1, bytes) : request2(&decoder2, bytes)
  }
}

/// A registration is written as it was read.
private func checkRegistration(_ generation: Generation, _ role: Role, _ frame: Bytes) -> [UInt8] {
  let again = written { buffer in
    switch generation {
    case .one: Generation1.encodeRegistration(role, into: &buffer)
    case .two:
      let identity = Registration.identity(in: frame)
      Generation2.encodeRegistration(role, identity: identity, into: &buffer)
    }
  }
  expect(again == Array(frame), "a registration comes back")
  return again
}

// MARK: Requests

func request1(_ decoder: Generation1Decoder, _ bytes: Bytes) -> Step? {
  switch decoder.next(bytes) {
  case .needMore: return nil
  case .violation(let violation): return (Array(violation.text.utf8), nil)
  case .refused(let message, let refusal, let used):
    let reply = written { decoder.encode(.refused(refusal), message, into: &$0) }
    expect(!reply.isEmpty, "a refusal is said")
    return (reply, used)
  case .request(let message, let command, let used):
    let id = decoder.bytes(of: message)
    let first = encoded1(command, id)
    let again = first.withUnsafeBytes { bytes -> [UInt8] in
      let second = Generation1Decoder(limit: 8 * frameLimit)
      guard case .request(let message, let command, first.count) = second.next(bytes) else {
        return []
      }
      return encoded1(command, second.bytes(of: message))
    }
    expect(again == first, "a request of generation 1 comes back")
    if case .load(let list) = command { checkList1(list) }
    return (first, used)
  }
}

private func encoded1(_ command: Command, _ id: [UInt8]) -> [UInt8] {
  written { buffer in
    id.withUnsafeBytes { Generation1.encode(command, message: $0, into: &buffer) }
  }
}

func request2(_ decoder: inout Generation2Decoder, _ bytes: Bytes) -> Step? {
  switch decoder.next(bytes) {
  case .needMore: return nil
  case .violation(let violation): return (Array(violation.text.utf8), nil)
  case .refused(let message, let refusal, let used):
    return (written { Generation2.encode(.refused(refusal), message, into: &$0) }, used)
  case .request(let message, let command, let used):
    let first = encoded2(command, message)
    let again = first.withUnsafeBytes { bytes -> [UInt8] in
      var second = Generation2Decoder(limit: frameLimit)
      guard case .request(let message, let command, first.count) = second.next(bytes) else {
        return []
      }
      return encoded2(command, message)
    }
    expect(again == first, "a request of generation 2 comes back")
    if case .load(let list) = command { checkList2(list) }
    return (first, used)
  }
}

private func encoded2(_ command: Command, _ message: MessageID) -> [UInt8] {
  let number = UInt32(truncatingIfNeeded: message.number)
  return written { Generation2.encode(command, message: number, into: &$0) }
}

/// A stream of generation 2 frames with the sums that their bodies have, unless the control byte
/// says that it shall stay as it is. No fuzzer guesses a checksum.
func mended(_ stream: Bytes, _ control: UInt8, _ direction: UInt8) -> [UInt8] {
  var bytes = Array(stream)
  if control & 0x80 != 0 { return bytes }
  var start = 0
  while start + Generation2.headerLength <= bytes.count {
    let length = bytes[start + 4..<start + 8].reduce(0) { $0 << 8 | Int($1) }
    let end = start + Generation2.headerLength + length
    guard end <= bytes.count else { break }
    bytes.replaceSubrange(start..<start + 4, with: [0, 0x52, 0x45, direction])
    let sum = bytes[start + Generation2.headerLength..<end].withUnsafeBytes { CRC32.of($0) }
    for index in 0..<4 {
      bytes[start + 8 + index] = UInt8(truncatingIfNeeded: sum >> UInt32(24 - 8 * index))
    }
    start = end
  }
  return bytes
}
