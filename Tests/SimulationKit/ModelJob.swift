/// The names of a job, as owned text.
struct KeyName: Hashable, Comparable, CustomStringConvertible {
  var function: String
  var name: String
  var description: String { "\(function):\(name)" }

  static func < (left: KeyName, right: KeyName) -> Bool {
    (left.function, left.name) < (right.function, right.name)
  }
}

/// What the model knows of one job: a plain record, found by linear search.
struct ModelJob {
  enum State: Equatable {
    case staged, waiting
    case running(peer: Int, message: UInt64)
  }

  /// What a submit sets.
  struct Version {
    var workload: String
    var due: Int64
    var sequence: Int
    var count: Int
    var timeout: Int
    var scheduledAt: Int64
    var origin: UInt8
  }

  /// A run that was taken from its worker by a deadline.
  struct Lost {
    var peer: Int
    var message: UInt64
    /// The word that the worker took it may still come.
    var isOffer: Bool
    var leaseEnd: Int64
  }

  let key: KeyName
  var version: Version
  var state = State.waiting
  /// Versions that wait for their batch, oldest first: the batch, and what was there before.
  var staged: [(batch: UInt64, before: Version?)] = []
  /// The number that generation 1 names it by, once it has been handed out.
  var id: UInt64?
  var fence: UInt64 = 0
  var previousRunAt: Int64 = 0
  /// The lease of the present run, and the deadline for its confirmation.
  var leaseEnd: Int64 = .max
  var offerEnd: Int64 = .max
  /// Who lost the job by a deadline and may still report.
  var lostBy: Lost?

  init(key: KeyName, version: Version) {
    self.key = key
    self.version = version
  }

  /// The peer that holds it.
  var holder: Int? {
    if case .running(let peer, _) = state { peer } else { nil }
  }

  /// The grab that its present, or lost, run used up.
  var message: UInt64? {
    if case .running(_, let message) = state { message } else { lostBy?.message }
  }

  var deadline: Int64 { holder == nil ? .max : min(leaseEnd, offerEnd) }

  func isUnconfirmed(by peer: Int) -> Bool {
    if holder == peer { return offerEnd != .max }
    return lostBy?.peer == peer && lostBy?.isOffer == true
  }
}
