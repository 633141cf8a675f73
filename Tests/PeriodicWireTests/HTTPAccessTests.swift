import PeriodicWire
import Testing

/// Who may ask: origins of browsers' pages, and bearer tokens.
@Suite struct `HTTP access` {
  @Test(arguments: [
    "http://h", "http://H", "HTTP://h", "https://h", "http://h:80", "https://h:443",
  ]) func `is open to pages of this origin`(_ origin: String) {
    #expect(http(with(get("/f"), "Origin: \(origin)")) == "status f")
  }

  @Test(arguments: [
    "null", "", "http://other", "http://h:81", "http://h.example", "https://h:80", "h", "ftp://h",
    "http://", "http://h\r\nOrigin: http://h", "http://xh", "http://h/",
  ]) func `is closed to pages of any other`(_ origin: String) {
    let expected = "403 the request is from another origin, close"
    #expect(http(with(get("/f"), "Origin: \(origin)")) == expected)
    #expect(http(with(post("/periodic/submit/f/n", "w"), "Origin: \(origin)")) == expected)
  }

  @Test func `compares ports too`() {
    let request = "GET /f HTTP/1.1\r\nHost: [::1]:5000\r\nOrigin: http://[::1]"
    #expect(http(request + ":5000\r\n\r\n") == "status f")
    #expect(http(request + ":5001\r\n\r\n").hasPrefix("403"))
    #expect(http(request + "\r\n\r\n").hasPrefix("403"))
    #expect(http("GET /f HTTP/1.0\r\nOrigin: http://h\r\n\r\n").hasPrefix("403"), "no Host")
  }

  @Test(arguments: [
    ("Bearer ab:xyz", "as ab with xyz: status f"),
    ("bearer   ab:x:yz ", "as ab with x:yz: status f"),
    ("Bearer :", "as  with : status f"),
    ("Bearer abxyz", "status f"), ("Basic ab:xyz", "status f"), ("Bearer", "status f"),
    ("ab:xyz", "status f"),
    ("Bearer ab:xyz\r\nAuthorization: Bearer ab:xyz", "status f"),
  ]) func `takes a name and a token`(_ value: String, _ expected: String) {
    #expect(http(with(get("/f"), "Authorization: \(value)")) == expected)
  }

  @Test func `takes a long token whole`() {
    let token = String(repeating: "t", count: 60_000)
    #expect(
      http(with(get("/f"), "Authorization: Bearer n:\(token)")) == "as n with \(token): status f")
  }
}
