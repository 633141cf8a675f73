/// What two loops of this process tell each other about a connection between them.
///
/// Ends and listeners are named by their numbers on the loop that the message goes to.
enum InprocMessage: Sendable {
  case connect(listener: UInt64, from: InprocPlace)
  case connected(UInt64, to: InprocPlace)
  /// Nobody listens there any more.
  case refused(UInt64)
  case bytes(UInt64, [UInt8])
  /// So many bytes have been handed to their owner.
  case consumed(UInt64, Int)
  /// Something for the owner that is no bytes, and whether the owner of the other end took it.
  case question(UInt64, any StreamQuestion)
  case answer(UInt64, Bool)
  /// No bytes will follow; the end may still be read.
  case ended(UInt64)
  case closed(UInt64)
}

/// One end of a connection, for whoever is on another loop.
struct InprocPlace: Sendable {
  let sender: Mailbox<InprocMessage>.Sender
  let end: UInt64
}
