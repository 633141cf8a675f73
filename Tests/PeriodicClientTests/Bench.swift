import PeriodicClient
import PeriodicCore
import PeriodicWire

/// Bytes written as hexadecimal, blanks ignored.
func hex(_ text: String) -> [UInt8] {
  let digits = text.filter { $0 != " " }.map { UInt8($0.hexDigitValue ?? 0) }
  return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

extension Bytes {
  /// The bytes of a literal, which stay for ever.
  static func of(_ text: StaticString) -> Bytes {
    Bytes(start: text.utf8Start, count: text.utf8CodeUnitCount)
  }
}

extension JobKey {
  static func of(_ function: StaticString, _ name: StaticString) -> JobKey {
    JobKey(function: .of(function), name: .of(name))
  }
}

/// One peer on simulated time, bytes and transport.
final class Bench<Core: PeerCore & ~Copyable> {
  var core: Core
  var now = Now(monotonic: 1_000, wall: 1_700_000_000_000)

  init(_ core: consuming Core) {
    self.core = core
    self.core.open(at: now)
  }

  /// Takes what the core wants written.
  func sent() -> [UInt8] {
    let bytes = Array(core.output)
    core.wrote(bytes.count)
    return bytes
  }

  /// The commands that the core wants written, as a server reads them.
  func commands() -> [String] {
    let bytes = sent()
    return bytes.withUnsafeBytes { readCommands($0) }
  }

  func actions() -> [TransportAction] {
    var all: [TransportAction] = []
    while let action = core.takeAction() { all.append(action) }
    return all
  }

  func receive(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { core.received($0, at: now) }
  }

  func receive(_ text: String) { receive(hex(text)) }

  func reply(_ message: UInt64, _ reply: Reply) {
    receive(frame { Generation2.encode(reply, MessageID(message), into: &$0) })
  }

  /// Connects and registers, and forgets the bytes of that.
  func register() {
    core.connected(at: now)
    _ = sent()
    _ = actions()
    receive(frame { Generation2.encodeConnectionID(7, into: &$0) })
  }

  func advance(_ milliseconds: Int64) {
    now.monotonic += milliseconds
    now.wall += milliseconds
    core.tick(at: now)
  }

  func cancel(_ id: RequestID) -> Bool { core.cancel(id) }

  func lose() { core.disconnected(.endOfStream, at: now) }

  func outcomes() -> [Outcome] { completions().map(\.outcome) }

  func completions() -> [Completion] {
    var all: [Completion] = []
    while let completion = core.takeCompletion() { all.append(completion) }
    return all
  }
}

func frame(_ body: (inout ByteBuffer) -> Void) -> [UInt8] {
  var buffer = ByteBuffer()
  body(&buffer)
  return Array(buffer.bytes)
}

/// One text for each command frame: message id, command, names and data.
func readCommands(_ bytes: Bytes) -> [String] {
  var decoder = Generation2Decoder(limit: 1 << 26)
  var rest = bytes
  var found: [String] = []
  while case .request(let message, let command, let consumed) = decoder.next(rest) {
    found.append("\(message.number) \(describe(command))")
    rest = Bytes(rebasing: rest[consumed...])
  }
  if !rest.isEmpty { found.append("and \(rest.count) bytes that are no command") }
  return found
}

private func describe(_ command: Command) -> String {
  switch command {
  case .ping: "ping"
  case .status: "status"
  case .submit(let job): "submit \(text(job.key)) \(job.workload.text)"
  case .remove(let key): "remove \(text(key))"
  case .drop(let function): "drop \(function.text)"
  case .canDo(let function): "can-do \(function.text)"
  case .cannotDo(let function): "cannot-do \(function.text)"
  case .grab: "grab"
  case .assigned: "assigned"
  case .unassigned: "unassigned"
  case .done(.key(let key), let data): "done \(text(key)) \(data.text)"
  case .fail(.key(let key)): "fail \(text(key))"
  case .later(.key(let key), let delay, let step): "later \(text(key)) \(delay) \(step)"
  case .broadcast(let function): "broadcast \(function.text)"
  case .run(let job): "run \(text(job.key)) \(job.workload.text)"
  case .receiveData(let job): "receive \(text(job.key)) \(job.timeout)"
  case .workData(.key(let key), let data): "data \(text(key)) \(data.text)"
  case .acquire(let lock, let capacity, .key(let key)):
    "acquire \(lock.text) \(capacity) \(text(key))"
  case .release(let lock, .key(let key)): "release \(lock.text) \(text(key))"
  case .shutdown: "shutdown"
  default: "something else"
  }
}

private func text(_ key: JobKey) -> String { "\(key.function.text)/\(key.name.text)" }

/// Chance that repeats: splitmix64.
struct Dice {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 1 }

  mutating func roll(_ bound: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return Int((value ^ value >> 31) % UInt64(bound))
  }
}
