import PeriodicCore
import PeriodicWire

/// Generation 2 of the protocol, with a name of its own for each job and confirmed grabs.
struct PeriodicDialect: Dialect {
  static let name = "periodic"
  private let role: Role
  private let workload: [UInt8]
  private var decoder = Generation2ReplyDecoder(limit: 64 << 20)

  static func producer(payload: Int) -> PeriodicDialect { PeriodicDialect(.client, payload) }
  static func worker(payload: Int) -> PeriodicDialect { PeriodicDialect(.worker, payload) }

  private init(_ role: Role, _ payload: Int) {
    self.role = role
    workload = [UInt8](repeating: UInt8(ascii: "x"), count: payload)
  }

  mutating func greet(into output: inout ByteBuffer) {
    Generation2.encodeRegistration(role, into: &output)
    if case .worker = role {
      withBytes(of: "bench") {
        Generation2.encode(.canDo(function: $0), message: 0x8000_0000, into: &output)
      }
    }
  }

  mutating func submit(_ number: Int, into output: inout ByteBuffer) {
    withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { name in
      var rest = number
      for place in (0..<16).reversed() {
        name[place] = UInt8(0x30 + rest % 10)
        rest /= 10
      }
      withBytes(of: "bench") { function in
        workload.withUnsafeBytes { workload in
          let key = JobKey(function: function, name: Bytes(name))
          let job = JobFields(key: key, workload: workload)
          Generation2.encode(.submit(job), message: UInt32(number & 0xffff), into: &output)
        }
      }
    }
  }

  mutating func grab(_ slot: Int, into output: inout ByteBuffer) {
    Generation2.encode(.grab(confirms: true), message: UInt32(slot + 1), into: &output)
  }

  mutating func receive(
    _ bytes: Bytes, into output: inout ByteBuffer, _ each: () -> Void
  ) -> Int {
    var position = 0
    while true {
      switch decoder.next(Bytes(rebasing: bytes[position...])) {
      case .needMore: return position
      case .message(let message, let used):
        position += used
        switch message {
        case .success: if case .client = role { each() }
        case .assign(let id, let job):
          let slot = UInt32(id.number)
          Generation2.encode(.assigned, message: slot, into: &output)
          Generation2.encode(
            .done(.key(job.key), data: .none), message: 0x4000_0000 | slot, into: &output)
          Generation2.encode(.grab(confirms: true), message: slot, into: &output)
          each()
        case .unknown, .noWorker: quit("the daemon refused a request")
        default: break
        }
      case .violation(let violation): quit("the daemon sent \(violation.text)")
      }
    }
  }
}
