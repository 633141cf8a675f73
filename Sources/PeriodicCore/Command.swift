/// Everything that a peer can ask, whatever protocol it speaks (PROTOCOL 2.1).
///
/// A codec makes one of each request; the engine and the server core know no other form. The bytes
/// inside are borrowed for the call that carries the command.
public enum Command {
  // Any role.
  case ping
  /// A number that no generation defines.
  case undefined(UInt8)
  /// A command of the other direction, which a server ignores.
  case serverOnly(UInt8)

  // Clients, and workers that submit too.
  case submit(JobFields)
  case run(JobFields)
  case receiveData(JobFields)
  case remove(JobKey)
  case drop(function: Bytes)
  case status
  case dump
  /// Jobs in the form of the session's protocol.
  case load(Bytes)
  case getSetting(key: Bytes)
  case setSetting(key: Bytes, value: UInt32)
  case shutdown

  // Workers.
  case canDo(function: Bytes)
  case broadcast(function: Bytes)
  case cannotDo(function: Bytes)
  /// One free slot. `confirms`: whether the worker may be expected to say that it took the job.
  case grab(confirms: Bool)
  case sleep
  case assigned
  case unassigned
  case done(RunReference, data: Bytes)
  case fail(RunReference)
  case later(RunReference, delay: Int64, step: UInt16)
  case workData(RunReference, data: Bytes)
  case acquire(lock: Bytes, capacity: UInt16, RunReference)
  case release(lock: Bytes, RunReference)

  /// Whether only a worker connection may send this (PROTOCOL 1.4).
  public var isForWorkers: Bool {
    switch self {
    case .canDo, .broadcast, .cannotDo, .grab, .sleep, .assigned, .unassigned, .done, .fail,
      .later, .workData, .acquire, .release:
      true
    default: false
    }
  }
}

/// How a worker names the run it reports on: generation 1 by job number, generation 2 by job name.
public enum RunReference {
  case id(JobID)
  case key(JobKey)
}
