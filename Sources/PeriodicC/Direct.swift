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
    client.submitDirectly { submit in
      var first: Int32 = 0
      for index in 0..<count {
        let code = code(of: jobs + index, submit)
        results?[index] = code
        if first == 0 { first = code }
      }
      return first
    }
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
      do {
        codes[index] = Code.of(try end.get())
        owner.lastError = lossText ?? String(cString: periodic_strerror(codes[index]))
      } catch {
        codes[index] = owner.fail(error)
      }
    }
  }

  @inline(__always)
  private func code(
    of job: UnsafePointer<periodic_job_fields>,
    _ submit: (JobFields) throws(RequestError) -> Outcome
  ) -> Int32 {
    do {
      let outcome = try submit(try fields(job))
      if case .success = outcome { return 0 }
      let code = Code.of(outcome)
      owner.lastError = String(cString: periodic_strerror(code))
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
    worker.reportDirectly { done in
      var index = 0
      while index < count, let job = borrow(jobs[index], as: JobHandle.self), job.worker === self,
        done(job.job.token, .none)
      {
        end(job)
        index += 1
      }
      return index
    } ?? 0
  }
}
