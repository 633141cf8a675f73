/// The status codes that are answered.
public enum HTTPStatus: Int, Sendable {
  case ok = 200
  case badRequest = 400
  case forbidden = 403
  case notFound = 404
  case contentTooLarge = 413
  case targetTooLong = 414
  case expectationFailed = 417
  case headersTooLarge = 431
  case notImplemented = 501
  case unavailable = 503
  case versionNotSupported = 505
  case storageFull = 507

  var line: StaticString {
    switch self {
    case .ok: "HTTP/1.1 200 OK\r\n"
    case .badRequest: "HTTP/1.1 400 Bad Request\r\n"
    case .forbidden: "HTTP/1.1 403 Forbidden\r\n"
    case .notFound: "HTTP/1.1 404 Not Found\r\n"
    case .contentTooLarge: "HTTP/1.1 413 Content Too Large\r\n"
    case .targetTooLong: "HTTP/1.1 414 URI Too Long\r\n"
    case .expectationFailed: "HTTP/1.1 417 Expectation Failed\r\n"
    case .headersTooLarge: "HTTP/1.1 431 Request Header Fields Too Large\r\n"
    case .notImplemented: "HTTP/1.1 501 Not Implemented\r\n"
    case .unavailable: "HTTP/1.1 503 Service Unavailable\r\n"
    case .versionNotSupported: "HTTP/1.1 505 HTTP Version Not Supported\r\n"
    case .storageFull: "HTTP/1.1 507 Insufficient Storage\r\n"
    }
  }
}
