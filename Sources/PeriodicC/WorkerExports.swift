public import CPeriodic
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

@_cdecl("periodic_worker_new") @implementation
public func periodic_worker_new(
  _ loop: OpaquePointer?, _ address: UnsafePointer<CChar>?, _ slots: Int32,
  _ options: UnsafePointer<periodic_connection_options>?,
  _ worker: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  onLoop(loop) { owner in
    guard let worker, (1...4096).contains(slots) else {
      return owner.fail(PERIODIC_EINVAL, "slots: \(slots), from 1 to 4096")
    }
    switch connection(address, options, owner) {
    case .failure(let failure): return owner.fail(failure.code, failure.text)
    case .success((let address, let options)):
      let made = Worker(owner.loop, to: address, slots: Int(slots), options: options)
      worker.pointee = give(WorkerHandle(owner, made))
      return 0
    }
  }
}

@_cdecl("periodic_worker_free") @implementation
public func periodic_worker_free(_ worker: OpaquePointer?) -> Int32 {
  guard let handle = borrow(worker, as: WorkerHandle.self) else { return 0 }
  if handle.owner.isForked { return 0 }
  if handle.owner.misuse != 0 { return handle.owner.misuse }
  if handle.owner.loop.isRunning { return PERIODIC_EDEADLK.rawValue }
  handle.forgetAll()
  handle.worker.close()
  handle.owner.children -= 1
  takeBack(worker, as: WorkerHandle.self)
  return 0
}

@_cdecl("periodic_worker_can_do") @implementation
public func periodic_worker_can_do(
  _ worker: OpaquePointer?, _ function: UnsafeRawPointer?, _ function_length: Int,
  _ timeout_ms: Int32
) -> Int32 {
  announce(worker, function, function_length, timeout_ms) {
    (worker, name, delivery, timeout) throws(RequestError) in
    try worker.canDo(function: name, delivery, timeout: timeout)
  }
}

@_cdecl("periodic_worker_broadcast") @implementation
public func periodic_worker_broadcast(
  _ worker: OpaquePointer?, _ function: UnsafeRawPointer?, _ function_length: Int,
  _ timeout_ms: Int32
) -> Int32 {
  announce(worker, function, function_length, timeout_ms) {
    (worker, name, delivery, timeout) throws(RequestError) in
    try worker.broadcast(function: name, delivery, timeout: timeout)
  }
}

@_cdecl("periodic_worker_cannot_do") @implementation
public func periodic_worker_cannot_do(
  _ worker: OpaquePointer?, _ function: UnsafeRawPointer?, _ function_length: Int,
  _ timeout_ms: Int32
) -> Int32 {
  announce(worker, function, function_length, timeout_ms) {
    (worker, name, delivery, timeout) throws(RequestError) in
    try worker.cannotDo(function: name, delivery, timeout: timeout)
  }
}

@_cdecl("periodic_worker_next") @implementation
public func periodic_worker_next(
  _ worker: OpaquePointer?, _ job: UnsafeMutablePointer<OpaquePointer?>?, _ timeout_ms: Int32
) -> Int32 {
  let count = periodic_worker_next_many(worker, job, 1, timeout_ms)
  return count == 1 ? 0 : count
}

@_cdecl("periodic_worker_next_many") @implementation
public func periodic_worker_next_many(
  _ worker: OpaquePointer?, _ jobs: UnsafeMutablePointer<OpaquePointer?>?, _ most: Int,
  _ timeout_ms: Int32
) -> Int32 {
  onWorker(worker) { (handle) throws(RequestError) in
    guard let jobs, most > 0 else {
      return handle.owner.fail(PERIODIC_EINVAL, "no room for a job")
    }
    handle.owner.loop.yieldIfDue()
    var count = handle.takeWhatIsThere(jobs, most)
    if count == 0 {
      let isOver = handle.worker.state == .closed || handle.isDraining
      let nothing = isOver ? PERIODIC_ECLOSED.rawValue : PERIODIC_ETIMEDOUT.rawValue
      if timeout_ms == 0, handle.owner.loop.isRunning { return nothing }
      let timeout = timeout_ms < 0 ? nil : Int64(timeout_ms)
      guard let first = try handle.worker.next(timeout: timeout) else { return nothing }
      jobs[0] = handle.hand(first)
      count = 1 + handle.takeWhatIsThere(jobs + 1, most - 1)
    }
    return Int32(clamping: count)
  }
}

@_cdecl("periodic_worker_done_many") @implementation
public func periodic_worker_done_many(
  _ worker: OpaquePointer?, _ jobs: UnsafePointer<OpaquePointer?>?, _ count: Int
) -> Int32 {
  onWorker(worker) { (handle) throws(RequestError) in
    guard let jobs, count >= 0 else {
      return handle.owner.fail(PERIODIC_EINVAL, "jobs is NULL, or the count is out of range")
    }
    for index in handle.doneDirectly(jobs, count)..<count {
      let code = periodic_job_done(jobs[index], nil, 0)
      if code != 0, code != PERIODIC_ESTALE.rawValue {
        return index == 0 ? code : Int32(clamping: index)
      }
    }
    return Int32(clamping: count)
  }
}

@_cdecl("periodic_worker_drain") @implementation
public func periodic_worker_drain(_ worker: OpaquePointer?, _ timeout_ms: Int32) -> Int32 {
  onWorker(worker) { (handle) throws(RequestError) in
    handle.isDraining = true
    let outcome = try handle.worker.drainAndWait(timeout: time(timeout_ms))
    return report(outcome, handle.owner, handle.worker.lastLossText)
  }
}

// MARK: Shared

extension WorkerHandle {
  /// Takes jobs that have come, or that a server on the same loop has, without waiting.
  fileprivate func takeWhatIsThere(
    _ jobs: UnsafeMutablePointer<OpaquePointer?>, _ most: Int
  ) -> Int {
    var count = 0
    while count < most, worker.receivedCount > 0, let job = worker.next() {
      jobs[count] = hand(job)
      count += 1
    }
    _ = worker.pull(atMost: most - count) {
      jobs[count] = hand($0)
      count += 1
    }
    return count
  }

  /// Ends jobs as done as far as a server on the same loop can be told by calls.
  ///
  /// - Returns: how many, from the first.
  fileprivate func doneDirectly(_ jobs: UnsafePointer<OpaquePointer?>, _ count: Int) -> Int {
    worker.reportDirectly { done in
      var index = 0
      while index < count, let job = borrow(jobs[index], as: JobHandle.self), job.worker === self,
        done(job.job.token, .none)
      {
        forget(job)
        index += 1
      }
      return index
    } ?? 0
  }
}

func onWorker(
  _ worker: OpaquePointer?, _ body: (WorkerHandle) throws(RequestError) -> Int32
) -> Int32 {
  guard let handle = borrow(worker, as: WorkerHandle.self) else {
    return PERIODIC_EINVAL.rawValue
  }
  if handle.owner.misuse != 0 { return handle.owner.misuse }
  do {
    return try body(handle)
  } catch {
    return handle.owner.fail(Code.of(error), error.text)
  }
}

/// Announces or takes back a function, and waits for the server's word if time is given.
private func announce(
  _ worker: OpaquePointer?, _ function: UnsafeRawPointer?, _ length: Int, _ timeout_ms: Int32,
  _ request: (Worker, Bytes, Delivery, Int64?) throws(RequestError) -> RequestID
) -> Int32 {
  onWorker(worker) { (handle) throws(RequestError) in
    guard let name = bytes(function, length) else {
      return handle.owner.fail(PERIODIC_EINVAL, "function is NULL")
    }
    if timeout_ms == 0 {
      _ = try request(handle.worker, name, .none, nil)
      return 0
    }
    let outcome = try wait(handle) { (delivery) throws(RequestError) in
      _ = try request(handle.worker, name, delivery, time(timeout_ms))
    }
    return report(outcome, handle.owner, handle.worker.lastLossText)
  }
}

/// Makes a request and runs the loop until it has ended.
func wait(
  _ handle: WorkerHandle, _ request: (Delivery) throws(RequestError) -> Void
) throws(RequestError) -> Outcome {
  let loop = handle.owner.loop
  if loop.isRunning { throw .deadlock }
  var outcome: Outcome?
  try request(
    .call {
      outcome = $0
      loop.stop()
    })
  while true {
    if let outcome { return outcome }
    loop.run()
  }
}
