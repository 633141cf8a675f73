public import PeriodicCore
import PeriodicEngine
import PeriodicWire

/// Who a connection said it is when it registered, and what that is worth.
struct Credentials {
  let name: [UInt8]
  let token: [UInt8]
  /// Under which rules `principal` was looked up.
  var rules: UInt64
  var principal: Principal?
}

/// Identities on connections (PROTOCOL 1.4).
extension ServerCore {
  /// Other rules from now on. Workers that may no longer be here, or that have registered what they
  /// may no longer do, are closed, so that their jobs go to others; clients notice at their next
  /// command.
  public func replaceIdentities(_ new: Identities?, at now: Now) {
    identities = new
    rules += 1
    guard new != nil else { return }
    for session in sessions {
      guard let session, case .registered(_, .worker) = session.phase else { continue }
      if !mayStay(session) { end(session, at: now) }
    }
  }

  /// Who the connection is under the present rules; `nil` if nobody.
  func principal(of session: Session) -> Principal? {
    guard let identities, var credentials = session.credentials else { return nil }
    if credentials.rules != rules {
      credentials.rules = rules
      credentials.principal = credentials.name.withUnsafeBytes { name in
        credentials.token.withUnsafeBytes { identities.authenticate(name: name, token: $0) }
      }
      session.credentials = credentials
    }
    return credentials.principal
  }

  /// Keeps what a registration says of an identity, if identities count here.
  func noteCredentials(in frame: Bytes, _ session: Session) {
    guard identities != nil, let identity = Registration.identity(in: frame) else { return }
    session.credentials = Credentials(
      name: [UInt8](identity.name), token: [UInt8](identity.token), rules: 0, principal: nil)
  }

  /// Whether the connection's identity allows the command. Generation 1 has no identities.
  func isAllowedByIdentity(_ command: Command, _ role: Role, _ session: Session) -> Bool {
    guard let identities else { return true }
    guard let principal = principal(of: session) else { return false }
    return identities.isAllowed(command, to: principal, as: role)
  }

  private func mayStay(_ session: Session) -> Bool {
    guard let principal = principal(of: session), principal.fits(.worker), let id = session.id
    else { return false }
    var isAllowed = true
    engine.forEachFunction(of: id) { if !principal.maySpeak(of: $0) { isAllowed = false } }
    return isAllowed
  }
}
