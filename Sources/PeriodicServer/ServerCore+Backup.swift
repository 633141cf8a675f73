public import PeriodicCore
import PeriodicWire

/// What the shell is to do about backups.
enum BackupRequest {
  case begin(String)
  case cancel
}

/// A copy of the store while the server serves: the store makes it, here it is asked for.
extension ServerCore {
  /// Has a backup begun; false if another one is running, or nothing is kept in a file.
  public func beginBackup(to path: String) -> Bool {
    guard configuration.isDurable, phase == .serving, backup.phase != .running else { return false }
    backup = .running(path)
    backupRequest = .begin(path)
    return true
  }

  /// Has a running backup given up.
  public func cancelBackup() {
    guard backup.phase == .running else { return }
    if backupRequest == nil {
      backupRequest = .cancel
    } else {
      // The store has not heard of it.
      backupRequest = nil
      backup.phase = .cancelled
    }
  }

  /// The store says how far it is.
  public func backupChanged(_ state: BackupState) { backup = state }

  func passBackup(_ act: (ServerAction) -> Void) {
    guard let request = backupRequest else { return }
    backupRequest = nil
    switch request {
    case .begin(let path): act(.beginBackup(path))
    case .cancel: act(.cancelBackup)
    }
  }

  // MARK: Over HTTP

  /// Why this connection may not ask for backups: they write files as the user that the server runs
  /// as. That user, and an admin where there are identities, may.
  func refuseBackup(_ session: Session) -> HTTPFailure? {
    if identities != nil {
      return principal(of: session)?.kind == .admin
        ? nil : HTTPFailure(.forbidden, "only an admin may ask for a backup")
    }
    return session.isOwners
      ? nil
      : HTTPFailure(
        .forbidden, "a backup is asked for over a Unix socket, by the server's user or root")
  }

  func beginBackup(_ path: Bytes, _ context: HTTPReplyContext, _ session: Session) {
    guard configuration.isDurable else {
      let failure = HTTPFailure(.conflict, "jobs are kept in memory only: dump them instead")
      HTTPResponse.encode(failure, context, into: &session.outgoing.buffer)
      return finish(session)
    }
    let hasBegun = beginBackup(to: path.text)
    showBackup(hasBegun ? .accepted : .conflict, context, session)
  }

  func showBackup(_ status: HTTPStatus, _ context: HTTPReplyContext, _ session: Session) {
    HTTPResponse.encode(backup, status, context, into: &session.outgoing.buffer)
    finish(session)
  }
}
