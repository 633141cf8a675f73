import CEpoll
import Glibc
import PeriodicCore
import PeriodicWire

/// The modes that only our daemon has.
struct DaemonModes {
  let address: String

  /// Waits until the server answers a PING, through a start and all that is loaded at it.
  func ready() -> JSONObject {
    Modes<PeriodicDialect>(address: address).listening()
    let start = nanoseconds()
    let connection = Connection(address, role: .client)
    connection.send(.ping, message: 1)
    wait(connection) { if case .pong = $0 { true } else { false } }
    var object = JSONObject()
    object.add("seconds", Double(nanoseconds() - start) / 1e9)
    return object
  }

  /// Drops the function that jobs were submitted to.
  func drop() -> JSONObject {
    let connection = Connection(address, role: .client)
    let start = nanoseconds()
    withBytes(of: "bench") { connection.send(.drop(function: $0), message: 1) }
    wait(connection) { if case .success = $0 { true } else { false } }
    var object = JSONObject()
    object.add("seconds", Double(nanoseconds() - start) / 1e9)
    return object
  }

  private func wait(_ connection: Connection, _ isIt: (ServerMessage) -> Bool) {
    var isDone = false
    while !isDone {
      connection.receive(until: nanoseconds() + 1_000_000_000) { if isIt($0) { isDone = true } }
    }
  }

  /// PINGs on a fixed schedule of a millisecond. A reply that is late does not put off the next
  /// PING, and latency counts from the moment at which the PING should have been sent. It goes on
  /// until `--milliseconds` are over, or the standard input ends if that is later.
  ///
  /// Beside it stands the server's CPU time from each PING to its reply, of all its threads: its
  /// turn cannot have been longer, whatever kept the machine from running it.
  func ping() -> JSONObject {
    let server = ServerProcess(number: Int32(option("pid", 0)))
    let connection = Connection(address, role: .client)
    _ = set_timer_slack()
    let least = option("milliseconds", 5000)
    let start = nanoseconds() + 10_000_000
    var latencies: [Int64] = []
    var usedBefore: [Int64] = []
    var used: [Int64] = []
    var sent = 0
    var isLast = false
    while !isLast || latencies.count < sent {
      let now = nanoseconds()
      if !isLast, sent >= least, isOver(0) { isLast = true }
      while !isLast, start + Int64(sent) * 1_000_000 <= now {
        usedBefore.append(server.timeNow)
        connection.send(.ping, message: UInt32(sent))
        sent += 1
      }
      let next = start + Int64(sent) * 1_000_000
      connection.receive(until: isLast ? next + 10_000_000 : next) { message in
        guard case .pong(let id) = message else { return }
        latencies.append(nanoseconds() - start - Int64(id.number) * 1_000_000)
        used.append(server.timeNow - usedBefore[Int(id.number)])
      }
    }
    var object = Latencies(latencies).json
    object.add("cpu", Latencies(used).json)
    return object
  }

  /// Whether a pipe's other end is closed.
  private func isOver(_ descriptor: Int32) -> Bool {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&waiting, 1, 0) > 0
  }

  /// Opens connections that do nothing, and keeps them until the standard input ends.
  func idle() {
    let isWorker = option("workers", 0) > 0
    let connections = (0..<option("connections", 10_000)).map { _ in
      let connection = Connection(address, role: isWorker ? .worker : .client)
      if isWorker {
        withBytes(of: "idle") { connection.send(.canDo(function: $0), message: 0x8000_0000) }
        connection.send(.grab(confirms: true), message: 1)
      }
      return connection
    }
    // The last one's PING is answered after all that came before.
    connections.last?.send(.ping, message: 2)
    if let last = connections.last {
      wait(last) { if case .pong = $0 { true } else { false } }
    }
    print("ready")
    fflush(nil)
    while !isOver(0) { usleep(10_000) }
  }
}
