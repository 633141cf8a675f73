import PeriodicCore
import PeriodicServer
import PeriodicWire

/// One end of a simulated connection: bytes on the way to the server, bytes from it, and what this
/// peer knows of its requests.
final class SimulatedPeer {
  enum Request: Equatable {
    case ping, status, canDo, grab, drop, dump
    case submit(KeyName, version: Int)
    case remove(KeyName)
    case report(KeyName)
    case run(KeyName)
    /// Until SUCCESS, and then until EOF.
    case listen(KeyName, isHeard: Bool)
    case load([KeyName: Int])
    case get(String, newest: Int)
    case set(String, Int)
    case acquire(String, KeyName)

    /// Whether the request may bring a new version of the job.
    func brings(_ key: KeyName) -> Bool {
      switch self {
      case .submit(key, _), .run(key): true
      case .load(let jobs): jobs[key] != nil
      default: false
      }
    }
  }

  /// A job that was assigned and not reported on.
  struct HeldJob {
    var key: KeyName
    var version: Int
    var id: JobID?
    /// The last ACQUIRE for it has not been answered.
    var isAsking = false
  }

  let number: Int
  let isWorker: Bool
  let generation: Generation
  var session: Session
  var isOpen = true
  /// Sent, not yet arrived.
  var toServer = ByteBuffer()
  /// Arrived, not yet decoded.
  var fromServer = ByteBuffer()
  var decoder = Generation2ReplyDecoder(limit: 1 << 20)
  // What a dump has beside the jobs themselves comes on top of the limit of a frame.
  let decoder1 = Generation1ReplyDecoder(limit: 1 << 22)
  var isGreeted = false
  var isPaused = false
  var hasEnded = false

  private var lastMessage: UInt32 = 0
  var outstanding: [UInt32: Request] = [:]
  var grabs: Set<UInt32> = []
  var held: [HeldJob] = []

  /// Jobs that were refused by a word that may still be on its way.
  var refused: [KeyName] = []
  /// What listeners have heard: the newest piece of each sender, by request.
  var heardPieces: [UInt32: [Int: Int]] = [:]
  /// Locks that it knows to hold, and for which jobs.
  var locks: [(name: String, key: KeyName)] = []

  init(number: Int, isWorker: Bool, generation: Generation, session: Session) {
    self.number = number
    self.isWorker = isWorker
    self.generation = generation
    self.session = session
    let role: Role = isWorker ? .worker : .client
    if generation == .one {
      Generation1.encodeRegistration(role, into: &toServer)
    } else {
      Generation2.encodeRegistration(role, into: &toServer)
    }
  }

  func send(_ command: Command, as request: Request) {
    let message = sendUnasked(command)
    if request == .grab { grabs.insert(message) }
    if generation == .one, Generation1.hasNoReply(command) { return }
    outstanding[message] = request
  }

  /// Sends what has no reply, and gives the id under which it went.
  @discardableResult
  func sendUnasked(_ command: Command) -> UInt32 {
    lastMessage += 1
    sendWithoutReply(command, message: lastMessage)
    return lastMessage
  }

  func sendWithoutReply(_ command: Command, message: UInt32) {
    if generation == .one {
      withBytes(of: String(message)) {
        Generation1.encode(command, message: $0, into: &toServer)
      }
    } else {
      Generation2.encode(command, message: message, into: &toServer)
    }
  }

  /// A worker's assignment may be on its way that it has not read.
  var hasUnread: Bool { isWorker && !(session.output.isEmpty && fromServer.isEmpty) }

  /// The job is out of its hands.
  func drop(_ index: Int) -> HeldJob {
    let job = held.remove(at: index)
    locks.removeAll { $0.key == job.key }
    return job
  }

  /// How its generation names a run.
  func reference(_ job: HeldJob, _ key: JobKey) -> RunReference {
    generation == .one ? job.id.map { .id($0) } ?? .key(key) : .key(key)
  }
}
