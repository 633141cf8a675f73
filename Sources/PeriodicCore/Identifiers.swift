/// One connected peer, named by a number that is never used again in this process.
public struct SessionID: Hashable, Comparable, Sendable, BitwiseCopyable {
  public let number: UInt64
  @inlinable public init(_ number: UInt64) { self.number = number }
  @inlinable
  public static func < (left: SessionID, right: SessionID) -> Bool { left.number < right.number }
}

/// The name that a peer gave one of its requests; replies carry it back.
///
/// A codec decides what the number means: generation 2 packs its four bytes, generation 1 (whose
/// message ids are byte strings) numbers them, HTTP has one request at a time.
public struct MessageID: Hashable, Sendable, BitwiseCopyable {
  public let number: UInt64
  @inlinable public init(_ number: UInt64) { self.number = number }

  /// A request that gets no reply.
  @inlinable public static var none: MessageID { MessageID(.max) }
}

/// One run of a job as the engine knows it, for whoever calls it without messages.
public struct RunHandle: Sendable, BitwiseCopyable {
  /// Where it is, and the number that is never another run's.
  public let slot: UInt32
  public let fence: UInt64

  @inlinable public init(slot: UInt32, fence: UInt64) {
    self.slot = slot
    self.fence = fence
  }

  /// No run: the job's names tell which.
  @inlinable public static var none: RunHandle { RunHandle(slot: .max, fence: 0) }
  @inlinable public var isNone: Bool { fence == 0 }
}

/// That a run is done, said by whoever calls without messages.
public struct DoneReport {
  public let run: RunHandle
  /// Names the job where no run does.
  public let key: JobKey
  /// Its result.
  public let data: Bytes
  /// The caller's own.
  public let tag: UInt64

  @inlinable public init(_ run: RunHandle, _ key: JobKey, _ data: Bytes, tag: UInt64 = 0) {
    self.run = run
    self.key = key
    self.data = data
    self.tag = tag
  }
}

/// A job's number: only grows, is never used for another job, and stays below 2^53.
public struct JobID: Hashable, Comparable, Sendable, BitwiseCopyable {
  public let number: UInt64
  @inlinable public init(_ number: UInt64) { self.number = number }
  @inlinable
  public static func < (left: JobID, right: JobID) -> Bool { left.number < right.number }
}
