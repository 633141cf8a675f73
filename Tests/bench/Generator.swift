import Glibc
import PeriodicCore

/// Who is connected, and how much each has under way.
struct Shape {
  var load = Load()
  var producers = 4
  var workers = 0
  /// Requests under way on each producer's connection.
  var window = 64
  /// Jobs asked for at a time on each worker's connection.
  var grabs = 64
}

/// Drives one server by one single-threaded loop, the same for each kind of server.
final class Generator<Speech: Dialect> {
  private let shape: Shape
  private let server: ServerProcess
  private let links: [Link<Speech>]
  private let poller = Poller()
  private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
  private var submitted: Int
  private(set) var acknowledged: Int
  private(set) var received: Int
  /// Jobs that are submitted in all.
  private var end = 0
  /// When submitting ends in any case.
  private var deadline = Int64.max

  /// Jobs are numbered from `first`.
  init(_ address: String, _ shape: Shape, server: ServerProcess, first: Int = 0) {
    self.shape = shape
    self.server = server
    submitted = first
    acknowledged = first
    received = first
    links =
      (0..<shape.producers).map { _ in
        Link(address, Speech(.producer, shape.load, functions: []))
      }
      + (0..<shape.workers).map { worker in
        // Each function has a worker, and each worker a function.
        let functions = (0..<shape.load.functions).filter {
          shape.load.functions < shape.workers || $0 % shape.workers == worker
        }
        return Link(address, Speech(.worker, shape.load, functions: functions))
      }
    for (place, link) in links.enumerated() { poller.add(link.descriptor, as: place) }
    for link in links[shape.producers...] {
      for slot in 0..<shape.grabs { link.speech.grab(slot, into: &link.output) }
    }
    for place in links.indices { flush(place) }
    settle()
    guard received == first else { quit("workers got jobs before any was submitted") }
  }

  deinit { room.deallocate() }

  /// Serves until nothing has come for a tenth of a second: greetings, and workers going to sleep.
  private func settle() {
    while turn(nanoseconds: 100_000_000) {}
  }

  /// Submits `jobs`, or fewer if `seconds` are over before, and waits until they are done.
  func measure(jobs: Int, seconds: Double) -> Measurement {
    let before = server.threads
    let used = ownCPUTime()
    let start = nanoseconds()
    let first = submitted
    deadline = start + Int64(seconds * 1e9)
    end = submitted + jobs
    for place in 0..<shape.producers {
      for _ in 0..<shape.window { submit(on: links[place]) }
      flush(place)
    }
    while acknowledged < end || (shape.workers > 0 && received < end) {
      if !turn(nanoseconds: 20_000_000_000) {
        quit("\(Speech.name) has been silent for twenty seconds")
      }
      if end > submitted, nanoseconds() > deadline { end = submitted }
    }
    return Measurement(
      jobs: submitted - first, wall: nanoseconds() - start, server: server.used(since: before),
      generator: ownCPUTime() - used, resident: server.residentBytes)
  }

  /// Submits one job and waits until a worker has it.
  ///
  /// - Returns: nanoseconds.
  func latency() -> Int64 {
    end = submitted + 1
    let start = nanoseconds()
    submit(on: links[0])
    flush(0)
    var arrival: Int64 = 0
    while acknowledged < end || received < end {
      if !turn(nanoseconds: 20_000_000_000) {
        quit("\(Speech.name) has been silent for twenty seconds")
      }
      if arrival == 0, received == end { arrival = nanoseconds() }
    }
    return arrival - start
  }

  /// Serves until `moment`.
  func idle(until moment: Int64) {
    while true {
      let left = moment - nanoseconds()
      if left <= 0 { return }
      turn(nanoseconds: left)
    }
  }

  @discardableResult
  private func turn(nanoseconds: Int64) -> Bool {
    poller.wait(nanoseconds: nanoseconds) { serve($0) }
  }

  private func serve(_ place: Int) {
    let link = links[place]
    let answers = link.receive(into: room)
    if place < shape.producers {
      acknowledged += answers
      for _ in 0..<answers { submit(on: link) }
    } else {
      received += answers
    }
    flush(place)
  }

  private func flush(_ place: Int) {
    let link = links[place]
    link.flush()
    if link.output.isEmpty == link.waitsToWrite {
      link.waitsToWrite = !link.output.isEmpty
      poller.change(link.descriptor, as: place, toWrite: link.waitsToWrite)
    }
  }

  private func submit(on link: Link<Speech>) {
    guard submitted < end else { return }
    submitted += 1
    link.speech.submit(submitted, into: &link.output)
  }
}
