import CLLHTTP
import PeriodicCore

/// What a whole request asks for.
extension HTTPDecoder {
  func request() -> HTTPRequest {
    var context = HTTPReplyContext(isHead: isHead, keepsAlive: headers.keepsAlive)
    let action: HTTPRequest.Action
    do throws(HTTPFailure) {
      if let refusal { throw refusal }
      action = try self.action(&context)
    } catch {
      action = .refused(error)
    }
    return HTTPRequest(action: action, identity: identity, context: context)
  }

  /// Why a method does not fit the route; `nil` if it does.
  static func refusal(_ method: llhttp_method_t, _ route: HTTPRoute?) -> HTTPFailure? {
    let isRead = method == HTTP_GET || method == HTTP_HEAD
    switch (route, method) {
    case (.generation1, _): return nil
    case (.ready, _) where isRead, (.status, _) where isRead, (.dump, _) where isRead: return nil
    case (.backup, _) where isRead, (.backup, HTTP_POST), (.backup, HTTP_DELETE): return nil
    case (.submit, HTTP_POST), (.run, HTTP_POST), (.remove, HTTP_POST), (.drop, HTTP_POST):
      return nil
    default: return HTTPFailure(.notFound, "not found")
    }
  }

  private func action(
    _ context: inout HTTPReplyContext
  ) throws(HTTPFailure) -> HTTPRequest.Action {
    switch route {
    case .generation1: return try generation1(&context)
    case .ready: return .ready
    case .status:
      context.interface = .bridge
      return .status
    case .dump:
      context.interface = .bridge
      context.takesChunks = parser.pointee.http_minor >= 1
      if !context.takesChunks { context.keepsAlive = false }
      return .dump
    case .backup: return try backup()
    case .submit, .run, .remove, .drop:
      context.interface = .bridge
      if case .run = route { context.interface = .bridgeRun }
      return .command(try bridge())
    }
  }

  /// POST has `{"path": "/absolute/path"}`.
  private func backup() throws(HTTPFailure) -> HTTPRequest.Action {
    switch llhttp_method_t(UInt32(parser.pointee.method)) {
    case HTTP_DELETE: return .cancelBackup
    case HTTP_POST: break
    default: return .backupState
    }
    body = ParsedJSON(workload.bytes)
    guard let path = body?.text("path") else {
      throw HTTPFailure(.badRequest, "the body is not a JSON object with a string \"path\"")
    }
    guard path.first == UInt8(ascii: "/"), path.last != UInt8(ascii: "/") else {
      throw HTTPFailure(.badRequest, "path is not the absolute path of a file")
    }
    guard !path.contains(0) else { throw HTTPFailure(.badRequest, "path has a NUL byte") }
    return .beginBackup(path: path)
  }

  // MARK: The bridge's routes

  private func bridge() throws(HTTPFailure) -> Command {
    query.finish()
    if query.isBroken { throw .brokenForm }
    if function.isEmpty { throw .nameless }
    if case .drop = route { return .drop(function: function.bytes) }
    if name.isEmpty { throw .nameless }
    let key = JobKey(function: function.bytes, name: name.bytes)
    var job = JobFields(key: key, workload: workload.bytes, timeout: query.timeout)
    switch route {
    case .remove: return .remove(key)
    case .run: return .run(job)
    default:
      job.scheduledAt = query.value(.scheduledAt)?.wholeDecimal ?? 0
      return .submit(job)
    }
  }

  // MARK: Generation 1's interface

  private func generation1(
    _ context: inout HTTPReplyContext
  ) throws(HTTPFailure) -> HTTPRequest.Action {
    let function = function.bytes
    switch llhttp_method_t(UInt32(parser.pointee.method)) {
    case HTTP_GET, HTTP_HEAD:
      return function.isEmpty ? .status : .functionStatus(function)
    case HTTP_DELETE:
      if function.isEmpty { throw HTTPFailure(.badRequest, "func is required") }
      return .command(.drop(function: function))
    default:
      let command = try post(function)
      context.name(command)
      return .command(command)
    }
  }

  /// A submit or remove. Fields of the body come before those of the query, and the path before
  /// both.
  private func post(_ path: Bytes) throws(HTTPFailure) -> Command {
    query.finish()
    form.finish()
    if form.isBroken || query.isBroken { throw .brokenForm }
    func value(_ field: HTTPForm.Field) -> Bytes {
      form.value(field) ?? query.value(field) ?? .none
    }
    let key = JobKey(
      function: path.isEmpty ? value(.function) : path, name: value(.name))
    if key.function.isEmpty || key.name.isEmpty { throw .nameless }
    guard key.function.isName, key.name.isName else {
      throw HTTPFailure(.badRequest, "job name or func is not UTF-8")
    }
    if value(.act).equalsIgnoringCase("remove") { return .remove(key) }
    return .submit(
      JobFields(
        key: key, workload: value(.workload), scheduledAt: value(.scheduledAt).wholeDecimal ?? 0,
        timeout: HTTPForm.timeout(value(.timeout)), origin: .generation1))
  }
}

extension HTTPForm {
  /// Seconds that a run may take; 0 for none, and for what is no number.
  fileprivate var timeout: Int32 { HTTPForm.timeout(value(.timeout) ?? .none) }

  fileprivate static func timeout(_ text: Bytes) -> Int32 {
    Int32(clamping: max(0, text.wholeDecimal ?? 0))
  }
}

extension HTTPFailure {
  fileprivate static var brokenForm: HTTPFailure {
    HTTPFailure(.badRequest, "the form is not percent-encoded")
  }

  fileprivate static var nameless: HTTPFailure {
    HTTPFailure(.badRequest, "job name or func is required")
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
