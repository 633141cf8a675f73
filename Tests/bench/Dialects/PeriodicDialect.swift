import Glibc
import PeriodicCore
import PeriodicWire

/// Generation 2 of the protocol, with a name of its own for each job and confirmed grabs.
struct PeriodicDialect: Dialect {
  static let name = "periodic"
  private let end: End
  private let load: Load
  private let workload: [UInt8]
  private let functions: [Int]
  /// The names of all functions.
  private let names: [[UInt8]]
  private let now = time(nil)
  private var decoder = Generation2ReplyDecoder(limit: 65 << 20)

  init(_ end: End, _ load: Load, functions: [Int]) {
    self.end = end
    self.load = load
    self.functions = functions
    workload = load.workload
    names = (0..<load.functions).map { Array((load.functions == 1 ? "bench" : "bench-\($0)").utf8) }
  }

  mutating func greet(into output: inout ByteBuffer) {
    Generation2.encodeRegistration(end == .producer ? .client : .worker, into: &output)
    for function in functions {
      names[function].withUnsafeBytes {
        Generation2.encode(.canDo(function: $0), message: 0x8000_0000, into: &output)
      }
    }
  }

  mutating func submit(_ number: Int, into output: inout ByteBuffer) {
    withName(number) { name in
      names[number % names.count].withUnsafeBytes { function in
        workload.withUnsafeBytes { workload in
          let job = JobFields(
            key: JobKey(function: function, name: name), workload: workload,
            scheduledAt: Int64(load.due(number, from: now)))
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
        case .success: if end == .producer { each() }
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
