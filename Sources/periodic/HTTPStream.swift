import Glibc
import PeriodicClient
import PeriodicCore
import PeriodicLoop

/// The answer to one HTTP request, read as it comes, from the port that also speaks the binary
/// protocol.
///
/// The reader's pace is the server's: what is not read waits there.
final class HTTPStream {
  /// Seconds for the head of the answer. A server that knows no HTTP may say nothing at all.
  private static let headPatience = 10
  private static let longestHead = 64 << 10

  private let doing: String
  private let socket: Int32
  private var buffer = [UInt8](repeating: 0, count: 256 << 10)
  private var next = 0
  private var end = 0
  private(set) var status = 0
  private var isChunked = false
  /// Whether the body is lines of JSON.
  private(set) var hasLines = false

  /// Sends the request and reads the head of the answer; `nil` if what answers is no HTTP server.
  ///
  /// - Parameter doing: what it is for, for messages.
  init?(
    _ doing: String, _ address: Address, _ method: String = "GET", path: String,
    body: [UInt8] = [], credentials: Credentials?
  ) throws {
    self.doing = doing
    socket = try connectSocket(address)
    var request = "\(method) \(path) HTTP/1.1\r\nHost: periodic\r\nConnection: close\r\n"
    if !body.isEmpty { request += "Content-Length: \(body.count)\r\n" }

    if let credentials {
      let name = String(decoding: credentials.name, as: UTF8.self)
      let token = String(decoding: credentials.token, as: UTF8.self)
      request += "Authorization: Bearer \(name):\(token)\r\n"
    }
    request += "\r\n"
    setPatience(HTTPStream.headPatience)
    let isSent = (request.utf8 + body).withUnsafeBytes { writeAll($0, to: socket) }
    guard isSent, readHead() else { return nil }
    setPatience(0)
  }

  deinit { close(socket) }

  /// The body of an answer that says little.
  func shortBody() throws -> [UInt8] {
    var body: [UInt8] = []
    try forEachPiece { body += $0.prefix(64 << 10) }
    return body
  }

  /// Shows the body piece by piece. Throws if it ends before it is complete.
  func forEachPiece(_ body: (Bytes) throws -> Void) throws {
    while true {
      var left = Int.max
      if isChunked {
        guard let line = readLine(), let size = Int(line, radix: 16) else { throw cut() }
        left = size
      }
      let isLast = left == 0
      while left > 0 {
        if next == end, try !fill() {
          if isChunked { throw cut() }
          return
        }
        let count = min(left, end - next)
        try buffer.withUnsafeBytes { try body(Bytes(rebasing: $0[next..<next + count])) }
        next += count
        left -= count
      }
      guard readLine() == "" else { throw cut() }
      if isLast { return }
    }
  }

  private func cut() -> Failure {
    Failure("\(doing): the server ended the answer before it was whole")
  }

  private func readHead() -> Bool {
    guard let first = readLine(), first.hasPrefix("HTTP/1.") else { return false }
    status = Int(first.split(separator: " ").dropFirst().first ?? "") ?? 0
    var length = first.utf8.count
    while let line = readLine() {
      if line.isEmpty { return true }
      length += line.utf8.count
      if length > HTTPStream.longestHead { return false }
      switch line.lowercased() {
      case "transfer-encoding: chunked": isChunked = true
      case "content-type: application/x-ndjson": hasLines = true
      default: break
      }
    }
    return false
  }

  /// A line without its end; `nil` if there is no whole one.
  private func readLine() -> String? {
    var line: [UInt8] = []
    while line.count <= HTTPStream.longestHead {
      guard next < end || (try? fill()) == true else { return nil }
      let byte = buffer[next]
      next += 1
      if byte == UInt8(ascii: "\n") {
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
      }
      line.append(byte)
    }
    return nil
  }

  /// False at the end of the stream.
  private func fill() throws -> Bool {
    while true {
      let count = read(socket, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count < 0 { throw Failure("\(doing): \(systemError())") }
      next = 0
      end = count
      return count > 0
    }
  }

  private func setPatience(_ seconds: Int) {
    var time = timeval(tv_sec: seconds, tv_usec: 0)
    setsockopt(
      socket, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
  }
}

/// A connected socket that blocks.
private func connectSocket(_ address: Address) throws -> Int32 {
  switch address {
  case .unix(let path): return try connectUnix(path, address)
  case .tcp(let host, let port): return try connectTCP(host, port, address)
  case .inproc: throw Failure("\(address): only a program with the server inside can use it")
  }
}

private func connectUnix(_ path: String, _ address: Address) throws -> Int32 {
  var place = sockaddr_un()
  place.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &place.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
  let file = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  guard file >= 0 else { throw Failure("\(address): \(systemError())") }
  let result = withUnsafePointer(to: &place) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      connect(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
  guard result == 0 else {
    let problem = systemError()
    close(file)
    throw Failure("\(address): \(problem)")
  }
  return file
}

private func connectTCP(_ host: String, _ port: UInt16, _ address: Address) throws -> Int32 {
  var hints = addrinfo()
  hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
  var list: UnsafeMutablePointer<addrinfo>?
  let code = getaddrinfo(host.isEmpty ? "localhost" : host, String(port), &hints, &list)
  guard code == 0 else { throw Failure("\(address): \(String(cString: gai_strerror(code)))") }
  defer { freeaddrinfo(list) }
  var problem = "no address"
  var next = list
  while let place = next?.pointee {
    let kind = place.ai_socktype | Int32(SOCK_CLOEXEC.rawValue)
    let file = socket(place.ai_family, kind, place.ai_protocol)
    if file >= 0, connect(file, place.ai_addr, place.ai_addrlen) == 0 {
      // A server that vanished without a word is noticed, in time.
      var one: Int32 = 1
      setsockopt(file, SOL_SOCKET, SO_KEEPALIVE, &one, socklen_t(MemoryLayout<Int32>.size))
      return file
    }
    problem = systemError()
    if file >= 0 { close(file) }
    next = place.ai_next
  }
  throw Failure("\(address): \(problem)")
}
