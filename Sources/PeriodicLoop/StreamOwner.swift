public import PeriodicCore

/// Who hears of what happens on a stream. All calls come on the loop, none after `Stream.close`.
public protocol StreamOwner: AnyObject {
  /// The connection that `Stream.connect` began stands: it can be written, and read once reading is
  /// started.
  func streamConnected(_ stream: Stream)
  /// Bytes have come. They lie in the loop's buffer, which the next read overwrites.
  func stream(_ stream: Stream, received bytes: Bytes)
  /// The peer will send nothing more. It may still read.
  func streamEnded(_ stream: Stream)
  /// The peer will not read either: after `streamEnded`, and only while nothing is being written.
  /// Over TCP this comes as soon as the peer's system says so, which it may do late or never.
  func streamHungUp(_ stream: Stream)
  /// The socket takes bytes again, after a write that it did not take whole.
  func streamCanWrite(_ stream: Stream)
  /// The other end's owner, on another loop of this process, asks something that is no bytes, after
  /// all bytes that it wrote before. False if that is not taken.
  func stream(_ stream: Stream, asked question: any StreamQuestion) -> Bool
  /// The connection failed or could not be made. The stream is closed already.
  func stream(_ stream: Stream, failed error: LoopError)
}

extension StreamOwner {
  public func streamConnected(_ stream: Stream) {}
  public func streamHungUp(_ stream: Stream) {}
  public func stream(_ stream: Stream, asked question: any StreamQuestion) -> Bool { false }
}

/// What goes to the other loop as it is, and comes back with what was made of it. Belongs to the
/// other side from `Stream.ask` to the answer.
public protocol StreamQuestion: AnyObject, Sendable {}
