import PeriodicCore

/// The header fields that matter here.
struct HTTPHeaders {
  private(set) var hosts = 0
  private(set) var hasLength = false
  private(set) var hasTransferEncoding = false
  private(set) var isChunked = false
  private(set) var hasOtherExpectation = false
  var expectsContinue = false
  /// Whether the body is a form: said so, or not said.
  private(set) var isForm = true

  /// Longest value that is looked at; the rest of a longer one is not kept.
  static let valueBytes = 256

  mutating func take(_ name: Bytes, _ value: Bytes) {
    if name.equalsIgnoringCase("host") {
      hosts += 1
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
    }
  }

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
    return hasOtherExpectation
      ? HTTPFailure(.expectationFailed, "the only expectation is 100-continue") : nil
  }
}
