import Glibc
import PeriodicCore

/// gearmand's binary protocol: background jobs, each with a unique key of its own, as libgearman
/// makes one. A worker that hears from all its requests that there is no job sleeps until woken.
struct GearmanDialect: Dialect {
  static let name = "gearmand"

  private enum Packet {
    static let canDo: UInt32 = 1
    static let preSleep: UInt32 = 4
    static let wake: UInt32 = 6
    static let created: UInt32 = 8
    static let grab: UInt32 = 9
    static let noJob: UInt32 = 10
    static let assign: UInt32 = 11
    static let complete: UInt32 = 13
    static let submitInBackground: UInt32 = 18
    static let submitForLater: UInt32 = 36
  }

  private let load: Load
  private let end: End
  private let workload: [UInt8]
  private let now = time(nil)
  /// Requests for a job: how many there are to be, and how many have no answer yet.
  private var grabs = 0
  private var underWay = 0

  init(_ end: End, _ load: Load, functions: [Int]) {
    self.load = load
    self.end = end
    workload = load.workload
  }

  private func begin(_ packet: UInt32, _ length: Int, _ output: inout ByteBuffer) {
    output.append(uint32: 0x0052_4551)
    output.append(uint32: packet)
    output.append(uint32: UInt32(length))
  }

  mutating func greet(into output: inout ByteBuffer) {
    guard end == .worker else { return }
    begin(Packet.canDo, 5, &output)
    output.append("bench")
  }

  mutating func submit(_ number: Int, into output: inout ByteBuffer) {
    let isLater = load.ahead > 0
    begin(
      isLater ? Packet.submitForLater : Packet.submitInBackground,
      6 + 17 + (isLater ? 11 : 0) + load.payload, &output)
    output.append("bench\0")
    withName(number) { output.append($0) }
    output.append("\0")
    if isLater {
      output.append(decimal: Int64(load.due(number, from: now)))
      output.append("\0")
    }
    workload.withUnsafeBytes { output.append($0) }
  }

  mutating func grab(_ slot: Int, into output: inout ByteBuffer) {
    grabs += 1
    ask(&output)
  }

  private mutating func ask(_ output: inout ByteBuffer) {
    underWay += 1
    begin(Packet.grab, 0, &output)
  }

  mutating func receive(
    _ bytes: Bytes, into output: inout ByteBuffer, _ each: () -> Void
  ) -> Int {
    var position = 0
    while bytes.count - position >= 12 {
      let length = Int(bytes.number(at: position + 8))
      if bytes.count - position - 12 < length { return position }
      switch bytes.number(at: position + 4) {
      case Packet.created: each()
      case Packet.assign:
        underWay -= 1
        let body = Bytes(rebasing: bytes[(position + 12)..<(position + 12 + length)])
        let handle = Bytes(rebasing: body.prefix { $0 != 0 })
        begin(Packet.complete, handle.count + 1, &output)
        output.append(handle)
        output.append(uint8: 0)
        ask(&output)
        each()
      case Packet.noJob:
        underWay -= 1
        if underWay == 0 { begin(Packet.preSleep, 0, &output) }
      case Packet.wake:
        // Who is awake has asked already.
        if underWay == 0 { for _ in 0..<grabs { ask(&output) } }
      case let other: quit("gearmand answered with packet \(other)")
      }
      position += 12 + length
    }
    return position
  }
}

extension Bytes {
  /// Four bytes, the highest first.
  fileprivate func number(at position: Int) -> UInt32 {
    UInt32(bigEndian: loadUnaligned(fromByteOffset: position, as: UInt32.self))
  }
}
