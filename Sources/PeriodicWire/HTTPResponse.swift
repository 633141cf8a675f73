public import PeriodicCore

/// The answers to HTTP requests: generation 1's interface as the Go server gives them
/// (PROTOCOL 3.1), with a length always; the bridge's bodies bare (PROTOCOL 3.2). Why a request was
/// refused is told as JSON by both.
public enum HTTPResponse {
  /// Tells a client that waits with its body to go on.
  public static func encodeContinue(into buffer: inout ByteBuffer) {
    buffer.append("HTTP/1.1 100 Continue\r\n\r\n")
  }

  /// The last answer of a connection.
  public static func encode(_ failure: HTTPFailure, into buffer: inout ByteBuffer) {
    encode(failure, HTTPReplyContext(isHead: failure.isHead), into: &buffer)
  }

  public static func encode(
    _ failure: HTTPFailure, _ context: HTTPReplyContext, into buffer: inout ByteBuffer
  ) {
    guard let message = failure.message else {
      begin(failure.status, length: 0, context, into: &buffer)
      return
    }
    encodeError(failure.status, message.description, context, into: &buffer)
  }

  public static func encode(
    _ reply: Reply, _ context: HTTPReplyContext, into buffer: inout ByteBuffer
  ) {
    switch (reply, context.interface) {
    case (.refused(.noSuchJob), .bridge):
      // In generation 2 a job that is not there counts as removed (PROTOCOL 2.8).
      encode(.success, context, into: &buffer)
    case (.refused(.noSuchJob), _):
      let text = "Job \(text(context.function)):\(text(context.name)) not exists."
      encodeError(.badRequest, text, context, into: &buffer)
    case (.refused(let refusal), _):
      encodeError(status(of: refusal), refusal.text, context, into: &buffer)
    case (.data(let bytes), _): encode(bytes, .ok, context, into: &buffer)
    case (.noWorker, .bridgeRun):
      let text: StaticString = "Error: Job execution failed or timed out"
      encode(text.bytes, .internalError, context, into: &buffer)
    case (.noWorker, .bridge): encode(.none, .internalError, context, into: &buffer)
    case (.noWorker, .generation1): encode(.refused(.wrongRole), context, into: &buffer)
    case (_, .generation1):
      let text: StaticString = "{\"msg\": \"SUCCESS\"}"
      encode(text.bytes, .ok, context, into: &buffer)
    default: begin(.noContent, length: nil, context, into: &buffer)
    }
  }

  /// Whether the server is ready for everything: `refusal` is why it takes no jobs, `store` how its
  /// store does, if it has one.
  public static func encodeReady(
    store: String?, _ refusal: Refusal?, _ context: HTTPReplyContext, into buffer: inout ByteBuffer
  ) {
    var body = ByteBuffer()
    if let refusal {
      body.append("{\"err\": ")
      withBytes(of: refusal.text) { body.append(jsonText: $0) }
    } else {
      body.append("{\"msg\": \"ready\"")
    }
    if let store { body.append(text: ", \"store\": \"\(store)\"") }
    body.append("}")
    encode(body.bytes, refusal == nil ? .ok : .unavailable, context, into: &buffer)
  }

  /// The status of one function; an empty object for a function that is not known.
  public static func encodeFunction(
    _ row: StatusRow?, _ context: HTTPReplyContext, into buffer: inout ByteBuffer
  ) {
    var body = ByteBuffer()
    if let row { append(row, &body) } else { body.append("{}") }
    encode(body.bytes, .ok, context, into: &buffer)
  }

  /// How far a backup is.
  public static func encode(
    _ backup: BackupState, _ status: HTTPStatus, _ context: HTTPReplyContext,
    into buffer: inout ByteBuffer
  ) {
    var body = ByteBuffer()
    body.append(json: backup)
    encode(body.bytes, status, context, into: &buffer)
  }

  /// Everything before the body. `nil` is the length of an answer that cannot have one.
  static func begin(
    _ status: HTTPStatus, length: Int?, _ context: HTTPReplyContext, isJSON: Bool = true,
    into buffer: inout ByteBuffer
  ) {
    buffer.append(status.line)
    if length != nil {
      // The bridge names no type; then a browser must not guess that a result is a page.
      buffer.append(
        isJSON
          ? "Content-Type: application/json; charset=utf-8\r\n"
          : "X-Content-Type-Options: nosniff\r\n")
    }
    buffer.append("Server: periodic/0.1.7\r\n")
    if status == .unauthorized { buffer.append("WWW-Authenticate: Bearer\r\n") }
    buffer.append(
      context.keepsAlive ? "Connection: keep-alive\r\n" : "Connection: close\r\n")
    if let length {
      buffer.append("Content-Length: ")
      buffer.append(decimal: Int64(length))
      buffer.append("\r\n")
    }
    buffer.append("\r\n")
  }

  /// Everything before a body of lines whose length is not known. Without chunks the end of the
  /// connection ends it; `context.keepsAlive` is then to be false.
  static func beginLines(_ context: HTTPReplyContext, into buffer: inout ByteBuffer) {
    buffer.append(HTTPStatus.ok.line)
    buffer.append("Content-Type: application/x-ndjson\r\n")
    buffer.append("X-Content-Type-Options: nosniff\r\nServer: periodic/0.1.7\r\n")
    buffer.append(
      context.keepsAlive ? "Connection: keep-alive\r\n" : "Connection: close\r\n")
    buffer.append(context.takesChunks ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n")
  }

  static func append(_ row: StatusRow, _ buffer: inout ByteBuffer) {
    buffer.append("{\"func_name\":")
    buffer.append(jsonText: row.function)
    buffer.append(",\"total_worker\":")
    buffer.append(decimal: Int64(row.workers))
    buffer.append(",\"total_job\":")
    buffer.append(decimal: Int64(row.jobs))
    buffer.append(",\"processing\":")
    buffer.append(decimal: Int64(row.running))
    buffer.append("}")
  }

  /// An answer with a body in the interface's own form.
  private static func encode(
    _ body: Bytes, _ status: HTTPStatus, _ context: HTTPReplyContext, into buffer: inout ByteBuffer
  ) {
    let isJSON = context.interface == .generation1
    begin(status, length: body.count, context, isJSON: isJSON, into: &buffer)
    if !context.isHead { buffer.append(body) }
  }

  private static func encodeError(
    _ status: HTTPStatus, _ text: String, _ context: HTTPReplyContext,
    into buffer: inout ByteBuffer
  ) {
    var body = ByteBuffer()
    body.append("{\"err\": ")
    withBytes(of: text) { body.append(jsonText: $0) }
    body.append("}")
    begin(status, length: body.count, context, into: &buffer)
    if !context.isHead { buffer.append(body.bytes) }
  }

  private static func status(of refusal: Refusal) -> HTTPStatus {
    switch refusal {
    case .unknownCommand, .emptyFunction, .emptyName, .malformed, .noSuchJob: .badRequest
    case .wrongRole, .notAllowed: .forbidden
    case .limit(.jobs, _), .limit(.functions, _), .storeFailed, .storeFull: .storageFull
    case .limit: .contentTooLarge
    case .starting, .stopping, .storeReadOnly: .unavailable
    }
  }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
