import CLLHTTP
import PeriodicCore

extension HTTPDecoder {
  /// The callbacks, which llhttp wants to find as long as a parser lives. Never changed.
  nonisolated(unsafe) static let settings: UnsafeMutablePointer<llhttp_settings_t> = {
    let settings = UnsafeMutablePointer<llhttp_settings_t>.allocate(capacity: 1)
    llhttp_settings_init(settings)
    settings.pointee.on_url = { parser, text, length in
      HTTPDecoder.owner(parser).take(target: Bytes(start: text, count: length))
    }
    settings.pointee.on_header_field = { parser, text, length in
      HTTPDecoder.owner(parser).take(name: Bytes(start: text, count: length))
    }
    settings.pointee.on_header_value = { parser, text, length in
      HTTPDecoder.owner(parser).take(value: Bytes(start: text, count: length))
    }
    settings.pointee.on_header_value_complete = { HTTPDecoder.owner($0).endField() }
    settings.pointee.on_headers_complete = { HTTPDecoder.owner($0).endHeaders() }
    settings.pointee.on_body = { parser, text, length in
      HTTPDecoder.owner(parser).take(body: Bytes(start: text, count: length)) ? 0 : failed
    }
    settings.pointee.on_message_complete = { HTTPDecoder.owner($0).endMessage() }
    return settings
  }()

  /// What a callback answers to end the parse: HPE_USER for data, -1 for the others; both are
  /// taken.
  private static let failed: Int32 = -1

  /// More than the longest name of a field that matters.
  private static let longestName = 32

  private static func owner(_ parser: UnsafeMutablePointer<llhttp_t>?) -> HTTPDecoder {
    guard let data = parser?.pointee.data else { fatalError("a parser has its decoder") }
    return Unmanaged<HTTPDecoder>.fromOpaque(data).takeUnretainedValue()
  }

  private func take(target part: Bytes) -> Int32 {
    target.append(part)
    return 0
  }

  private func take(name part: Bytes) -> Int32 {
    if fieldName.count + part.count <= HTTPDecoder.longestName {
      fieldName.append(contentsOf: part)
    } else {
      fieldName = [0]
    }
    return 0
  }

  private func take(value part: Bytes) -> Int32 {
    fieldValue.append(contentsOf: part)
    return 0
  }

  private func endField() -> Int32 {
    // What follows the body are trailers, which say nothing that is wanted.
    if !hasHeaders {
      fieldName.withUnsafeBytes { name in
        fieldValue.withUnsafeBytes { headers.take(name, $0) }
      }
    }
    fieldName.removeAll(keepingCapacity: true)
    fieldValue.removeAll(keepingCapacity: true)
    return 0
  }

  private func endHeaders() -> Int32 {
    hasHeaders = true
    // An upgrade is an offer; it is passed over.
    parser.pointee.upgrade = 0
    do throws(HTTPFailure) {
      try checkHeaders()
      headers.authorization.withUnsafeBytes { credentials.read($0) }
      return 0
    } catch {
      failure = error
      return HTTPDecoder.failed
    }
  }

  private func checkHeaders() throws(HTTPFailure) {
    guard parser.pointee.http_major == 1, parser.pointee.http_minor <= 1 else {
      throw HTTPFailure(.versionNotSupported, "the versions served are 1.0 and 1.1")
    }
    if let failure = headers.failure(minor: parser.pointee.http_minor) { throw failure }
    if headers.hasLength, !mayComeBody(parser.pointee.content_length) { throw .bodyTooLarge }
    if parser.pointee.http_minor == 0 { headers.expectsContinue = false }
    if let refusal = try findRoute() {
      // What nobody will look at is not waited for, but then the connection is of no more use.
      if headers.isChunked || parser.pointee.content_length > 0 { throw refusal }
      self.refusal = refusal
    }
  }

  /// Finds out what the request is for; answers why there is nothing for it.
  private func findRoute() throws(HTTPFailure) -> HTTPFailure? {
    let method = llhttp_method_t(UInt32(parser.pointee.method))
    switch method {
    case HTTP_GET, HTTP_HEAD, HTTP_DELETE, HTTP_POST: break
    default: return HTTPFailure(.badRequest, nil)
    }
    let place = try HTTPTarget(target.bytes, function: &function, name: &name)
    query.feed(Bytes(rebasing: target.bytes[place.query]))
    if let found = place.route { route = found }
    return HTTPDecoder.refusal(method, place.route)
  }

  private func endMessage() -> Int32 {
    isComplete = true
    return Int32(HPE_PAUSED.rawValue)
  }
}
