public import PeriodicCore

/// What a generation 1 server said after the message id. Texts, which answer STATUS and DUMP, have
/// no command byte; only who asked knows that one is to come (PROTOCOL 1.1).
public enum Generation1Reply {
  case success
  case pong
  case noop
  /// The Go server never said so; to be ignored.
  case noJob
  /// UNKNOWN, with the reason if the server gave one.
  case unknown(Bytes)
  /// The handle, and the job as its JSON has it.
  case assign(JobID, JobFields)
}
