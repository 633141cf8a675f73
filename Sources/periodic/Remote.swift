import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

/// A server to ask one thing after the other; every failure is a sentence.
struct Remote {
  private let address: Address
  private let client: Client

  init(_ address: String) throws {
    self.address = try parseAddress(address)
    var options = ConnectionOptions()
    options.reconnects = false
    client = Client(try Loop(), to: self.address, options: options)
  }

  func submit(
    _ name: JobName, workload: [UInt8], scheduledAt: Int64, timeout: Int32
  ) throws {
    let job = Job(
      function: Array(name.function.utf8), name: Array(name.name.utf8), workload: workload,
      scheduledAt: scheduledAt, timeout: timeout)
    try expectSuccess("submit \(name.function) \(name.name)") { () throws(RequestError) in
      try client.submitAndWait(job)
    }
  }

  func remove(_ name: JobName) throws {
    try withBytes(of: name.function) { function in
      try withBytes(of: name.name) { bytes in
        try expectSuccess("remove \(name.function) \(name.name)") { () throws(RequestError) in
          try client.removeAndWait(JobKey(function: function, name: bytes))
        }
      }
    }
  }

  func drop(_ function: String) throws {
    try withBytes(of: function) { bytes in
      try expectSuccess("drop \(function)") { () throws(RequestError) in
        try client.dropAndWait(function: bytes)
      }
    }
  }

  func ping() throws {
    try expectSuccess("ping") { () throws(RequestError) in try client.pingAndWait() }
  }

  /// The text of a STATUS reply.
  func status() throws -> String {
    let outcome = try ask("status") { () throws(RequestError) in try client.statusAndWait() }
    guard case .data(let text) = outcome else { throw failure("status", outcome) }
    return String(decoding: text, as: UTF8.self)
  }

  private func expectSuccess(
    _ what: String, _ body: () throws(RequestError) -> Outcome
  ) throws {
    let outcome = try ask(what, body)
    guard outcome == .success else { throw failure(what, outcome) }
  }

  private func ask(
    _ what: String, _ body: () throws(RequestError) -> Outcome
  ) throws -> Outcome {
    do {
      return try body()
    } catch {
      if case .closed = error { throw failure(what, .disconnected) }
      throw Failure("\(what): \(error.text)")
    }
  }

  private func failure(_ what: String, _ outcome: Outcome) -> Failure {
    switch outcome {
    case .disconnected, .cancelled:
      Failure("\(what): \(address): \(client.lastLossText ?? "the connection was lost")")
    case .timedOut: Failure("\(what): \(address) does not answer")
    case .refused: Failure("\(what): the server refused (UNKNOWN)")
    case .noWorker: Failure("\(what): the server refused (NO_WORKER)")
    default: Failure("\(what): an unexpected answer")
    }
  }
}

/// An address, or a sentence about what is wrong with it.
func parseAddress(_ address: String) throws -> Address {
  do {
    return try Address(address)
  } catch {
    throw Failure(error.message)
  }
}
