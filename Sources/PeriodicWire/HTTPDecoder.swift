import CLLHTTP
public import PeriodicCore

/// One HTTP request of a connection (PROTOCOL 3), read in any fragmentation. The next request needs
/// a new decoder.
///
/// llhttp parses, never leniently; `HTTPHead` keeps away what it is too lenient about by itself,
/// and bounds the head. Fields of a form are decoded as they arrive, so no turn has a large body to
/// do.
///
/// `next` is given only bytes that it has not had before, and uses all of them, except those after
/// the request's last.
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
  var route = HTTPRoute.generation1
  /// The path's names; empty if it has none.
  var function = ByteBuffer()
  var name = ByteBuffer()
  var query = HTTPForm()
  /// The body: a form in generation 1's interface, a workload in the bridge's.
  var form = HTTPForm()
  var workload = ByteBuffer()
  var bodyBytes = 0
  /// Why the request will not be carried out, although it is good HTTP.
  var refusal: HTTPFailure?
  var hasHeaders = false
  var isComplete = false
  /// Owns what a request borrows from a body of JSON.
  var body: ParsedJSON?
  /// Keeps the names and the token of `Authorization` that a request lends.
  var credentials = HTTPCredentials()

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

  /// Whether a part of the request has come, and not all of it.
  public var hasBegun: Bool { head.hasBegun && !isOver }

  /// Who the request says it is from, as soon as its headers have come; `nil` if it does not say so
  /// in a form that is understood.
  public var identity: Identity? { credentials.identity }

  /// Known from the method on, even where the parser fails before it has shown the target.
  var isHead: Bool { UInt32(parser.pointee.method) == HTTP_HEAD.rawValue }

  /// Reads on. After a request or a failure the bytes that still come are dropped.
  public func next(_ bytes: Bytes) -> HTTPDecoded {
    if isOver { return .needMore(consumed: bytes.count) }
    if let failure = parse(bytes) {
      isOver = true
      return .failed(named(failure))
    }
    if isComplete {
      isOver = true
      return .request(request(), consumed: consumed(of: bytes))
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

  /// How many of `bytes` belong to the request that they complete: the parser has paused behind it.
  private func consumed(of bytes: Bytes) -> Int {
    guard let base = bytes.baseAddress, let end = llhttp_get_error_pos(parser) else {
      fatalError("a parser that has paused says where")
    }
    let count = UnsafeRawPointer(end) - base
    invariant(count > 0 && count <= bytes.count, "a request ends in the bytes that complete it")
    return count
  }

  /// Takes a part of the body; false if there is too much of it.
  func take(body part: Bytes) -> Bool {
    bodyBytes += part.count
    guard bodyBytes <= bodyLimit else {
      failure = .bodyTooLarge
      return false
    }
    switch route {
    case .generation1: if headers.isForm { form.feed(part) }
    case .submit, .run, .backup: workload.append(part)
    case .ready, .status, .dump, .remove, .drop: break
    }
    return true
  }

  /// Whether a body of the announced length may come.
  func mayComeBody(_ length: UInt64) -> Bool { length <= UInt64(bodyLimit) }
}

extension HTTPFailure {
  static var bodyTooLarge: HTTPFailure {
    HTTPFailure(.contentTooLarge, "frame_bytes: the body is over the limit")
  }
}
