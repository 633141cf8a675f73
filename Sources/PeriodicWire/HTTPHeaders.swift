import PeriodicCore

/// The header fields that matter here.
struct HTTPHeaders {
  private(set) var hosts = 0
  private var host: [UInt8] = []
  private var origins = 0
  private var origin: [UInt8] = []
  private(set) var hasLength = false
  private(set) var hasTransferEncoding = false
  private(set) var isChunked = false
  private(set) var hasOtherExpectation = false
  var expectsContinue = false
  /// Whether the body is a form: said so, or not said.
  private(set) var isForm = true
  private var asksToKeep = false
  private var asksToClose = false
  private var authorizations = 0
  private(set) var authorization: [UInt8] = []

  mutating func take(_ name: Bytes, _ value: Bytes) {
    if name.equalsIgnoringCase("host") {
      hosts += 1
      host = Array(value)
    } else if name.equalsIgnoringCase("origin") {
      origins += 1
      origin = Array(value)
    } else if name.equalsIgnoringCase("connection") {
      takeConnection(value)
    } else if name.equalsIgnoringCase("content-length") {
      hasLength = true
    } else if name.equalsIgnoringCase("transfer-encoding") {
      isChunked = !hasTransferEncoding && value.equalsIgnoringCase("chunked")
      hasTransferEncoding = true
    } else if name.equalsIgnoringCase("expect") {
      expectsContinue = value.equalsIgnoringCase("100-continue")
      if !expectsContinue { hasOtherExpectation = true }
    } else if name.equalsIgnoringCase("content-type") {
      let end = value.firstIndex { $0 == UInt8(ascii: ";") || $0 == 0x20 } ?? value.count
      isForm = Bytes(rebasing: value[..<end])
        .equalsIgnoringCase("application/x-www-form-urlencoded")
    } else if name.equalsIgnoringCase("authorization") {
      authorizations += 1
      authorization = authorizations == 1 ? Array(value) : []
    }
  }

  /// Whether the connection is to stay open: only if that is asked for.
  var keepsAlive: Bool { asksToKeep && !asksToClose }

  /// What is wrong with them for HTTP/1.`minor`.
  func failure(minor: UInt8) -> HTTPFailure? {
    if hosts > 1 || (hosts == 0 && minor >= 1) {
      return HTTPFailure(.badRequest, "there is not one Host")
    }
    if hasTransferEncoding {
      if hasLength { return HTTPFailure(.badRequest, "the body's length is given twice") }
      if !isChunked { return HTTPFailure(.notImplemented, "the only transfer encoding is chunked") }
      if minor == 0 { return HTTPFailure(.badRequest, "HTTP/1.0 has no transfer encoding") }
    }
    if hasOtherExpectation {
      return HTTPFailure(.expectationFailed, "the only expectation is 100-continue")
    }
    return hasForeignOrigin ? HTTPFailure(.forbidden, "the request is from another origin") : nil
  }

  private mutating func takeConnection(_ value: Bytes) {
    for option in value.split(separator: UInt8(ascii: ",")) {
      let option = Bytes(rebasing: option).trimmed
      if option.equalsIgnoringCase("keep-alive") { asksToKeep = true }
      if option.equalsIgnoringCase("close") { asksToClose = true }
    }
  }

  /// Whether a browser sent this for a page that did not come from here: any web page could post
  /// jobs otherwise.
  private var hasForeignOrigin: Bool {
    guard origins > 0 else { return false }
    guard origins == 1, hosts == 1 else { return true }
    return !origin.withUnsafeBytes { origin in
      host.withUnsafeBytes { HTTPHeaders.isOrigin(origin, ofHost: $0) }
    }
  }

  /// Whether `scheme://host:port` names the host and port of a Host field. Either may leave out the
  /// scheme's own port.
  private static func isOrigin(_ origin: Bytes, ofHost host: Bytes) -> Bool {
    let schemes: [(StaticString, StaticString)] = [("http://", ":80"), ("https://", ":443")]
    for (scheme, port) in schemes {
      let length = scheme.utf8CodeUnitCount
      guard origin.count > length,
        Bytes(rebasing: origin[..<length]).equalsIgnoringCase(scheme)
      else { continue }
      let authority = Bytes(rebasing: origin[length...]).without(suffix: port.bytes)
      return !authority.isEmpty
        && authority.equalsIgnoringCase(host.without(suffix: port.bytes))
    }
    return false
  }
}

extension UnsafeRawBufferPointer {
  /// Without blanks at either end.
  var trimmed: Bytes {
    var found = self[...]
    while found.first == 0x20 || found.first == 0x09 { found.removeFirst() }
    while found.last == 0x20 || found.last == 0x09 { found.removeLast() }
    return Bytes(rebasing: found)
  }

  fileprivate func without(suffix: Bytes) -> Bytes {
    guard count >= suffix.count, Bytes(rebasing: self[(count - suffix.count)...]).equals(suffix)
    else { return self }
    return Bytes(rebasing: self[..<(count - suffix.count)])
  }

  /// Whether both are the same text, letters of either case.
  fileprivate func equalsIgnoringCase(_ other: Bytes) -> Bool {
    count == other.count && zip(self, other).allSatisfy { $0.lowercased == $1.lowercased }
  }
}

extension UInt8 {
  fileprivate var lowercased: UInt8 { self >= 0x41 && self <= 0x5a ? self | 0x20 : self }
}
