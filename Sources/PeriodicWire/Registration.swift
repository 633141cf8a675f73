public import PeriodicCore

/// The first frame of a connection, which tells its role (PROTOCOL 1.4).
public enum Registration {
  public enum Result {
    case needMore
    case registered(Role, consumed: Int)
    case violation(WireViolation)
  }

  /// Reads a registration of the generation that the sniffer found.
  ///
  /// Types 3 and 4 carry an identity; where no identities are configured, everything is allowed to
  /// them too.
  public static func parse(_ generation: Generation, _ bytes: Bytes) -> Result {
    switch generation {
    case .one: parse1(bytes)
    case .two: parse2(bytes)
    }
  }

  private static func parse1(_ bytes: Bytes) -> Result {
    var reader = ByteReader(bytes)
    guard let magic = reader.uint32(), let length = reader.uint32(), let type = reader.uint8()
    else { return .needMore }
    guard magic == Magic.request, length == 1 else { return .violation(.badRegistration) }
    switch type {
    case 1: return .registered(.client, consumed: 9)
    case 2: return .registered(.worker, consumed: 9)
    default: return .violation(.badRegistration)
    }
  }

  private static func parse2(_ bytes: Bytes) -> Result {
    var reader = ByteReader(bytes)
    guard let magic = reader.uint32(), let length = reader.uint32(), let sum = reader.uint32()
    else { return .needMore }
    guard magic == Magic.request else { return .violation(.badMagic) }
    guard length <= 65_536 else { return .violation(.tooLong(length)) }
    guard let body = reader.bytes(Int(length)) else { return .needMore }
    guard CRC32.of(body) == sum else { return .violation(.badChecksum) }
    let used = Generation2.headerLength + body.count
    var fields = ByteReader(body)
    switch fields.uint8() {
    case 1: return fields.isAtEnd ? .registered(.client, consumed: used) : .trailing
    case 2: return fields.isAtEnd ? .registered(.worker, consumed: used) : .trailing
    case 3: return identity(&fields, .client, used)
    case 4: return identity(&fields, .worker, used)
    default: return .violation(.badRegistration)
    }
  }

  private static func identity(_ fields: inout ByteReader, _ role: Role, _ used: Int) -> Result {
    guard run(&fields) != nil, run(&fields) != nil else { return .violation(.shortBody) }
    return fields.isAtEnd ? .registered(role, consumed: used) : .trailing
  }

  /// A run with an eight-byte length before it, as only types 3 and 4 have.
  private static func run(_ fields: inout ByteReader) -> Bytes? {
    guard let length = fields.uint64(), length <= UInt64(fields.remaining) else { return nil }
    return fields.bytes(Int(length))
  }

  /// The identity in a generation 2 registration that `parse` accepted; `nil` for types 1 and 2.
  public static func identity(in frame: Bytes) -> Identity? {
    var fields = ByteReader(frame)
    guard fields.bytes(Generation2.headerLength) != nil, let type = fields.uint8(), type >= 3,
      let name = run(&fields), let token = run(&fields)
    else { return nil }
    return Identity(name: name, token: token)
  }
}

extension Registration.Result {
  fileprivate static var trailing: Registration.Result { .violation(.trailingBytes) }
}
