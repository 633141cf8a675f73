/// What a request is, as far as its end depends on it.
enum RequestKind: UInt8 {
  // A client's.
  case ping, submit, remove, drop, status, run, receive, setting, dump, load, shutdown
  // A worker's.
  case canDo, cannotDo, report, drain, workData, acquire, release
  // The machine's own, which owe nobody a completion.
  case keepalive, grab, announceAgain, withdraw, handBack, lateAcquire

  var owesCompletion: Bool {
    switch self {
    case .keepalive, .grab, .announceAgain, .withdraw, .handBack, .lateAcquire: false
    default: true
    }
  }

  /// What becomes of a request that was sent when its connection is lost.
  enum AfterLoss { case fails, waits, succeeds, vanishes }

  var afterLoss: AfterLoss {
    switch self {
    case .ping, .submit, .remove, .drop, .status, .run, .receive, .setting, .dump, .load, .report,
      .workData, .acquire, .release:
      .fails
    // The next connection announces every function again, so the wish is still open.
    case .canDo, .drain: .waits
    // A server forgets all functions of a connection that is gone. SHUTDOWN has no other answer
    // than the end of the connection (PROTOCOL 2.11).
    case .cannotDo, .shutdown: .succeeds
    case .keepalive, .grab, .announceAgain, .withdraw, .handBack, .lateAcquire: .vanishes
    }
  }

  /// What a request that was sent turns into when its asker waits no longer, if the answer changes
  /// what is known here; else `nil`.
  var afterAbandoning: RequestKind? {
    switch self {
    case .canDo: .announceAgain
    case .acquire: .lateAcquire
    default: nil
    }
  }
}
