/// Who a client or worker says it is, to a server that wants to know (PROTOCOL 1.4).
public struct Credentials: Equatable, Sendable {
  public let name: [UInt8]
  public let token: [UInt8]

  /// Bytes of name and token together: what fits the longest registration that servers take.
  public static let longest = 65_519

  /// `nil` if one of the two is empty, or both together are longer than `longest`.
  public init?(name: [UInt8], token: [UInt8]) {
    if name.isEmpty || token.isEmpty || name.count + token.count > Credentials.longest {
      return nil
    }
    self.name = name
    self.token = token
  }
}
