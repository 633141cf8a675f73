import PeriodicCore

/// Lines on their way to a socket, first in first out.
struct LineQueue: ~Copyable {
  private var bytes = ByteBuffer()
  /// Lengths of the lines in `bytes`, from `head` on.
  private var lengths: [Int32] = []
  private var head = 0
  /// Bytes of the first line that have been written.
  private var written = 0

  /// Lines of which not all has been written.
  var count: Int { lengths.count - head }
  var isEmpty: Bool { head == lengths.count }

  /// `event:name:seconds`. A name's control characters are written as blanks: one of them would end
  /// the line.
  mutating func append(_ event: EngineEvent) {
    let before = bytes.count
    bytes.append(text: event.kind.rawValue)
    bytes.append(uint8: UInt8(ascii: ":"))
    for byte in event.name { bytes.append(uint8: byte < 0x20 || byte == 0x7f ? 0x20 : byte) }
    bytes.append(uint8: UInt8(ascii: ":"))
    bytes.append(decimal: event.milliseconds / 1000)
    bytes.append(uint8: UInt8(ascii: "."))
    let fraction = event.milliseconds % 1000
    for digit in [fraction / 100, fraction / 10 % 10, fraction % 10] {
      bytes.append(uint8: 0x30 + UInt8(digit))
    }
    bytes.append("\r\n")
    lengths.append(Int32(bytes.count - before))
  }

  /// The first line.
  var first: Bytes? {
    isEmpty ? nil : Bytes(rebasing: bytes.bytes[..<Int(lengths[head])])
  }

  /// Everything that has not been written.
  var unsent: Bytes { Bytes(rebasing: bytes.bytes[written...]) }

  /// The socket took `count` bytes; a line goes when all of it is written.
  mutating func wrote(_ count: Int) {
    written += count
    while !isEmpty, written >= Int(lengths[head]) {
      written -= Int(lengths[head])
      bytes.consume(Int(lengths[head]))
      head += 1
    }
    if isEmpty {
      lengths.removeAll(keepingCapacity: true)
      head = 0
    } else if head >= 1024, head * 2 > lengths.count {
      lengths.removeFirst(head)
      head = 0
    }
  }

  /// The socket is another one: a line that was cut is written again, whole.
  mutating func startAnew() { written = 0 }
}
