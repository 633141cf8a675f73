public import PeriodicLoop
public import PeriodicStore

/// Why a server could not start.
public enum ServerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The system refused a thread or a descriptor.
  case loop(LoopError)
  case store(StoreError)
  /// What the options ask for cannot be had; a sentence says why.
  case options(String)

  public var description: String {
    switch self {
    case .loop(let error): error.message
    case .store(let error): error.message
    case .options(let problem): problem
    }
  }
}
