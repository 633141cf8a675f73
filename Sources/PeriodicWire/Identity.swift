public import PeriodicCore

/// Who a connection says it is (PROTOCOL 1.4, types 3 and 4). The bytes are borrowed.
public struct Identity {
  public var name: Bytes
  public var token: Bytes

  public init(name: Bytes, token: Bytes) {
    self.name = name
    self.token = token
  }
}
