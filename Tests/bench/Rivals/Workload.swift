import Glibc
import PeriodicCore

/// What one measurement does.
struct Workload {
  enum Kind: String, CaseIterable {
    /// Producers submit; nobody takes.
    case submits
    /// Producers submit, workers take and finish.
    case endToEnd = "end-to-end"
  }

  var kind: Kind
  var jobs: Int
  var producers: Int
  var workers: Int
  /// Requests under way on each producer's connection.
  var window: Int
  /// Jobs asked for at a time on each worker's connection.
  var grabs: Int
  var payload: Int
}

/// What one measurement found. Times are nanoseconds.
struct Measurement {
  var jobs: Int
  var wall: Int64
  /// CPU time of the server's threads.
  var server: [(thread: String, time: Int64)]
  var generator: Int64

  var rate: Double { Double(jobs) * 1e9 / Double(wall) }
  /// Microseconds of the server's CPU time for one job.
  var cost: Double { Double(server.reduce(0) { $0 + $1.time }) / Double(jobs) / 1000 }
  /// The share of one core that the generator needed: near 1 it is what was measured.
  var generatorShare: Double { Double(generator) / Double(wall) }
}

/// Drives one server by one single-threaded loop, the same for each kind of server.
final class Generator<Speech: Dialect> {
  private let workload: Workload
  private let links: [Link<Speech>]
  private var waiting: [pollfd]
  private var submitted = 0
  private var acknowledged = 0
  private var received = 0

  init(_ workload: Workload, path: String) {
    self.workload = workload
    let workers = workload.kind == .submits ? 0 : workload.workers
    links =
      (0..<workload.producers).map { _ in
        Link(path: path, Speech.producer(payload: workload.payload))
      }
      + (0..<workers).map { _ in Link(path: path, Speech.worker(payload: workload.payload)) }
    waiting = links.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
  }

  func run(server: pid_t) -> Measurement {
    start()
    let before = CPUTime.threads(of: server)
    let used = CPUTime.ofThisProcess
    let start = nanoseconds()
    for link in links[..<workload.producers] {
      for _ in 0..<workload.window { submit(on: link) }
      link.flush()
    }
    withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { room in
      while !isDone { turn(room) }
    }
    let wall = nanoseconds() - start
    return Measurement(
      jobs: workload.jobs, wall: wall,
      server: CPUTime.difference(CPUTime.threads(of: server), before),
      generator: CPUTime.ofThisProcess - used)
  }

  private var isDone: Bool {
    acknowledged == workload.jobs && (workload.kind == .submits || received == workload.jobs)
  }

  /// Greetings, and the workers' first requests, before the clock runs.
  private func start() {
    for link in links[workload.producers...] {
      for slot in 0..<workload.grabs { link.speech.grab(slot, into: &link.output) }
    }
    for link in links { link.flush() }
    usleep(100_000)
  }

  private func turn(_ room: UnsafeMutableRawBufferPointer) {
    if poll(&waiting, nfds_t(waiting.count), 10_000) == 0 {
      quit("\(Speech.name) has been silent for ten seconds")
    }
    for index in waiting.indices where waiting[index].revents != 0 { serve(index, room) }
  }

  private func serve(_ index: Int, _ room: UnsafeMutableRawBufferPointer) {
    let link = links[index]
    var answers = 0
    link.receive(into: room) { answers += 1 }
    if index < workload.producers {
      acknowledged += answers
      for _ in 0..<answers { submit(on: link) }
    } else {
      received += answers
    }
    link.flush()
  }

  private func submit(on link: Link<Speech>) {
    guard submitted < workload.jobs else { return }
    submitted += 1
    link.speech.submit(submitted, into: &link.output)
  }
}
