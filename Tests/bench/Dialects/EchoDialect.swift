import PeriodicCore

/// The floor: messages of one length, each answered with one byte by `bench echo`. What the same
/// generator does with a server that has nothing to do.
struct EchoDialect: Dialect {
  static let name = "echo"
  private let message: [UInt8]

  /// What a message has besides the workload: about what the other dialects have.
  static let overhead = 32

  init(_ end: End, _ load: Load, functions: [Int]) {
    message = [UInt8](repeating: UInt8(ascii: "x"), count: load.payload + Self.overhead)
  }

  mutating func greet(into output: inout ByteBuffer) {}

  mutating func submit(_ number: Int, into output: inout ByteBuffer) {
    message.withUnsafeBytes { output.append($0) }
  }

  mutating func grab(_ slot: Int, into output: inout ByteBuffer) {
    quit("an echo has no workers")
  }

  mutating func receive(
    _ bytes: Bytes, into output: inout ByteBuffer, _ each: () -> Void
  ) -> Int {
    for _ in bytes { each() }
    return bytes.count
  }
}
