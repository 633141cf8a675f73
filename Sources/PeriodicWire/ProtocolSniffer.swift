public import PeriodicCore

/// Tells from a connection's first bytes what it speaks (PROTOCOL 1.6).
///
/// Never asks for more bytes than every client of the candidate forms is bound to send at once.
public enum ProtocolSniffer {
  public enum Decision: Equatable, Sendable {
    case needMore
    case generation1
    case generation2
    case http
    /// No form that is served: close without a word.
    case reject
  }

  /// The shortest and longest body of a registration with identity (types 3 and 4).
  private static let identityBody: ClosedRange<UInt32> = 17...65_536

  public static func decide(_ first: Bytes) -> Decision {
    guard let lead = first.first else { return .needMore }
    switch lead {
    case UInt8(ascii: "G"), UInt8(ascii: "P"), UInt8(ascii: "D"), UInt8(ascii: "H"),
      UInt8(ascii: "O"):
      return first.count < 4 ? .needMore : method(first)
    case 0: return magic(first)
    default: return .reject
    }
  }

  private static func method(_ first: Bytes) -> Decision {
    var reader = ByteReader(first)
    switch reader.uint32() {
    case word("GET "), word("POST"), word("PUT "), word("DELE"), word("HEAD"), word("OPTI"),
      word("PATC"):
      return .http
    default: return .reject
    }
  }

  private static func word(_ text: StaticString) -> UInt32 {
    var reader = ByteReader(Bytes(start: text.utf8Start, count: 4))
    return reader.uint32() ?? 0
  }

  private static func magic(_ first: Bytes) -> Decision {
    guard first.count >= 4 else { return .needMore }
    var reader = ByteReader(first)
    guard reader.uint32() == Magic.request else { return .reject }
    guard let length = reader.uint32() else { return .needMore }
    if identityBody.contains(length) { return .generation2 }
    guard length == 1 else { return .reject }
    // In generation 1 this byte is the role; in generation 2 it is the top byte of the CRC of the
    // role, and the two sets have nothing in common.
    switch reader.uint8() {
    case nil: return .needMore
    case 0x01, 0x02: return .generation1
    case 0xa5, 0x3c: return .generation2
    default: return .reject
    }
  }
}
