import CPeriodic
import PeriodicClient
import PeriodicCore
import PeriodicRuntime

// What is asked of a server on the same loop without messages, as far as that can be.

extension ClientHandle {
  /// Submits jobs at once; `nil`, and nothing is done, if messages have to be sent.
  ///
  /// - Returns: the first code that is no success.
  func submitDirectly(
    _ jobs: UnsafePointer<periodic_job_fields>, _ count: Int,
    _ results: UnsafeMutablePointer<Int32>?
  ) -> Int32? {
    var first: Int32 = 0
    results?.update(repeating: 0, count: count)
    let isTaken = client.submitDirectly(count) {
      try fill(&$1, from: jobs + $0)
    } failed: { index, end in
      let code = code(of: end)
      results?[index] = code
      if first == 0 { first = code }
    }
    return isTaken ? first : nil
  }

  /// Submits jobs to a server on another loop of this process, a thousand to a message.
  ///
  /// - Returns: how many of them, from the first, were dealt with; messages have to be sent for the
  ///   others.
  func submitTogether(
    _ jobs: UnsafePointer<periodic_job_fields>, _ count: Int, _ timeout: Int64,
    _ codes: UnsafeMutablePointer<Int32>
  ) -> Int {
    codes.initialize(repeating: 0, count: count)
    return client.submitTogether(count, timeout: timeout) {
      try fields(jobs + $0)
    } failed: { index, end in
      codes[index] = code(of: end)
    }
  }

  private func code(of end: Result<Outcome, any Error>) -> Int32 {
    do {
      let outcome = try end.get()
      if case .success = outcome { return 0 }
      let code = Code.of(outcome)
      owner.lastError = lossText ?? String(cString: periodic_strerror(code))
      return code
    } catch {
      return owner.fail(error)
    }
  }
}

extension WorkerHandle {
  /// Takes jobs that have come, or that a server on the same loop has, without waiting.
  func takeWhatIsThere(_ jobs: UnsafeMutablePointer<OpaquePointer?>, _ most: Int) -> Int {
    var count = 0
    return worker.take(atMost: most) {
      jobs[count] = hand($0)
      count += 1
    }
  }

  /// Ends jobs as done as far as a server on the same loop can be told so.
  ///
  /// - Returns: how many, from the first.
  func doneDirectly(_ jobs: UnsafePointer<OpaquePointer?>, _ count: Int) -> Int {
    let told =
      worker.reportDirectly(count) {
        find(jobs[$0], as: JobHandle.self)?._withUnsafeGuaranteedRef { job in
          job.worker === self ? (job.job.token, .none) : nil
        }
      } ?? 0
    for index in 0..<told {
      find(jobs[index], as: JobHandle.self)?._withUnsafeGuaranteedRef { end($0) }
    }
    return told
  }
}
