import CFork
public import CPeriodic
import PeriodicCore
import PeriodicLoop

@_cdecl("periodic_loop_new") @implementation
public func periodic_loop_new(_ loop: UnsafeMutablePointer<OpaquePointer?>?) -> Int32 {
  guard let loop else { return PERIODIC_EINVAL.rawValue }
  guard periodic_forks_are_watched() != 0 else { return PERIODIC_EIO.rawValue }
  FirstUse.happen()
  do {
    loop.pointee = LoopHandle(try Loop()).give()
    return 0
  } catch {
    return Code.of(error).rawValue
  }
}

@_cdecl("periodic_loop_free") @implementation
public func periodic_loop_free(_ loop: OpaquePointer?) -> Int32 {
  free(loop, LoopHandle.self) { handle in
    if handle.children > 0 {
      let text = "free the loop: \(handle.children) objects are on it"
      throw PeriodicFailure(PERIODIC_EBUSY, text)
    }
    handle.free()
  }
}

@_cdecl("periodic_loop_adopt") @implementation
public func periodic_loop_adopt(_ loop: OpaquePointer?) -> Int32 {
  guard let handle = borrow(loop, as: LoopHandle.self) else { return PERIODIC_EINVAL.rawValue }
  if handle.isForked { return PERIODIC_EFORK.rawValue }
  if handle.isOwner { return 0 }
  if handle.depth > 0 { return PERIODIC_EBUSY.rawValue }
  handle.adopt()
  return 0
}

@_cdecl("periodic_loop_fd") @implementation
public func periodic_loop_fd(_ loop: OpaquePointer?) -> Int32 {
  call(loop, LoopHandle.self) { $0.loop.fileDescriptor }
}

@_cdecl("periodic_loop_timeout_ms") @implementation
public func periodic_loop_timeout_ms(_ loop: OpaquePointer?) -> Int32 {
  call(loop, LoopHandle.self) { $0.loop.timeoutMilliseconds }
}

@_cdecl("periodic_loop_step") @implementation
public func periodic_loop_step(_ loop: OpaquePointer?, _ max: Int32) -> Int32 {
  drive(loop, LoopHandle.self) { handle in
    guard max >= -1 else { throw PeriodicFailure.invalid("max: \(max), -1 is no bound") }
    return Int32(clamping: handle.loop.step(atMost: max < 0 ? .max : Int(max)))
  }
}

@_cdecl("periodic_loop_run") @implementation
public func periodic_loop_run(_ loop: OpaquePointer?) -> Int32 {
  drive(loop, LoopHandle.self) {
    $0.loop.run()
    return 0
  }
}

@_cdecl("periodic_loop_stop") @implementation
public func periodic_loop_stop(_ loop: OpaquePointer?) -> Int32 {
  if let handle = borrow(loop, as: LoopHandle.self), !handle.isForked, !handle.isOwner {
    handle.loop.stopFromAnyThread()
    return 0
  }
  return call(loop, LoopHandle.self) {
    $0.loop.stop()
    return 0
  }
}

@_cdecl("periodic_loop_wake") @implementation
public func periodic_loop_wake(_ loop: OpaquePointer?) -> Int32 {
  // From any thread and from signal handlers: nothing but the wake-up itself is touched.
  guard let handle = borrow(loop, as: LoopHandle.self) else { return PERIODIC_EINVAL.rawValue }
  if handle.isForked { return PERIODIC_EFORK.rawValue }
  handle.loop.wake()
  return 0
}

@_cdecl("periodic_loop_now") @implementation
public func periodic_loop_now(
  _ loop: OpaquePointer?, _ now: UnsafeMutablePointer<periodic_time>?
) -> Int32 {
  call(loop, LoopHandle.self) { handle in
    guard let now else { throw PeriodicFailure.invalid("now is NULL") }
    let time = handle.loop.now
    now.pointee = periodic_time(monotonic_ms: time.monotonic, wall_ms: time.wall)
    return 0
  }
}

@_cdecl("periodic_loop_set_clock") @implementation
public func periodic_loop_set_clock(
  _ loop: OpaquePointer?, _ clock: periodic_clock_cb?, _ user: UnsafeMutableRawPointer?,
  _ destroy: periodic_destroy_cb?
) -> Int32 {
  call(loop, LoopHandle.self) { handle in
    let time = clock.map { clock in
      {
        var now = periodic_time()
        handle.ask { clock(user, &now) }
        return nearest(now)
      }
    }
    handle.setClock(time, destroy: destroy.map { destroy in { destroy(user) } })
    return 0
  }
}

@_cdecl("periodic_loop_set_virtual_clock") @implementation
public func periodic_loop_set_virtual_clock(
  _ loop: OpaquePointer?, _ start: UnsafePointer<periodic_time>?
) -> Int32 {
  call(loop, LoopHandle.self) { handle in
    // What a callback has freed may still be there.
    if handle.children > 0 || handle.hasLeftovers {
      let text = "virtual time begins on an empty loop: \(handle.children) objects are on it"
      throw PeriodicFailure(PERIODIC_EBUSY, text)
    }
    if let start = start?.pointee,
      !times.contains(start.monotonic_ms) || !times.contains(start.wall_ms)
    {
      throw PeriodicFailure.invalid("start: times are from 0 to \(times.upperBound) ms")
    }
    handle.setVirtualClock(from: start.map { nearest($0.pointee) })
    return 0
  }
}

@_cdecl("periodic_loop_advance") @implementation
public func periodic_loop_advance(_ loop: OpaquePointer?, _ ms: Int64) -> Int32 {
  drive(loop, LoopHandle.self) { handle in
    guard ms >= 0, handle.loop.hasVirtualClock else {
      throw PeriodicFailure.invalid("advance by \(ms) ms: virtual time only goes forward")
    }
    let now = handle.loop.now
    guard ms <= times.upperBound - max(now.monotonic, now.wall) else {
      throw PeriodicFailure.invalid("advance by \(ms) ms: times end at \(times.upperBound)")
    }
    return Int32(clamping: handle.loop.advance(ms))
  }
}

@_cdecl("periodic_loop_set_random") @implementation
public func periodic_loop_set_random(
  _ loop: OpaquePointer?, _ random: periodic_random_cb?, _ user: UnsafeMutableRawPointer?,
  _ destroy: periodic_destroy_cb?
) -> Int32 {
  call(loop, LoopHandle.self) { handle in
    let source = random.map { random in { handle.ask { random(user) } } }
    handle.setRandom(source, destroy: destroy.map { destroy in { destroy(user) } })
    return 0
  }
}

@_cdecl("periodic_loop_error") @implementation
public func periodic_loop_error(
  _ loop: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int32 {
  call(loop, LoopHandle.self) { handle in
    try checkRoom("buffer", buffer, size)
    copy(handle.lastError.utf8, buffer, size)
    return Int32(clamping: handle.lastError.utf8.count)
  }
}
