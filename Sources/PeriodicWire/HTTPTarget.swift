import PeriodicCore

/// A request's target: the path, which names a route, and the query (RFC 9112, 3.2).
struct HTTPTarget {
  /// Where the query stands in the target.
  let query: Range<Int>
  /// `nil` for a path that leads nowhere.
  let route: HTTPRoute?

  /// Takes a target apart; throws the answer to one that is not right.
  ///
  /// - Parameters:
  ///   - function: gets the function that the path names, decoded; nothing for the root.
  ///   - name: likewise the job's name.
  init(
    _ target: Bytes, function: inout ByteBuffer, name: inout ByteBuffer
  ) throws(HTTPFailure) {
    var path = HTTPTarget.pathStart(target)
    let end = target.firstIndex(of: UInt8(ascii: "#")) ?? target.count
    let mark = target[..<end].firstIndex(of: UInt8(ascii: "?")) ?? end
    query = min(mark + 1, end)..<end
    // An absolute target may have no path, which means the root.
    if path >= mark { path = mark }
    let raw = Bytes(rebasing: target[path..<mark])
    let bridge = StaticString("/periodic/").bytes
    if raw.starts(with: bridge) {
      let rest = Bytes(rebasing: raw.dropFirst(bridge.count))
      route = try HTTPRoute(bridge: rest, function: &function, name: &name)
      return
    }
    guard raw.isEmpty || raw[0] == UInt8(ascii: "/") else {
      throw HTTPFailure(.badRequest, "the target has no path")
    }
    guard function.append(percentDecoded: Bytes(rebasing: raw.dropFirst())),
      function.bytes.isName
    else { throw HTTPFailure(.badRequest, "the path is not percent-encoded UTF-8") }
    route = .generation1
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
}

extension UnsafeRawBufferPointer {
  /// Whether generation 1's interface takes this for a name: UTF-8 without NUL.
  var isName: Bool { isUTF8 && !contains(0) }
}
