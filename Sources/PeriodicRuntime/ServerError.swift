public import PeriodicLoop
public import PeriodicStore

/// Why a server could not start.
public enum ServerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The system refused a thread or a descriptor.
  case loop(LoopError)
  case store(StoreError)
  /// The identity file cannot be used; a sentence says why.
  case identities(String)

  public var description: String {
    switch self {
    case .loop(let error): error.message
    case .store(let error): error.message
    case .identities(let problem): problem
    }
  }
}
