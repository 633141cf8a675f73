import CPeriodic
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

/// How each exported function begins and ends: who may call, and what is done after it.

/// A handle whose loop says who may use it.
protocol OnLoop: Handle {
  var owner: LoopHandle { get }
}

/// A call on the owner thread. Everything that is called meanwhile comes from a callback.
@inline(__always)
func call<Object: OnLoop>(
  _ pointer: OpaquePointer?, _: Object.Type, _ body: (Object) throws -> Int32
) -> Int32 {
  guard let handle = borrow(pointer, as: Object.self) else { return PERIODIC_EINVAL.rawValue }
  return handle.owner.call {
    if handle.owner.isAsking { throw RequestError.deadlock }
    do { return try body(handle) } catch {
      throw handle.isFreed ? PeriodicFailure.freed : error
    }
  }
}

/// A call that drives the loop.
func drive<Object: OnLoop>(
  _ pointer: OpaquePointer?, _: Object.Type, _ body: (Object) throws -> Int32
) -> Int32 {
  call(pointer, Object.self) { handle in
    try handle.owner.checkMayDrive()
    return try body(handle)
  }
}

/// A call that frees its handle: no pointer is fine, and so is one of the parent process.
func free<Object: OnLoop>(
  _ pointer: OpaquePointer?, _: Object.Type, _ body: (Object) throws -> Void
) -> Int32 {
  guard pointer != nil else { return 0 }
  guard let handle = borrow(pointer, as: Object.self) else { return PERIODIC_EINVAL.rawValue }
  if handle.owner.isForked { return 0 }
  return handle.owner.call {
    try body(handle)
    return 0
  }
}

extension LoopHandle {
  @inline(__always)
  func call(_ body: () throws -> Int32) -> Int32 {
    if misuse != 0 { return misuse }
    depth += 1
    defer { depth -= 1 }
    var code: Int32
    do { code = try body() } catch { code = fail(error) }
    if hasLeftovers, depth == 1 { finish() }
    return code
  }

  /// Inside a callback nothing may drive the loop.
  func checkMayDrive() throws {
    if depth > 1 { throw RequestError.deadlock }
  }

  /// Makes something on the loop, which no callback frees meanwhile.
  func adding(_ make: () throws -> Void) throws -> Int32 {
    children += 1
    do { try make() } catch {
      children -= 1
      throw error
    }
    return 0
  }

  /// Does something when nothing of this loop is under way any more: at the end of the outermost
  /// call, or between two turns of it, whichever comes first. In the order that was asked for.
  func afterwards(_ body: @escaping () -> Void) {
    // The outermost call may run many turns, or is about to.
    if depth > 1, leftovers.isEmpty { loop.soon { [weak self] in self?.clearUp() } }
    leftovers.append(body)
    hasLeftovers = true
  }

  private func clearUp() {
    while !leftovers.isEmpty {
      let bodies = leftovers
      leftovers = []
      for body in bodies { body() }
    }
  }

  private func finish() {
    clearUp()
    hasLeftovers = false
    if isFreed { letGo() }
  }

  /// Keeps a failure's sentence, and says its code.
  func fail(_ error: any Error) -> Int32 {
    let failure = PeriodicFailure(error)
    lastError = failure.text
    return failure.code.rawValue
  }
}

/// A code and its sentence.
struct PeriodicFailure: Error {
  var code: periodic_errno
  var text: String

  init(_ code: periodic_errno, _ text: String) {
    self.code = code
    self.text = text
  }

  init(_ error: any Error) {
    switch error {
    case let error as PeriodicFailure: self = error
    case let error as OptionError: self.init(PERIODIC_EINVAL, error.description)
    case let error as RequestError: self.init(Code.of(error), error.text)
    case let error as ServerError: self.init(Code.of(error), error.description)
    case let error as LoopError: self.init(Code.of(error), error.message)
    default: self.init(PERIODIC_EIO, "\(error)")
    }
  }

  static func invalid(_ text: String) -> PeriodicFailure { .init(PERIODIC_EINVAL, text) }

  /// A callback has freed what the call was about.
  static let freed = PeriodicFailure(PERIODIC_ECANCELED, "freed by a callback meanwhile")
}
