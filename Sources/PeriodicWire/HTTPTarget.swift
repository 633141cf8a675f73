import PeriodicCore

/// A request's target: the path, which names a function, and the query (RFC 9112, 3.2).
struct HTTPTarget {
  /// Where the query stands in the target.
  let query: Range<Int>

  /// Takes a target apart; throws the answer to one that is not served.
  ///
  /// - Parameter function: gets the path without its leading slash, decoded; nothing for the root.
  init(_ target: Bytes, function: inout ByteBuffer) throws(HTTPFailure) {
    var path = HTTPTarget.pathStart(target)
    let end = target.firstIndex(of: UInt8(ascii: "#")) ?? target.count
    let mark = target[..<end].firstIndex(of: UInt8(ascii: "?")) ?? end
    query = min(mark + 1, end)..<end
    // An absolute target may have no path, which means the root.
    if path >= mark { path = mark }
    let raw = Bytes(rebasing: target[path..<mark])
    // The routes of PROTOCOL 3.2 have their place here; none is served on this port.
    if raw.starts(with: StaticString("/periodic/").bytes) {
      throw HTTPFailure(.notFound, "not found")
    }
    guard raw.isEmpty || raw[0] == UInt8(ascii: "/") else {
      throw HTTPFailure(.badRequest, "the target has no path")
    }
    let isDecoded = HTTPTarget.decode(Bytes(rebasing: raw.dropFirst()), &function)
    guard isDecoded, function.bytes.isName else {
      throw HTTPFailure(.badRequest, "the path is not percent-encoded UTF-8")
    }
  }

  /// Behind `http://host`, if that comes first.
  private static func pathStart(_ target: Bytes) -> Int {
    guard let first = target.first, first != UInt8(ascii: "/"),
      let colon = target.firstIndex(of: UInt8(ascii: ":")),
      target[colon...].starts(with: StaticString("://").bytes)
    else { return 0 }
    let host = target[(colon + 3)...]
    return host.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? target.count
  }

  private static func decode(_ raw: Bytes, _ function: inout ByteBuffer) -> Bool {
    var next = 0
    while next < raw.count {
      if raw[next] != UInt8(ascii: "%") {
        function.append(uint8: raw[next])
        next += 1
        continue
      }
      guard next + 2 < raw.count, let high = raw[next + 1].hexDigit,
        let low = raw[next + 2].hexDigit
      else { return false }
      function.append(uint8: high << 4 | low)
      next += 3
    }
    return true
  }
}

extension UnsafeRawBufferPointer {
  /// Whether HTTP takes this for a name: UTF-8 without NUL.
  var isName: Bool { isUTF8 && !contains(0) }
}
