public import PeriodicCore

/// What the engine wants done, in order.
///
/// SUCCESS is most of what it says. Three words keep it, and each is read as it was written. The
/// others are in a list of their own: an `Effect` is large, and is read in larger pieces than it
/// was written in a moment ago, for which the processor has to wait.
public struct Effects {
  /// A SUCCESS, or a sign that the next of `others` has its turn.
  public struct Step: Sendable, BitwiseCopyable {
    public enum Kind: Sendable, BitwiseCopyable {
      case success
      /// As `Promise.durable` has it.
      case durableSuccess
      case other
    }
    public let session: SessionID
    public let message: MessageID
    public let kind: Kind
  }

  public private(set) var steps: [Step] = []
  public private(set) var others: [Effect] = []

  public init() {}

  public var isEmpty: Bool { steps.isEmpty }

  /// Keeps the memory.
  public mutating func removeAll() {
    // One by one: there is mostly one, and `removeAll` of an array is made for many.
    while !steps.isEmpty { steps.removeLast() }
    while !others.isEmpty { others.removeLast() }
  }

  mutating func append(_ effect: Effect) {
    others.append(effect)
    steps.append(Step(session: SessionID(0), message: .none, kind: .other))
  }

  @inline(__always)
  mutating func appendReply(
    _ reply: Reply, _ message: MessageID, to session: SessionID, _ promise: Promise
  ) {
    guard case .success = reply else { return append(.reply(session, message, reply, promise)) }
    let kind: Step.Kind = promise == .durable ? .durableSuccess : .success
    steps.append(Step(session: session, message: message, kind: kind))
  }
}

extension Effects: Sequence {
  public struct Iterator: IteratorProtocol {
    fileprivate var steps: [Step].Iterator
    fileprivate var others: [Effect].Iterator

    public mutating func next() -> Effect? {
      guard let step = steps.next() else { return nil }
      switch step.kind {
      case .success: return .reply(step.session, step.message, .success, .nothing)
      case .durableSuccess: return .reply(step.session, step.message, .success, .durable)
      case .other: return others.next()
      }
    }
  }

  public func makeIterator() -> Iterator {
    Iterator(steps: steps.makeIterator(), others: others.makeIterator())
  }
}
