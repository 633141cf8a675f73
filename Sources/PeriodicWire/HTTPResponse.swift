public import PeriodicCore

/// The answers to HTTP requests (PROTOCOL 3.1): the headers of the Go server, a length always, and
/// the connection closed afterwards.
public enum HTTPResponse {
  /// Tells a client that waits with its body to go on.
  public static func encodeContinue(into buffer: inout ByteBuffer) {
    buffer.append("HTTP/1.1 100 Continue\r\n\r\n")
  }

  public static func encode(_ failure: HTTPFailure, into buffer: inout ByteBuffer) {
    guard let message = failure.message else {
      begin(failure.status, length: 0, into: &buffer)
      return
    }
    encodeError(failure.status, message.description, isHead: failure.isHead, into: &buffer)
  }

  public static func encode(
    _ reply: Reply, _ context: HTTPReplyContext, into buffer: inout ByteBuffer
  ) {
    switch reply {
    case .success, .pong, .noop, .assign, .acquired, .setting:
      encode(body: "{\"msg\": \"SUCCESS\"}", .ok, isHead: context.isHead, into: &buffer)
    case .data(let bytes):
      begin(.ok, length: bytes.count, into: &buffer)
      if !context.isHead { buffer.append(bytes) }
    case .noWorker: encode(.refused(.wrongRole), context, into: &buffer)
    case .refused(.noSuchJob):
      let text = "Job \(text(context.function)):\(text(context.name)) not exists."
      encodeError(.badRequest, text, isHead: context.isHead, into: &buffer)
    case .refused(let refusal):
      encodeError(status(of: refusal), refusal.text, isHead: context.isHead, into: &buffer)
    }
  }

  /// The status of one function; an empty object for a function that is not known.
  public static func encodeFunction(
    _ row: StatusRow?, _ context: HTTPReplyContext, into buffer: inout ByteBuffer
  ) {
    var body = ByteBuffer()
    if let row { append(row, &body) } else { body.append("{}") }
    begin(.ok, length: body.count, into: &buffer)
    if !context.isHead { buffer.append(body.bytes) }
  }

  /// Everything before the body.
  static func begin(_ status: HTTPStatus, length: Int, into buffer: inout ByteBuffer) {
    buffer.append(status.line)
    buffer.append("Content-Type: application/json; charset=utf-8\r\nServer: periodic/0.1.7\r\n")
    buffer.append("Connection: close\r\nContent-Length: ")
    buffer.append(decimal: Int64(length))
    buffer.append("\r\n\r\n")
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

  private static func encode(
    body: StaticString, _ status: HTTPStatus, isHead: Bool, into buffer: inout ByteBuffer
  ) {
    begin(status, length: body.utf8CodeUnitCount, into: &buffer)
    if !isHead { buffer.append(body) }
  }

  private static func encodeError(
    _ status: HTTPStatus, _ text: String, isHead: Bool, into buffer: inout ByteBuffer
  ) {
    var body = ByteBuffer()
    body.append("{\"err\": ")
    withBytes(of: text) { body.append(jsonText: $0) }
    body.append("}")
    begin(status, length: body.count, into: &buffer)
    if !isHead { buffer.append(body.bytes) }
  }

  private static func status(of refusal: Refusal) -> HTTPStatus {
    switch refusal {
    case .unknownCommand, .emptyFunction, .emptyName, .malformed, .noSuchJob: .badRequest
    case .wrongRole, .notAllowed: .forbidden
    case .limit(.jobs, _), .limit(.functions, _), .storeFailed: .storageFull
    case .limit: .contentTooLarge
    case .starting, .stopping: .unavailable
    }
  }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
