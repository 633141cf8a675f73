public import PeriodicCore
public import PeriodicWire

/// Who may do what: the content of an identity file (PROTOCOL 1.4).
///
/// A server that has none allows everything to everybody. One that has some allows nothing to a
/// connection without a valid identity; generation 1 knows no identities.
public struct Identities: Sendable {
  /// Whether clients may dump, load, change settings and shut down, too.
  public var clientsAdminister: Bool

  private let principals: [[UInt8]: Principal]
  /// What the token of an unknown name is compared with, so that it takes as long.
  private static let nobody = Principal(name: [], kind: .client, token: [0], functions: [])

  init(_ principals: [[UInt8]: Principal], clientsAdminister: Bool) {
    self.principals = principals
    self.clientsAdminister = clientsAdminister
  }

  public var count: Int { principals.count }

  /// Whose name and token these are; `nil` if the name is unknown or the token is another.
  public func authenticate(name: Bytes, token: Bytes) -> Principal? {
    let principal = principals[[UInt8](name)]
    let matches = (principal ?? Identities.nobody).hasToken(token)
    return matches ? principal : nil
  }

  /// Whether a connection of `principal` that registered as `role` may send `command`.
  ///
  /// Everything that names a function needs it in the principal's list, the reports of workers too.
  /// The jobs of LOAD are checked one by one, when they are taken off its list.
  public func isAllowed(
    _ command: Command, to principal: Principal, as role: Role = .client
  ) -> Bool {
    guard principal.fits(role) else { return false }
    switch command {
    case .dump, .load, .setSetting, .shutdown:
      return principal.kind == .admin || (principal.kind == .client && clientsAdminister)
    case .submit(let job), .run(let job), .receiveData(let job):
      return principal.maySpeak(of: job.key.function)
    case .remove(let key): return principal.maySpeak(of: key.function)
    case .drop(let function), .canDo(let function), .broadcast(let function):
      return principal.maySpeak(of: function)
    case .done(let run, _), .fail(let run), .later(let run, _, _), .workData(let run, _),
      .acquire(_, _, let run), .release(_, let run):
      // A number names no function; only generation 1 has them, and it has no identities.
      guard case .key(let key) = run else { return principal.kind == .admin }
      return principal.maySpeak(of: key.function)
    case .ping, .undefined, .serverOnly, .status, .getSetting, .cannotDo, .grab, .sleep, .assigned,
      .unassigned:
      return true
    }
  }
}
