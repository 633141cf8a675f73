import Glibc
import PeriodicCore
import PeriodicWire

/// Submits jobs far ahead through one connection, with names of 16 bytes, numbered from `first`.
func fill(path: String, first: Int, count: Int, ahead: Int, payload: Int, window: Int) {
  let connection = Connection(path: path, role: .client)
  var poller = Poller()
  poller.add(connection)
  let workload = String(repeating: "x", count: payload)
  let due = Int64(time(nil)) + Int64(ahead)
  var sent = 0
  var acknowledged = 0
  let start = nanoseconds()
  var slices = [start]
  while acknowledged < count {
    while sent < count, sent - acknowledged < window {
      sent += 1
      let number = String(first + sent)
      let name = String(repeating: "0", count: 16 - number.utf8.count) + number
      submit(connection, name, workload, due + Int64(sent % 1000), UInt32(sent))
    }
    connection.flush()
    poller.wait(milliseconds: 1000) { _ in
      connection.receive { if case .success = $0 { acknowledged += 1 } }
    }
    if acknowledged >= slices.count * 100_000 { slices.append(nanoseconds()) }
  }
  let seconds = Double(nanoseconds() - start) / 1e9
  print("filled \(count) in \(fixed(seconds)) s, \(Int(Double(count) / seconds)) jobs/s")
  reportSlices(slices)
}

/// How even the speed was from the first 100,000 to the last.
private func reportSlices(_ times: [Int64]) {
  let rates = zip(times, times.dropFirst()).map { 1e11 / Double($1 - $0) }
  guard let first = rates.first, let last = rates.last else { return }
  let spread = Spread(rates)
  print(
    "thousand jobs/s by each 100,000: first \(fixed(first)), last \(fixed(last)),",
    "median \(spread.text)")
}

/// Waits until the server answers a PING, through a start and all that is loaded at it.
func awaitReady(path: String) {
  let start = nanoseconds()
  while !Link<RedisDialect>.answers(at: path) {
    usleep(1000)
    if nanoseconds() - start > 120_000_000_000 { quit("nobody listens on \(path)") }
  }
  let connection = Connection(path: path, role: .client)
  var poller = Poller()
  poller.add(connection)
  connection.send(.ping, message: 1)
  connection.flush()
  var isReady = false
  while !isReady {
    poller.wait(milliseconds: 1000) { _ in
      connection.receive { if case .pong = $0 { isReady = true } }
    }
  }
}

private func submit(
  _ connection: Connection, _ name: String, _ workload: String, _ due: Int64, _ message: UInt32
) {
  withBytes(of: "far") { function in
    withBytes(of: name) { name in
      withBytes(of: workload) { workload in
        let key = JobKey(function: function, name: name)
        let job = JobFields(key: key, workload: workload, scheduledAt: due)
        connection.send(.submit(job), message: message & 0xff_ffff)
      }
    }
  }
}

/// Drops the function that `fill` filled.
func drop(path: String) {
  let connection = Connection(path: path, role: .client)
  var poller = Poller()
  poller.add(connection)
  let start = nanoseconds()
  withBytes(of: "far") { connection.send(.drop(function: $0), message: 1) }
  connection.flush()
  var isDone = false
  while !isDone {
    poller.wait(milliseconds: 1000) { _ in
      connection.receive { if case .success = $0 { isDone = true } }
    }
  }
  print("dropped in \((nanoseconds() - start) / 1000) us")
}

/// PINGs on a fixed schedule. A reply that is late does not put off the next PING, and latency
/// counts from the moment at which the PING should have been sent.
func ping(path: String, seconds: Int) {
  let connection = Connection(path: path, role: .client)
  var poller = Poller()
  poller.add(connection)
  let count = seconds * 1000
  let start = nanoseconds() + 10_000_000
  var latencies: [Int64] = []
  var sent = 0
  while latencies.count < count {
    let now = nanoseconds()
    while sent < count, start + Int64(sent) * 1_000_000 <= now {
      connection.send(.ping, message: UInt32(sent))
      sent += 1
    }
    connection.flush()
    poller.wait(milliseconds: 1) { _ in
      connection.receive { message in
        guard case .pong(let id) = message else { return }
        latencies.append(nanoseconds() - start - Int64(id.number) * 1_000_000)
      }
    }
  }
  latencies.sort()
  func percentile(_ share: Double) -> Double {
    Double(latencies[min(latencies.count - 1, Int(Double(latencies.count) * share))] / 1000) / 1000
  }
  print(
    "\(count) pings, ms: p50 \(percentile(0.5)), p99 \(percentile(0.99)),",
    "p99.9 \(percentile(0.999)), max \(percentile(1))")
}
