import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `HTTP limits` {
  @Test func `hold the request line to 16 KiB`() {
    let fixed = "GET / HTTP/1.1".utf8.count
    func line(_ length: Int) -> String {
      get("/" + String(repeating: "f", count: length - fixed))
    }
    #expect(http(line(16384)).hasPrefix("status f"))
    #expect(http(line(16385)) == "414 the request line is too long, close")
    let endless = "GET /" + String(repeating: "f", count: 20000)
    #expect(http(endless) == "414 the request line is too long, close")
  }

  @Test func `hold the headers to 64 KiB`() {
    // Line ends count too: of Host, of the long one, and of the empty line.
    let fixed = "Host: h\r\nA: \r\n\r\n".utf8.count
    func request(_ bytes: Int) -> String {
      "GET / HTTP/1.1\r\nHost: h\r\nA: \(String(repeating: "v", count: bytes - fixed))\r\n\r\n"
    }
    #expect(http(request(65536)) == "status")
    #expect(http(request(65537)) == "431 the headers are too long, close")
  }

  @Test func `hold the fields to 100`() {
    func request(_ fields: Int) -> String {
      "GET / HTTP/1.1\r\n" + String(repeating: "Host: h\r\n", count: 1)
        + String(repeating: "A: b\r\n", count: fields - 1) + "\r\n"
    }
    #expect(http(request(100)) == "status")
    #expect(http(request(101)) == "431 there are too many headers, close")
  }

  @Test func `hold the body to the frame limit, and refuse a longer one by its headers`() {
    let name = String(repeating: "n", count: 995)
    #expect(http(post("/f", "name=" + name)) == "submit f/\(name) '' 0 0")
    let long = "413 frame_bytes: the body is over the limit, close"
    #expect(http("POST /f HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n") == long)
    let chunked = "POST /f HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n"
    #expect(http(chunked + String(repeating: "n", count: 1001)) == long)
  }

  @Test func `hold the framing of a chunked body`() {
    let head = "POST /f HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;"
    let answer = http(head + String(repeating: "x", count: 70_000))
    #expect(answer == "400 the body's framing is too long, close")
  }
}
