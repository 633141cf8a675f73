import PeriodicCore

/// Which end of a server a connection is.
enum End {
  case producer
  case worker
}

/// What jobs look like.
struct Load {
  var payload = 100
  /// Seconds until a job is due.
  var ahead = 0
  var functions = 1

  /// Bytes of a job; the same for all of them.
  var workload: [UInt8] { [UInt8](repeating: UInt8(ascii: "x"), count: payload) }

  /// Whether jobs ahead are submitted in another order than they are due.
  var isScattered = false

  /// When the job `number` is due, in seconds of the wall clock; 0 is at once. Jobs ahead are due
  /// a thousand each second, or scattered over a thousand seconds.
  func due(_ number: Int, from now: Int) -> Int {
    ahead == 0 ? 0 : now + ahead + (isScattered ? number % 1000 : number / 1000)
  }
}

/// What one end of a connection says to one kind of server, as its own clients say it.
protocol Dialect {
  static var name: String { get }

  /// `functions` are those that a worker can do.
  init(_ end: End, _ load: Load, functions: [Int])

  /// What comes first on a connection.
  mutating func greet(into output: inout ByteBuffer)
  /// Asks for the job `number` to be kept, and to be told so.
  mutating func submit(_ number: Int, into output: inout ByteBuffer)
  /// Asks for one job; `slot` is below the number of jobs asked for at a time.
  mutating func grab(_ slot: Int, into output: inout ByteBuffer)
  /// Understands the whole messages in `bytes`, and calls `each` for each job acknowledged, or
  /// received. A worker's end finishes the job and asks for the next one.
  ///
  /// - Returns: the bytes used up.
  mutating func receive(_ bytes: Bytes, into output: inout ByteBuffer, _ each: () -> Void) -> Int
}

/// The name of a job: sixteen digits.
func withName(_ number: Int, _ body: (Bytes) -> Void) {
  withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { name in
    var rest = number
    for place in (0..<16).reversed() {
      name[place] = UInt8(0x30 + rest % 10)
      rest /= 10
    }
    body(Bytes(name))
  }
}
