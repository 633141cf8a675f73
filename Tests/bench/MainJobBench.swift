import Glibc
import PeriodicCore
import PeriodicWire

/// Submit → worker → done, as fast as the windows allow.
final class MainJobBench {
  private let producers: [Connection]
  private let workers: [Connection]
  private var poller = Poller()
  private let jobs: Int
  private let window: Int
  private let grabs: Int
  private let workload: String
  private let server: Int32

  private var submitted = 0
  private var acknowledged = 0
  private var finished = 0

  init(
    path: String, producers: Int, window: Int, workers: Int, grabs: Int, jobs: Int, payload: Int,
    server: Int32
  ) {
    self.producers = (0..<producers).map { _ in Connection(path: path, role: .client) }
    self.workers = (0..<workers).map { _ in Connection(path: path, role: .worker) }
    self.window = window
    self.grabs = grabs
    self.jobs = jobs
    self.server = server
    workload = String(repeating: "x", count: payload)
    for connection in self.producers + self.workers { poller.add(connection) }
  }

  func run() {
    let cpuBefore = cpuMicroseconds(of: server)
    let start = nanoseconds()
    for worker in workers {
      withBytes(of: "bench") { worker.send(.canDo(function: $0), message: 0x8000_0000) }
      for slot in 1...grabs { worker.send(.grab(confirms: true), message: UInt32(slot)) }
      worker.flush()
    }
    for producer in producers {
      for _ in 0..<window { submit(producer) }
      producer.flush()
    }
    while finished < jobs {
      poller.wait(milliseconds: 1000) { index in
        if index < producers.count {
          serve(producer: producers[index])
        } else {
          serve(worker: workers[index - producers.count])
        }
      }
    }
    report(nanoseconds() - start, cpuMicroseconds(of: server) - cpuBefore)
  }

  private func submit(_ producer: Connection) {
    guard submitted < jobs else { return }
    submitted += 1
    withBytes(of: "bench") { function in
      withBytes(of: "job-\(submitted)") { name in
        withBytes(of: workload) { workload in
          let job = JobFields(key: JobKey(function: function, name: name), workload: workload)
          producer.send(.submit(job), message: UInt32(submitted & 0xffff))
        }
      }
    }
  }

  private func serve(producer: Connection) {
    producer.receive { message in
      guard case .success = message else { return }
      acknowledged += 1
      submit(producer)
    }
    producer.flush()
  }

  private func serve(worker: Connection) {
    worker.receive { message in
      guard case .assign(let id, let job) = message else { return }
      let slot = UInt32(id.number)
      worker.send(.assigned, message: slot)
      worker.send(.done(.key(job.key), data: .none), message: 0x4000_0000 | slot)
      worker.send(.grab(confirms: true), message: slot)
      finished += 1
    }
    worker.flush()
  }

  private func report(_ nanoseconds: Int64, _ cpu: Int64) {
    let seconds = Double(nanoseconds) / 1e9
    let rate = Double(finished) / seconds
    print(
      "jobs \(finished), acknowledged \(acknowledged), \(Int(rate)) jobs/s,",
      "server CPU \(Double(cpu * 100 / Int64(max(1, finished))) / 100) us/job")
  }
}
