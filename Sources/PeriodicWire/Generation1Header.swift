import PeriodicCore

/// The first bytes of a generation 1 frame, mended where aio-periodic 0.1.6 wrote them (PROTOCOL
/// 1.3): that client writes each length byte from 0x80 on as a UTF-8 character of two bytes.
enum Generation1Header {
  enum Result: Equatable {
    case needMore
    case frame(header: Int, payload: Int)
    case violation(WireViolation)
  }

  static func parse(_ bytes: Bytes, limit: Int) -> Result {
    for index in 0..<min(4, bytes.count)
    where bytes[index] != UInt8(truncatingIfNeeded: Magic.request >> UInt32(24 - 8 * index)) {
      return .violation(.badMagic)
    }
    guard bytes.count >= Generation1.headerLength else { return .needMore }
    var reader = ByteReader(Bytes(rebasing: bytes[4...]))
    guard let word = reader.uint32() else { return .needMore }
    var found = Result.frame(header: Generation1.headerLength, payload: Int(word & 0x7fff_ffff))
    if word & 0x8080_8080 != 0 {
      switch mended(bytes) {
      case .needMore: return .needMore
      case .frame(let header, let payload): found = .frame(header: header, payload: payload)
      case .violation: break
      }
    }
    guard case .frame(_, let payload) = found else { return found }
    return payload <= limit ? found : .violation(.tooLong(UInt32(payload)))
  }

  /// Four characters at offset 4 and then a decimal message id; `.violation` if it is not so.
  ///
  /// Asks for more bytes only while the header still looks mended. At least 128 bytes of payload
  /// follow one that does, in either reading, so that waiting cannot block.
  private static func mended(_ bytes: Bytes) -> Result {
    let isNot = Result.violation(.badMagic)
    var next = 4
    var length = 0
    for _ in 0..<4 {
      guard next < bytes.count else { return .needMore }
      var byte = bytes[next]
      if byte >= 0x80 {
        guard byte == 0xc2 || byte == 0xc3 else { return isNot }
        guard next + 1 < bytes.count else { return .needMore }
        let low = bytes[next + 1]
        guard low >= 0x80 && low <= 0xbf else { return isNot }
        byte = byte == 0xc2 ? low : low | 0x40
        next += 1
      }
      length = length << 8 | Int(byte)
      next += 1
    }
    let header = next
    while next < header + 11 {
      guard next < bytes.count else { return .needMore }
      let byte = bytes[next]
      if byte == 0 && next > header { break }
      let lowest: UInt8 = next == header ? 0x31 : 0x30
      guard byte >= lowest && byte <= 0x39 && next < header + 10 else { return isNot }
      next += 1
    }
    guard next + 1 < bytes.count else { return .needMore }
    return bytes[next + 1] == 1 ? .frame(header: header, payload: length & 0x7fff_ffff) : isNot
  }
}
