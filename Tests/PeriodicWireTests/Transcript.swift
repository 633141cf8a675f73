import PeriodicCore
import PeriodicWire
import Synchronization

/// A command in words, so that two decodings can be compared after their bytes are gone.
func words(_ command: Command) -> String {
  switch command {
  case .submit(let job): "submit \(words(job))"
  case .run(let job): "run \(words(job))"
  case .receiveData(let job): "receive \(words(job))"
  case .remove(let key): "remove \(words(key))"
  case .drop(let function): "drop \(hex(function))"
  case .load(let list): "load \(hex(list))"
  case .getSetting(let key): "get \(hex(key))"
  case .setSetting(let key, let value): "set \(hex(key)) \(value)"
  case .canDo(let function): "can \(hex(function))"
  case .broadcast(let function): "broadcast \(hex(function))"
  case .cannotDo(let function): "cannot \(hex(function))"
  case .done(let run, let data): "done \(words(run)) \(hex(data))"
  case .fail(let run): "fail \(words(run))"
  case .later(let run, let delay, let step): "later \(words(run)) \(delay) \(step)"
  case .workData(let run, let data): "data \(words(run)) \(hex(data))"
  case .acquire(let lock, let most, let run): "acquire \(hex(lock)) \(most) \(words(run))"
  case .release(let lock, let run): "release \(hex(lock)) \(words(run))"
  default: "\(command)"
  }
}

func words(_ key: JobKey) -> String { "\(hex(key.function))/\(hex(key.name))" }

func words(_ job: JobFields) -> String {
  "\(words(job.key)) \(hex(job.workload)) \(job.scheduledAt) \(job.timeout) \(job.count)"
}

func words(_ run: RunReference) -> String {
  switch run {
  case .id(let id): "#\(id.number)"
  case .key(let key): words(key)
  }
}

func hex(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// What a decoder made of one step, in words.
func words(_ decoded: Decoded, _ name: (MessageID) -> String = { "\($0.number)" }) -> String {
  switch decoded {
  case .needMore: "more"
  case .request(let id, let command, _): "\(name(id)): \(words(command))"
  case .refused(let id, let refusal, _): "\(name(id)): refused \(refusal.text)"
  case .violation(let violation): "violation \(violation)"
  }
}

/// Hands `input` to `next` in the pieces that `cut` chooses, as a session does, and collects the
/// words for all that is found.
func feed(
  _ input: [UInt8], cut: (Int) -> Int, _ next: (Bytes) -> (words: String, used: Int?)
) -> [String] {
  var found: [String] = []
  var buffer: [UInt8] = []
  var position = 0
  while position < input.count {
    let size = min(max(1, cut(input.count - position)), input.count - position)
    buffer += input[position..<position + size]
    position += size
    while !buffer.isEmpty {
      // An exact copy each time: a byte read outside it is seen by the address sanitizer.
      let (words, used) = Array(buffer).withUnsafeBytes { next($0) }
      if words == "more" { break }
      found.append(words)
      guard let used else { return found }
      buffer.removeFirst(used)
    }
  }
  return found
}

extension Decoded {
  /// Bytes that the step used up; `nil` if it ends the session or needs more.
  var consumed: Int? {
    switch self {
    case .request(_, _, let consumed), .refused(_, _, let consumed): consumed
    case .needMore, .violation: nil
    }
  }
}

/// What `body` writes.
func written(_ body: (inout ByteBuffer) -> Void) -> [UInt8] {
  var buffer = ByteBuffer()
  body(&buffer)
  return Array(buffer.bytes)
}

/// A small generator with a seed, so that a failure can be repeated.
struct Dice {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }
  mutating func roll(_ bound: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int(truncatingIfNeeded: state >> 33) % max(1, bound)
  }
}

/// Bytes that stay for the life of the test process, for fields that are built by hand.
func lasting(_ text: String) -> Bytes {
  let address = kept.withLock { kept in
    if let known = kept[text] { return known }
    let copy = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(1, text.utf8.count), alignment: 1)
    copy.copyBytes(from: text.utf8)
    let address = UInt(bitPattern: copy.baseAddress)
    kept[text] = address
    return address
  }
  return Bytes(start: UnsafeRawPointer(bitPattern: address), count: text.utf8.count)
}

/// Where each lasting text stands.
private let kept = Mutex<[String: UInt]>([:])

func job(_ function: String, _ name: String, _ workload: String = "") -> JobFields {
  JobFields(
    key: JobKey(function: lasting(function), name: lasting(name)), workload: lasting(workload))
}
