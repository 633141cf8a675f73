public import PeriodicCore

/// One generation 1 connection on the server's side: frames to commands, replies to frames
/// (PROTOCOL 1.1, 2.1). Both are in one place, because a reply needs the message id as it was sent.
///
/// Called with everything received and not consumed. What a command borrows is good until the next
/// call of `next`.
public final class Generation1Decoder {
  private let limit: Int
  private var messages = Generation1Messages()
  private var json = JobJSON()

  /// - Parameter limit: bytes of a payload; a longer one is refused before any of it is awaited.
  public init(limit: Int) { self.limit = limit }

  /// The next request at the front of `bytes`.
  public func next(_ bytes: Bytes) -> Decoded {
    messages.sweep()
    switch Generation1Header.parse(bytes, limit: limit) {
    case .needMore: return .needMore
    case .violation(let violation): return .violation(violation)
    case .frame(let header, let payload):
      guard bytes.count - header >= payload else { return .needMore }
      let payload = Bytes(rebasing: bytes[header..<header + payload])
      return decode(payload, header + payload.count)
    }
  }

  /// Writes a reply under the id of its request; nothing if nobody waits for it any more, and no
  /// SUCCESS to a grab, whose reply is JOB_ASSIGN.
  ///
  /// JOB_ASSIGN can be written at any time. Any other reply is written before the next request is
  /// decoded; it may be written twice, for a caller that does not know yet which it will send.
  public func encode(_ reply: Reply, _ message: MessageID, into buffer: inout ByteBuffer) {
    if Generation1Messages.isGrab(message) {
      if case .success = reply { return }
    }
    let start = buffer.count
    messages.withBytes(of: message) { bytes in
      Generation1.begin(bytes, payload: 0, into: &buffer)
      Generation1.append(reply, &buffer)
      Generation1.finish(start, &buffer)
    }
    if Generation1Messages.isGrab(message) { messages.endGrab(message) }
  }

  /// The id as it was sent, for a reply that is written elsewhere: STATUS and DUMP. To be asked for
  /// before the next request is decoded.
  public func bytes(of message: MessageID) -> [UInt8] {
    var copy: [UInt8] = []
    messages.withBytes(of: message) { copy = Array($0) }
    return copy
  }

  private func decode(_ payload: Bytes, _ used: Int) -> Decoded {
    guard let cut = payload.separator, cut > 0, payload.count > cut + 2 else {
      return .violation(.noSeparator)
    }
    let id = Bytes(rebasing: payload[..<cut])
    guard id.count <= Limits.messageBytes else { return .violation(.longMessageID) }
    let number = payload[cut + 2]
    let rest = Bytes(rebasing: payload[(cut + 3)...])
    // The command is one byte: what follows is the next separator, or nothing.
    guard rest.isEmpty || (rest.count >= 2 && rest[0] == 0 && rest[1] == 1) else {
      return .violation(.noSeparator)
    }
    let data = rest.isEmpty ? Bytes.none : Bytes(rebasing: rest[2...])
    let message = messages.take(id, isGrab: number == CommandNumber.grab)
    switch command(number, data) {
    case .command(let command): return .request(message, command, consumed: used)
    case .refused(let refusal): return .refused(message, refusal, consumed: used)
    }
  }

  private enum Found {
    case command(Command)
    case refused(Refusal)
  }

  private func command(_ number: UInt8, _ data: Bytes) -> Found {
    switch number {
    case CommandNumber.grab: .command(.grab(confirms: false))
    case CommandNumber.later, CommandNumber.done, CommandNumber.fail:
      .command(Generation1Decoder.report(number, data))
    case CommandNumber.canDo: .command(.canDo(function: data))
    case CommandNumber.cannotDo: .command(.cannotDo(function: data))
    case CommandNumber.ping: .command(.ping)
    case CommandNumber.sleep: .command(.sleep)
    case CommandNumber.submit, CommandNumber.remove: job(number, data)
    case CommandNumber.status: .command(.status)
    case CommandNumber.drop: .command(.drop(function: data))
    case CommandNumber.dump: .command(.dump)
    case CommandNumber.load: .command(.load(data))
    case CommandNumber.noop, CommandNumber.assign, CommandNumber.noJob, CommandNumber.pong,
      CommandNumber.unknown, CommandNumber.success:
      .command(.serverOnly(number))
    default: .command(.undefined(number))
    }
  }

  private func job(_ number: UInt8, _ data: Bytes) -> Found {
    switch json.parse(data) {
    case .refused(let refusal): .refused(refusal)
    case .job(let job): .command(number == CommandNumber.submit ? .submit(job) : .remove(job.key))
    }
  }

  /// `handle [SEP data]`. A handle that is no number names no job: job 0 does not exist.
  private static func report(_ number: UInt8, _ data: Bytes) -> Command {
    let cut = data.separator
    let handle = Bytes(rebasing: data[..<(cut ?? data.count)])
    let rest = cut.map { Bytes(rebasing: data[($0 + 2)...]) } ?? .none
    let run = RunReference.id(JobID(UInt64(clamping: handle.wholeDecimal ?? 0)))
    switch number {
    case CommandNumber.done: return .done(run, data: rest)
    case CommandNumber.later: return .later(run, delay: rest.leadingDecimal ?? 0, step: 0)
    default: return .fail(run)
    }
  }
}
