import PeriodicCore

/// What an Authorization field says: `Bearer name:token`. The name ends at the first colon.
struct HTTPCredentials: ~Copyable {
  /// Name and token, one behind the other.
  private var text = ByteBuffer()
  private var nameLength: Int?

  /// Keeps a copy of what `field` says.
  mutating func read(_ field: Bytes) {
    guard let blank = field.firstIndex(of: 0x20),
      Bytes(rebasing: field[..<blank]).equalsIgnoringCase("bearer")
    else { return }
    let both = Bytes(rebasing: field[blank...]).trimmed
    guard let colon = both.firstIndex(of: UInt8(ascii: ":")) else { return }
    text.append(Bytes(rebasing: both[..<colon]))
    text.append(Bytes(rebasing: both[(colon + 1)...]))
    nameLength = colon
  }

  /// Who that is; `nil` if nothing of this form was said. Good as long as the credentials are.
  var identity: Identity? {
    nameLength.map { length in
      Identity(
        name: Bytes(rebasing: text.bytes[..<length]),
        token: Bytes(rebasing: text.bytes[length...]))
    }
  }
}
