import PeriodicCore
import PeriodicServer
import PeriodicWire

/// A request, and which answers it may have.
struct HTTPExpectation {
  var request: String
  var answers: [String]
}

/// One HTTP connection from its client's side.
final class HTTPClient {
  let session: Session
  let requests: [HTTPExpectation]
  var unsent: [UInt8]
  var received: [UInt8] = []
  var isOpen = true
  var isPaused = false
  var isLost = false
  /// Closes its sending side when everything has been sent.
  var endsEarly = false
  var hasEnded = false

  init(_ session: Session, _ requests: [HTTPExpectation]) {
    self.session = session
    self.requests = requests
    unsent = requests.flatMap { Array($0.request.utf8) }
  }

  /// Status and body of each whole answer.
  var answers: [String] {
    var found: [String] = []
    var rest = String(decoding: received, as: UTF8.self)[...]
    while let end = rest.firstRange(of: "\r\n\r\n") {
      let head = rest[..<end.lowerBound].split(separator: "\r\n")
      let length =
        head.compactMap { line in
          line.hasPrefix("Content-Length: ") ? Int(line.dropFirst(16)) : nil
        }.first ?? 0
      let body = rest[end.upperBound...]
      guard body.utf8.count >= length else { break }
      found.append("\(head[0].split(separator: " ")[1]) \(body.prefix(length))")
      rest = body.dropFirst(length)
    }
    return found
  }

  /// What is wrong with the answers that came.
  ///
  /// - Parameter all: whether each request must have been answered.
  func problems(all: Bool) -> [String] {
    var found: [String] = []
    let answers = answers
    if answers.count > requests.count || (all && answers.count < requests.count) {
      found.append("\(answers.count) answers to \(requests.count) requests")
    }
    for (answer, request) in zip(answers, requests) where !request.answers.contains(answer) {
      found.append("\(request.request.split(separator: "\r\n")[0]) is answered \(answer)")
    }
    return found
  }
}

/// A worker of "run" that has one grab outstanding, and whose result is the job's name.
final class EchoWorker {
  let session: Session
  var unsent = ByteBuffer()
  private var received = ByteBuffer()
  private var decoder = Generation2ReplyDecoder(limit: 1 << 20)
  private var lastMessage: UInt32 = 1

  init(_ session: Session) {
    self.session = session
    Generation2.encodeRegistration(.worker, into: &unsent)
    withBytes(of: "run") {
      Generation2.encode(.canDo(function: $0), message: 1, into: &unsent)
    }
    grab()
  }

  private func grab() {
    lastMessage += 1
    Generation2.encode(.grab(confirms: true), message: lastMessage, into: &unsent)
  }

  func receive(_ bytes: Bytes) {
    received.append(bytes)
    while case .message(let message, let used) = decoder.next(received.bytes) {
      if case .assign(let id, let job) = message { run(job, UInt32(id.number)) }
      received.consume(used)
    }
  }

  private func run(_ job: JobFields, _ message: UInt32) {
    Generation2.encode(.assigned, message: message, into: &unsent)
    lastMessage += 1
    let report = Command.done(.key(job.key), data: job.key.name)
    Generation2.encode(report, message: lastMessage, into: &unsent)
    grab()
  }
}
