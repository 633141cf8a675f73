import CLLHTTP
public import PeriodicCore

/// The one HTTP request of a connection (PROTOCOL 3.1), read in any fragmentation.
///
/// llhttp parses, never leniently; `HTTPHead` keeps away what it is too lenient about by itself,
/// and bounds the head. Fields of a form are decoded as they arrive, so no turn has a large body to
/// do.
///
/// `next` is given only bytes that it has not had before, and uses all of them.
public final class HTTPDecoder {
  let parser: UnsafeMutablePointer<llhttp_t>
  private let bodyLimit: Int
  private var head = HTTPHead()
  private var isOver = false

  // What the parser's callbacks found; see HTTPDecoder+Callbacks.swift.
  var failure: HTTPFailure?
  var target = ByteBuffer()
  var fieldName: [UInt8] = []
  var fieldValue: [UInt8] = []
  var headers = HTTPHeaders()
  /// The path's name of a function; empty for the root.
  var function = ByteBuffer()
  var query = HTTPForm()
  var body = HTTPForm()
  var bodyBytes = 0
  var isHead = false
  var hasHeaders = false
  var isComplete = false

  /// Bytes after the head that were no body: chunk sizes and trailers.
  private var bytesAfterHead = 0

  /// - Parameter bodyLimit: bytes of a body; a longer one is answered 413.
  public init(bodyLimit: Int) {
    self.bodyLimit = bodyLimit
    parser = .allocate(capacity: 1)
    parser.initialize(to: llhttp_t())
    llhttp_init(parser, HTTP_REQUEST, HTTPDecoder.settings)
    parser.pointee.data = Unmanaged.passUnretained(self).toOpaque()
  }

  deinit { parser.deallocate() }

  /// Reads on. After a request or a failure the bytes that still come are dropped.
  public func next(_ bytes: Bytes) -> HTTPDecoded {
    if isOver { return .needMore(consumed: bytes.count) }
    if let failure = parse(bytes) {
      isOver = true
      return .failed(named(failure))
    }
    if isComplete {
      isOver = true
      do throws(HTTPFailure) {
        return .request(try request(), consumed: bytes.count)
      } catch {
        return .failed(named(error))
      }
    }
    if headers.expectsContinue, hasHeaders {
      headers.expectsContinue = false
      if bodyBytes == 0 { return .interim(consumed: bytes.count) }
    }
    return .needMore(consumed: bytes.count)
  }

  private func named(_ failure: HTTPFailure) -> HTTPFailure {
    var failure = failure
    failure.isHead = isHead
    return failure
  }

  private func parse(_ bytes: Bytes) -> HTTPFailure? {
    guard let base = bytes.baseAddress else { return nil }
    // What the parser finds before the place of another failure was wrong first: so the answer does
    // not depend on how the bytes were cut.
    let (length, headFailure) = head.take(bytes)
    let count = headFailure == nil ? bytes.count : length
    let code = llhttp_execute(parser, base.assumingMemoryBound(to: CChar.self), count)
    if let failure { return failure }
    if isComplete { return nil }
    if code != HPE_OK { return HTTPFailure(.badRequest, "the request is not HTTP") }
    if let headFailure { return headFailure }
    bytesAfterHead += bytes.count - length
    // A chunk of one byte takes six; more than that, and room for trailers, nobody needs.
    return bytesAfterHead > HTTPHead.headers + 8 * bodyBytes
      ? HTTPFailure(.badRequest, "the body's framing is too long") : nil
  }

  /// Takes a part of the body; false if there is too much of it.
  func take(body part: Bytes) -> Bool {
    bodyBytes += part.count
    guard bodyBytes <= bodyLimit else {
      failure = .bodyTooLarge
      return false
    }
    if headers.isForm { body.feed(part) }
    return true
  }

  /// Whether a body of the announced length may come.
  func mayComeBody(_ length: UInt64) -> Bool { length <= UInt64(bodyLimit) }

  // MARK: What is asked

  private func request() throws(HTTPFailure) -> HTTPRequest {
    let function = function.bytes
    var context = HTTPReplyContext(isHead: isHead)
    switch llhttp_method_t(UInt32(parser.pointee.method)) {
    case HTTP_GET, HTTP_HEAD:
      let action = function.isEmpty ? HTTPRequest.Action.status : .functionStatus(function)
      return HTTPRequest(action: action, context: context)
    case HTTP_DELETE:
      if function.isEmpty { throw HTTPFailure(.badRequest, "func is required") }
      return HTTPRequest(action: .command(.drop(function: function)), context: context)
    default:
      let command = try post(function)
      context.name(command)
      return HTTPRequest(action: .command(command), context: context)
    }
  }

  /// A submit or remove. Fields of the body come before those of the query, and the path before
  /// both.
  private func post(_ path: Bytes) throws(HTTPFailure) -> Command {
    body.finish()
    if body.isBroken || query.isBroken {
      throw HTTPFailure(.badRequest, "the form is not percent-encoded")
    }
    func value(_ field: HTTPForm.Field) -> Bytes {
      body.value(field) ?? query.value(field) ?? .none
    }
    let key = JobKey(
      function: path.isEmpty ? value(.function) : path, name: value(.name))
    if key.function.isEmpty || key.name.isEmpty {
      throw HTTPFailure(.badRequest, "job name or func is required")
    }
    guard key.function.isName, key.name.isName else {
      throw HTTPFailure(.badRequest, "job name or func is not UTF-8")
    }
    if value(.act).equalsIgnoringCase("remove") { return .remove(key) }
    return .submit(
      JobFields(
        key: key, workload: value(.workload), scheduledAt: value(.scheduledAt).wholeDecimal ?? 0,
        timeout: Int32(clamping: max(0, value(.timeout).wholeDecimal ?? 0)),
        origin: .generation1))
  }
}

extension HTTPFailure {
  static var bodyTooLarge: HTTPFailure {
    HTTPFailure(.contentTooLarge, "frame_bytes: the body is over the limit")
  }
}

extension HTTPReplyContext {
  /// Keeps the names of the job, for a reply that comes later.
  fileprivate mutating func name(_ command: Command) {
    guard case .remove(let key) = command else { return }
    function = Array(key.function)
    name = Array(key.name)
  }
}
