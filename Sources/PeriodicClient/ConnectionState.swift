public import PeriodicWire

/// How far a connection is.
public enum ConnectionState: Equatable, Sendable {
  /// Not opened yet.
  case idle
  /// The transport is being connected.
  case connecting
  /// Registered at the server, which has not answered yet.
  case registering
  case ready
  /// Lost; the next attempt is due later.
  case waiting
  /// For good.
  case closed
}

/// Why a connection, or an attempt to make one, ended.
public enum LossReason: Equatable, Sendable {
  /// The transport said so; the code is the system's (negative errno), 0 if there is none.
  case connectFailed(code: Int32)
  case transportFailed(code: Int32)
  /// The server closed it.
  case endOfStream
  case connectTimedOut
  case registrationTimedOut
  /// Nothing came, not even the answer to a PING.
  case peerSilent
  /// The server sent what no server sends.
  case violation(WireViolation)
}

/// What the owner of the transport shall do.
public enum TransportAction: Equatable, Sendable {
  case connect
  /// Close the transport; nothing that it still says may be passed on.
  case disconnect
}

extension LossReason {
  /// A sentence for a person, without a full stop.
  public var text: String {
    switch self {
    case .connectFailed(let code): "cannot connect (system error \(-code))"
    case .transportFailed(let code): "the connection failed (system error \(-code))"
    case .endOfStream: "the server closed the connection"
    case .connectTimedOut: "no connection within the time for it"
    case .registrationTimedOut: "the server did not answer the registration"
    case .peerSilent: "the server is silent, also when pinged"
    case .violation(let violation): "not a generation 2 server: \(violation.text)"
    }
  }
}
