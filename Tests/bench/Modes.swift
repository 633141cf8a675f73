import CEpoll
import Glibc
import PeriodicCore

/// The modes that drive any kind of server.
struct Modes<Speech: Dialect> {
  let address: String
  let server = ServerProcess(number: Int32(option("pid", 0)))
  let jobs = option("jobs", 100_000)
  let seconds = Double(option("milliseconds", 600_000)) / 1000

  var shape: Shape {
    var shape = Shape()
    shape.load = Load(
      payload: option("payload", 100), ahead: option("ahead", 0), functions: option("functions", 1),
      isScattered: option("scattered", 0) > 0)
    shape.producers = option("producers", 4)
    shape.window = option("window", 64)
    shape.workers = option("workers", 0)
    shape.grabs = option("grabs", 64)
    return shape
  }

  /// Submits, and if there are workers works too.
  func run() -> JSONObject {
    let generator = Generator<Speech>(address, shape, server: server, first: option("first", 0))
    let warmUp = option("warm-up", jobs / 20)
    if warmUp > 0 { _ = generator.measure(jobs: warmUp, seconds: seconds / 4) }
    return generator.measure(jobs: jobs, seconds: seconds).json
  }

  /// Submits in slices, and looks at the server's memory and speed after each. What is submitted
  /// to warm both up is in the server too, and not counted.
  func slices() -> JSONObject {
    let generator = Generator<Speech>(address, shape, server: server, first: option("first", 0))
    let count = option("slices", 10)
    let warmUp = option("warm-up", 0)
    if warmUp > 0 { _ = generator.measure(jobs: warmUp, seconds: seconds / 4) }
    let first = generator.acknowledged
    var object = JSONObject()
    object.add("before", server.residentBytes)
    let start = nanoseconds()
    let slices = (0..<count).map { _ in
      generator.measure(jobs: jobs / count, seconds: seconds).json
    }
    object.add("jobs", generator.acknowledged - first)
    object.add("seconds", Double(nanoseconds() - start) / 1e9)
    object.add(
      "rate", Double(generator.acknowledged - first) * 1e9 / Double(nanoseconds() - start))
    object.add("resident", server.residentBytes)
    object.add("slices", slices)
    return object
  }

  /// One job at a time to a worker that has nothing to do, `--gap` microseconds apart.
  func latency() -> JSONObject {
    var shape = shape
    shape.producers = 1
    shape.workers = option("workers", 1)
    shape.grabs = 1
    let gap = Int64(option("gap", 200)) * 1000
    // The system's timers are to be as good as they can be.
    _ = set_timer_slack()
    let generator = Generator<Speech>(address, shape, server: server)
    var latencies: [Int64] = []
    let warmUp = jobs / 20
    let end = nanoseconds() + Int64(seconds * 1e9)
    for number in 0..<(jobs + warmUp) {
      let latency = generator.latency()
      if number >= warmUp { latencies.append(latency) }
      if number > warmUp, nanoseconds() > end { break }
      generator.idle(until: nanoseconds() + gap)
    }
    return Latencies(latencies).json
  }

  /// Waits until a server listens.
  func listening() {
    let start = nanoseconds()
    while true {
      let descriptor = Address.connect(to: address)
      if descriptor >= 0 {
        close(descriptor)
        return
      }
      usleep(1000)
      if nanoseconds() - start > 120_000_000_000 { quit("nobody listens on \(address)") }
    }
  }
}
