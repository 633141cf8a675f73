public import PeriodicCore

/// Generation 2's frames and commands on the way to the server (PROTOCOL 1.2, 2.1).
///
/// Called with everything received and not consumed. The checksum of a frame that is still coming
/// is carried on from call to call, so that a large frame is summed once, as it arrives.
public struct Generation2Decoder {
  private let limit: Int
  private var sum = CRC32()
  /// Bytes of the present frame's body that are in `sum`.
  private var summed = 0
  /// Bytes of the present frame that have still to come, as far as that was known at the last call.
  public private(set) var missing = 0
  /// The body that was found last, and its checksum.
  private var body = Bytes.none
  private var bodySum: UInt32 = 0

  /// - Parameter limit: bytes of a body; a longer one is refused before any of it is awaited.
  public init(limit: Int) { self.limit = limit }

  /// The next request at the front of `bytes`.
  public mutating func next(_ bytes: Bytes) -> Decoded {
    switch frame(bytes, magic: Magic.request) {
    case .needMore: return .needMore
    case .violation(let violation): return .violation(violation)
    case .body(let body, let used): return Generation2Decoder.decode(body, used)
    }
  }

  /// The job that the request at the front of `bytes` is about, as far as that is to be seen there.
  /// Nothing is checked: a hint for what comes next.
  public static func peekKey(_ bytes: Bytes) -> JobKey? {
    var reader = ByteReader(bytes)
    guard reader.bytes(Generation2.headerLength + 4) != nil, let kind = reader.uint8() else {
      return nil
    }
    switch kind {
    case CommandNumber.submit, CommandNumber.run, CommandNumber.done, CommandNumber.fail,
      CommandNumber.later:
      return Generation2.key(&reader)
    default: return nil
    }
  }

  enum Frame {
    case needMore
    case body(Bytes, consumed: Int)
    case violation(WireViolation)
  }

  mutating func frame(_ bytes: Bytes, magic: UInt32) -> Frame {
    var reader = ByteReader(bytes)
    missing = 0
    guard let found = reader.uint32() else { return prefix(bytes, magic) }
    guard found == magic else { return .violation(.badMagic) }
    guard let length = reader.uint32() else { return .needMore }
    guard Int(length) <= limit else { return .violation(.tooLong(length)) }
    guard let expected = reader.uint32() else { return .needMore }
    guard let body = reader.bytes(Int(length)) else {
      let come = reader.rest()
      sum.update(Bytes(rebasing: come[summed...]))
      summed = come.count
      missing = Int(length) - come.count
      return .needMore
    }
    if summed > 0 {
      sum.update(Bytes(rebasing: body[summed...]))
    } else {
      sum.update(body)
    }
    let isWhole = sum.value == expected
    self.body = body
    bodySum = expected
    sum = CRC32()
    summed = 0
    return isWhole
      ? .body(body, consumed: Generation2.headerLength + body.count) : .violation(.badChecksum)
  }

  /// The CRC-32 of a part of the request that was found last, of which little comes behind it.
  public func sum(of part: Bytes) -> UInt32 {
    guard let start = body.baseAddress, let first = part.baseAddress, first >= start,
      first + part.count <= start + body.count
    else { return 0 }
    let before = first - start
    return CRC32.part(
      part.count, of: bodySum, between: Bytes(rebasing: body[..<before]),
      and: Bytes(rebasing: body[(before + part.count)...]))
  }

  /// Fewer than four bytes: wrong already, or not yet known.
  private func prefix(_ bytes: Bytes, _ magic: UInt32) -> Frame {
    for (index, byte) in bytes.enumerated()
    where byte != UInt8(truncatingIfNeeded: magic >> UInt32(24 - 8 * index)) {
      return .violation(.badMagic)
    }
    return .needMore
  }

  private static func decode(_ body: Bytes, _ used: Int) -> Decoded {
    var reader = ByteReader(body)
    guard let number = reader.uint32(), let kind = reader.uint8() else {
      return .violation(.shortBody)
    }
    let message = Generation2.messageID(number, kind)
    guard var command = Generation2.command(kind, &reader) else {
      return .violation(.shortBody)
    }
    guard reader.isAtEnd else { return .violation(.trailingBytes) }
    if case .grab = command {
      command = .grab(confirms: !Generation2.isFourHexDigits(message))
    }
    if let refusal = refusal(of: command) {
      return .refused(message, refusal, consumed: used)
    }
    return .request(message, command, consumed: used)
  }

  /// Names may not be empty where something is to be kept under them. Elsewhere an empty name is
  /// one that nothing has.
  private static func refusal(of command: Command) -> Refusal? {
    switch command {
    case .submit(let job), .run(let job), .receiveData(let job):
      if job.key.function.isEmpty { return .emptyFunction }
      return job.key.name.isEmpty ? .emptyName : nil
    case .canDo(let function), .broadcast(let function):
      return function.isEmpty ? .emptyFunction : nil
    case .acquire(let lock, _, _):
      return lock.isEmpty ? .malformed("lock name is empty") : nil
    default: return nil
    }
  }
}
