import PeriodicCore
import PeriodicServer
import PeriodicWire

/// One end of a simulated connection: bytes on the way to the server, bytes from it, and what this
/// peer knows of its requests.
final class SimulatedPeer {
  enum Request: Equatable {
    case ping, status, canDo, grab
    case submit(KeyName, version: Int)
    case remove(KeyName)
    case report(KeyName)
  }

  let number: Int
  let isWorker: Bool
  var session: Session
  var isOpen = true
  /// Sent, not yet arrived.
  var toServer = ByteBuffer()
  /// Arrived, not yet decoded.
  var fromServer = ByteBuffer()
  var decoder = Generation2ReplyDecoder(limit: 1 << 20)
  var isGreeted = false
  var isPaused = false
  var hasEnded = false

  private var lastMessage: UInt32 = 0
  var outstanding: [UInt32: Request] = [:]
  var grabs: Set<UInt32> = []
  /// Jobs that were assigned and not reported on.
  var held: [(key: KeyName, version: Int)] = []

  /// Jobs that were refused by a word that may still be on its way.
  var refused: [KeyName] = []

  init(number: Int, isWorker: Bool, session: Session) {
    self.number = number
    self.isWorker = isWorker
    self.session = session
    Generation2.encodeRegistration(isWorker ? .worker : .client, into: &toServer)
  }

  func send(_ command: Command, as request: Request) {
    lastMessage += 1
    outstanding[lastMessage] = request
    if request == .grab { grabs.insert(lastMessage) }
    Generation2.encode(command, message: lastMessage, into: &toServer)
  }

  func sendWithoutReply(_ command: Command, message: UInt32) {
    Generation2.encode(command, message: message, into: &toServer)
  }
}
