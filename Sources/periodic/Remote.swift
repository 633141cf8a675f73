import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

/// A server to ask one thing after the other; every failure is a sentence.
struct Remote {
  private let address: Address
  private let client: Client

  init(_ connection: ServerAddress) throws {
    address = try parseAddress(connection.address())
    var options = ConnectionOptions()
    options.reconnects = false
    options.credentials = try connection.credentials()
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

  /// Runs a job: every piece of its data, then its result; `nil` if nobody can do the function.
  ///
  /// Listens first, so that no piece is missed, and asks both on one connection, in that order.
  func run(_ job: Job, onData: @escaping ([UInt8]) -> Void) throws -> [UInt8]? {
    let what = "run \(String(decoding: job.function, as: UTF8.self))"
    let loop = client.loop
    var end: Outcome?
    do {
      _ = try withKey(job) { key in
        try client.receiveData(
          key, seconds: job.timeout,
          .call { if case .part(let bytes) = $0 { onData(bytes) } })
      }
      try client.run(
        job,
        .call {
          end = $0
          loop.stop()
        })
    } catch {
      throw failure(what, error)
    }
    while end == nil { loop.run() }
    switch end {
    case .data(let result): return result
    case .noWorker: return nil
    default: throw failure(what, end ?? .cancelled)
    }
  }

  /// Listens until the job ends, or the server has let us listen for so long.
  func receive(
    _ name: JobName, seconds: Int32, onData: @escaping ([UInt8]) -> Void
  ) throws {
    let job = Job(name.function, name.name)
    let what = "recv \(name.function) \(name.name)"
    let outcome = try withKey(job) { key in
      try ask(what) { () throws(RequestError) in
        try client.receiveDataAndWait(key, seconds: seconds, onPart: onData)
      }
    }
    if outcome == .noWorker { throw Failure("\(what): nobody can do the function (NO_WORKER)") }
    guard outcome == .success else { throw failure(what, outcome) }
  }

  func setting(_ key: String) throws -> UInt32 {
    let what = "config get \(key)"
    let outcome = try withBytes(of: key) { bytes in
      try ask(what) { () throws(RequestError) in try client.getSettingAndWait(key: bytes) }
    }
    guard case .setting(let value) = outcome else { throw failure(what, outcome) }
    return value
  }

  func set(_ key: String, to value: UInt32) throws {
    try withBytes(of: key) { bytes in
      try expectSuccess("config set \(key)") { () throws(RequestError) in
        try client.setSettingAndWait(key: bytes, to: value)
      }
    }
  }

  /// All jobs, as a job list of generation 2.
  func dump() throws -> [UInt8] {
    let outcome = try ask("dump") { () throws(RequestError) in
      try client.dumpAndWait(timeout: .max)
    }
    guard case .data(let list) = outcome else { throw failure("dump", outcome) }
    return list
  }

  func load(_ list: [UInt8]) throws {
    try list.withUnsafeBytes { bytes in
      try expectSuccess("load") { () throws(RequestError) in
        try client.loadAndWait(bytes, timeout: .max)
      }
    }
  }

  /// Sends a list and goes on; `done` hears why it failed, or `nil`, while `turn` runs.
  func startLoad(_ list: [UInt8], _ done: @escaping (Failure?) -> Void) throws {
    let loop = client.loop
    do {
      _ = try list.withUnsafeBytes { list in
        try client.load(
          list,
          .call { outcome in
            done(outcome == .success ? nil : failure("load", outcome))
            loop.stop()
          }, timeout: .max)
      }
    } catch {
      throw failure("load", error)
    }
  }

  /// Waits until one of the lists is answered.
  func turn() { client.loop.run() }

  /// Does what can be done without waiting.
  func poll() { client.loop.step() }

  func shutDown() throws {
    try expectSuccess("shutdown") { () throws(RequestError) in
      try client.shutdownAndWait(timeout: .max)
    }
  }

  private func withKey<Result>(_ job: Job, _ body: (JobKey) throws -> Result) rethrows -> Result {
    try job.function.withUnsafeBytes { function in
      try job.name.withUnsafeBytes { name in
        try body(JobKey(function: function, name: name))
      }
    }
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
      throw failure(what, error)
    }
  }

  private func failure(_ what: String, _ error: any Error) -> Failure {
    guard let error = error as? RequestError else { return Failure("\(what): \(error)") }
    if case .closed = error { return failure(what, Outcome.disconnected) }
    return Failure("\(what): \(error.text)")
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
  let parsed: Address
  do {
    parsed = try Address(address)
  } catch {
    throw Failure(error.message)
  }
  if case .inproc = parsed {
    throw Failure("address \(address): only a program with the server inside can use it")
  }
  return parsed
}
