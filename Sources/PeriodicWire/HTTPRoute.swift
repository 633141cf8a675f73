import PeriodicCore

/// What a path leads to: generation 1's interface everywhere (PROTOCOL 3.1), except below
/// `/periodic/`, where the bridge's routes are (PROTOCOL 3.2) and `ready`.
enum HTTPRoute {
  /// The whole path names a function, or nothing.
  case generation1
  case ready
  case status
  case dump
  case backup
  case submit
  case run
  case remove
  case drop

  /// The route of what follows `/periodic/`; `nil` if there is none. A slash at the end makes no
  /// difference.
  ///
  /// - Parameters:
  ///   - function: gets the path's function, decoded; any bytes may be in it.
  ///   - name: likewise the job's name.
  init?(
    bridge path: Bytes, function: inout ByteBuffer, name: inout ByteBuffer
  ) throws(HTTPFailure) {
    var rest = path
    if rest.last == UInt8(ascii: "/") { rest = Bytes(rebasing: rest.dropLast()) }
    let word = HTTPRoute.nextSegment(&rest) ?? .none
    guard let route = HTTPRoute.named(word) else { return nil }
    var names: [Bytes] = []
    while names.count < 3, let segment = HTTPRoute.nextSegment(&rest) { names.append(segment) }
    guard names.count == route.names else { return nil }
    if let segment = names.first { try HTTPRoute.decode(segment, &function) }
    if names.count > 1 { try HTTPRoute.decode(names[1], &name) }
    self = route
  }

  /// How many names its path has.
  private var names: Int {
    switch self {
    case .generation1, .ready, .status, .dump, .backup: 0
    case .drop: 1
    case .submit, .run, .remove: 2
    }
  }

  private static func named(_ word: Bytes) -> HTTPRoute? {
    let routes: [(StaticString, HTTPRoute)] = [
      ("ready", .ready), ("status", .status), ("dump", .dump), ("backup", .backup),
      ("submit", .submit), ("run", .run), ("remove", .remove), ("drop", .drop),
    ]
    return routes.first { word.equals($0.0.bytes) }?.1
  }

  /// Takes what stands before the next slash; `nil` when nothing is left.
  private static func nextSegment(_ rest: inout Bytes) -> Bytes? {
    guard rest.baseAddress != nil else { return nil }
    let end = rest.firstIndex(of: UInt8(ascii: "/"))
    let segment = Bytes(rebasing: rest[..<(end ?? rest.count)])
    rest = end.map { Bytes(rebasing: rest[($0 + 1)...]) } ?? .none
    return segment
  }

  private static func decode(_ raw: Bytes, _ name: inout ByteBuffer) throws(HTTPFailure) {
    guard name.append(percentDecoded: raw) else {
      throw HTTPFailure(.badRequest, "the path is not percent-encoded")
    }
  }
}

extension ByteBuffer {
  /// Appends `raw` with each percent sign and its two digits as the byte that they stand for; false
  /// if a percent sign has none.
  mutating func append(percentDecoded raw: Bytes) -> Bool {
    var next = 0
    while next < raw.count {
      if raw[next] != UInt8(ascii: "%") {
        append(uint8: raw[next])
        next += 1
        continue
      }
      guard next + 2 < raw.count, let high = raw[next + 1].hexDigit,
        let low = raw[next + 2].hexDigit
      else { return false }
      append(uint8: high << 4 | low)
      next += 3
    }
    return true
  }
}
