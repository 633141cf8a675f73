public import PeriodicCore
public import PeriodicWire

/// One line of an identity file: somebody, and what they may do (PROTOCOL 1.4).
public struct Principal: Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    case client, worker
    /// Fits both roles and may do everything.
    case admin
  }

  public let name: [UInt8]
  public let kind: Kind
  let token: [UInt8]
  /// The functions it may speak of; all, for an admin.
  private let functions: Set<[UInt8]>

  init(name: [UInt8], kind: Kind, token: [UInt8], functions: Set<[UInt8]>) {
    self.name = name
    self.kind = kind
    self.token = token
    self.functions = functions
  }

  /// Whether it may register as `role`.
  public func fits(_ role: Role) -> Bool {
    switch (kind, role) {
    case (.admin, _), (.client, .client), (.worker, .worker): true
    default: false
    }
  }

  public func maySpeak(of function: Bytes) -> Bool {
    kind == .admin || functions.contains([UInt8](function))
  }

  /// Compares in a time that depends on the length of `offered` alone.
  func hasToken(_ offered: Bytes) -> Bool {
    // A length that differs is a difference like any other; a token is never empty.
    var difference = offered.count ^ token.count
    for (index, byte) in offered.enumerated() {
      difference |= Int(byte ^ token[index % token.count])
    }
    return difference == 0
  }
}
