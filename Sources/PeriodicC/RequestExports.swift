public import CPeriodic
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

@_cdecl("periodic_request_next") @implementation
public func periodic_request_next(
  _ request: OpaquePointer?, _ data: UnsafeMutablePointer<UnsafeRawPointer?>?,
  _ length: UnsafeMutablePointer<Int>?, _ timeout_ms: Int32
) -> Int32 {
  data?.pointee = nil
  length?.pointee = 0
  return call(request, RequestHandle.self) { request in
    let timeout = try time(timeout_ms)
    if !request.hasNews {
      if timeout != 0 { try request.owner.checkMayDrive() }
      if request.owner.depth == 1 { request.wait(timeout: timeout) }
      if request.isFreed { throw PeriodicFailure.freed }
    }
    let news = request.take()
    if let lent = news.result {
      data?.pointee = lent.start
      length?.pointee = lent.count
    }
    if news.code < 0 { request.owner.lastError = news.text }
    return news.code
  }
}

@_cdecl("periodic_request_set_callback") @implementation
public func periodic_request_set_callback(
  _ request: OpaquePointer?, _ callback: periodic_request_cb?, _ user: UnsafeMutableRawPointer?,
  _ destroy: periodic_destroy_cb?
) -> Int32 {
  call(request, RequestHandle.self) { request in
    request.setCallback(callback.map { RequestCallback($0, user, destroy) })
    if callback == nil { destroy?(user) }
    return 0
  }
}

@_cdecl("periodic_request_setting") @implementation
public func periodic_request_setting(
  _ request: OpaquePointer?, _ value: UnsafeMutablePointer<UInt32>?
) -> Int32 {
  call(request, RequestHandle.self) { request in
    try request.checkHasAnswer()
    guard let setting = request.setting else {
      throw PeriodicFailure.invalid("the request is not for a setting")
    }
    value?.pointee = setting
    return 0
  }
}

@_cdecl("periodic_request_results") @implementation
public func periodic_request_results(
  _ request: OpaquePointer?, _ results: UnsafeMutablePointer<UnsafePointer<Int32>?>?,
  _ count: UnsafeMutablePointer<Int>?
) -> Int32 {
  results?.pointee = nil
  count?.pointee = 0
  return call(request, RequestHandle.self) { request in
    guard let codes = request.codes else {
      try request.checkHasAnswer()
      throw PeriodicFailure.invalid("the request is not for many jobs")
    }
    results?.pointee = codes.start.assumingMemoryBound(to: Int32.self)
    count?.pointee = codes.count / MemoryLayout<Int32>.stride
    return 0
  }
}

@_cdecl("periodic_request_free") @implementation
public func periodic_request_free(_ request: OpaquePointer?) -> Int32 {
  free(request, RequestHandle.self) { request in
    request.asked.drop(request)
    request.forget()
    request.owner.afterwards { request.close() }
  }
}
