import PeriodicCore
import Testing

@Suite struct `A byte buffer` {
  /// Numbers that tell each place from its neighbours.
  private func numbers(_ range: Range<Int>) -> [UInt8] {
    range.map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
  }

  private func append(_ range: Range<Int>, to buffer: inout ByteBuffer) {
    numbers(range).withUnsafeBytes { buffer.append($0) }
  }

  private func holds(_ range: Range<Int>, _ bytes: Bytes) -> Bool {
    numbers(range).withUnsafeBytes { bytes.equals($0) }
  }

  @Test func `keeps what it has while it grows, where memory is made of pages too`() {
    var buffer = ByteBuffer()
    var begin = 0
    var end = 0
    while end < 9 << 20 {
      append(end..<end + 300_000, to: &buffer)
      end += 300_000
      buffer.consume(1000)
      begin += 1000
    }
    #expect(holds(begin..<end, buffer.bytes))
    buffer.consume(buffer.count - 10)
    append(end..<end + 10, to: &buffer)
    #expect(holds(end - 10..<end + 10, buffer.bytes))
    buffer.reset(keeping: 0)
    #expect(buffer.footprint == 0)
  }

  @Test func `makes room for what is said to follow, but not for a promise alone`() {
    var buffer = ByteBuffer()
    numbers(0..<1000).withUnsafeBytes { buffer.append($0, expecting: 1 << 30) }
    #expect(buffer.footprint == 8000)
    numbers(1000..<8000).withUnsafeBytes { buffer.append($0, expecting: 1 << 30) }
    #expect(buffer.footprint == 8000)
    numbers(8000..<8001).withUnsafeBytes { buffer.append($0, expecting: 100) }
    #expect(buffer.footprint == 12_000)
    #expect(holds(0..<8001, buffer.bytes))
  }

  @Test(arguments: [300 << 10, 3 << 20])
  func `shares a run that stays whatever becomes of the buffer`(_ count: Int) throws {
    var buffer = ByteBuffer()
    append(0..<count, to: &buffer)
    buffer.consume(7)
    let run = Bytes(rebasing: buffer.bytes[10..<count - 20])
    let (first, second) = (
      buffer.share(run, sum: CRC32.of(run)),
      buffer.share(Bytes(rebasing: buffer.bytes[..<5]), sum: 0)
    )
    let (shared, other) = (try #require(first), try #require(second))
    buffer.consume(count - 20)
    append(count..<count + 200, to: &buffer)
    #expect(holds(count - 13..<count + 200, buffer.bytes))
    buffer.consume(buffer.count)
    append(0..<count, to: &buffer)
    buffer.reset(keeping: .max)
    #expect(holds(17..<count - 13, shared.bytes))
    #expect(holds(7..<12, other.bytes))
  }

  @Test func `shares nothing that lies elsewhere`() {
    var buffer = ByteBuffer()
    append(0..<100, to: &buffer)
    let shared = withBytes(of: "elsewhere") { buffer.share($0, sum: 0) }
    #expect(shared == nil)
    #expect(holds(0..<100, buffer.bytes))
  }

  @Test func `that shared something gives its memory back with the last who has it`() {
    var buffer = ByteBuffer()
    append(0..<1000, to: &buffer)
    weak var shared: SharedBytes?
    do {
      let run = buffer.share(buffer.bytes, sum: 0)
      shared = run
      #expect(shared != nil)
      buffer.reset(keeping: .max)
      #expect(run.map { holds(0..<1000, $0.bytes) } == true)
    }
    #expect(shared == nil)
    #expect(buffer.footprint == 0)
  }
}
