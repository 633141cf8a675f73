import CPeriodic
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

/// What a request came to: an outcome to be mapped, or a code already.
enum Answer {
  case outcome(Outcome)
  case code(Int32)
}

func ask(
  _ client: OpaquePointer?,
  _ body: (ClientHandle) throws(RequestError) -> Answer
) -> Int32 {
  guard let handle = borrow(client, as: ClientHandle.self) else {
    return PERIODIC_EINVAL.rawValue
  }
  if handle.owner.misuse != 0 { return handle.owner.misuse }
  do {
    switch try body(handle) {
    case .code(let code): return code
    case .outcome(let outcome): return report(outcome, handle.owner, handle.client.lastLossText)
    }
  } catch {
    return handle.owner.fail(Code.of(error), error.text)
  }
}

/// A request whose answer is bytes that the client lends until the next of these.
func lendAnswer(
  _ client: OpaquePointer?, _ data: UnsafeMutablePointer<UnsafeRawPointer?>?,
  _ length: UnsafeMutablePointer<Int>?, _ body: (ClientHandle) throws(RequestError) -> Answer
) -> Int32 {
  data?.pointee = nil
  length?.pointee = 0
  return ask(client) { (handle) throws(RequestError) in
    handle.lent = nil
    let answer = try body(handle)
    if case .outcome(.data(let bytes)) = answer {
      let lent = LentBytes(bytes)
      handle.lent = lent
      data?.pointee = lent.start
      length?.pointee = lent.count
    }
    return answer
  }
}

/// The code of an outcome, with what the connection said last for a sentence.
func report(_ outcome: Outcome, _ owner: LoopHandle, _ loss: String?) -> Int32 {
  let code = Code.of(outcome)
  if code != 0 { owner.lastError = sentence(outcome, loss) }
  return code
}

func sentence(_ outcome: Outcome, _ loss: String?) -> String {
  let isAboutConnection = outcome == .disconnected || outcome == .timedOut
  return (isAboutConnection ? loss : nil) ?? String(cString: periodic_strerror(Code.of(outcome)))
}

/// A job as the layers below have it; `nil` if a pointer or the struct is not whole.
func fields(_ job: periodic_job_fields) -> JobFields? {
  guard job.size >= MemoryLayout<periodic_job_fields>.size,
    let function = bytes(job.function, job.function_length),
    let name = bytes(job.name, job.name_length),
    let workload = bytes(job.workload, job.workload_length), job.timeout_s >= 0
  else { return nil }
  return JobFields(
    key: JobKey(function: function, name: name), workload: workload, scheduledAt: job.run_at_s,
    timeout: job.timeout_s)
}
