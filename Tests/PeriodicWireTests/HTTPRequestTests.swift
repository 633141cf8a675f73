import PeriodicCore
import PeriodicWire
import Testing

/// PROTOCOL 3.1 and 1.5.
@Suite struct `HTTP requests` {
  @Test(arguments: [
    (get("/"), "status"),
    (get("/", "HEAD"), "HEAD status"),
    (get("/f"), "status f"),
    (get("/f?x=1"), "status f"),
    (get("/a%2fb/c"), "status a/b/c"),
    (get("/%C3%BC+1"), "status ü+1"),
    (get("http://h/f"), "status f"),
    (get("http://h"), "status"),
    (get("/periodic"), "status periodic"),
    (get("/f", "DELETE"), "drop f"),
    (get("/", "DELETE"), "400 func is required"),
    (get("/f", "PUT"), "400 -"),
    (get("/f", "PATCH"), "400 -"),
    (get("*", "OPTIONS"), "400 -"),
    (get("/periodic%2Fstatus"), "status periodic/status"),
  ]) func `without a body`(_ request: String, _ expected: String) {
    #expect(http(request) == expected)
  }

  @Test(arguments: [
    (post("/", "func=f&name=n&args=a&timeout=5&sched_at=7"), "submit f/n 'a' 7 5"),
    (post("/p", "name=n&args=a"), "submit p/n 'a' 0 0"),
    (post("/p", "name=n&func=f"), "submit p/n '' 0 0"),
    (post("/p", "name=n&act=remove"), "remove p/n"),
    (post("/p", "name=n&func=f&act=ReMoVe"), "remove p/n"),
    (post("/?func=f&name=q&sched_at=3", "name=n"), "submit f/n '' 3 0"),
    (post("/", "func=f&name=n&name=m&timeout=x&sched_at=1.5"), "submit f/n '' 0 0"),
    (post("/", "func=f&name=n&timeout=99999999999&sched_at=-1"), "submit f/n '' -1 2147483647"),
    (post("/", "func=f&name=n&timeout=-3&sched_at=99999999999999999999"), "submit f/n '' 0 0"),
    (post("/", "func=a+b&name=%C3%bC&args=%2B%26=%3d"), "submit a b/ü '+&==' 0 0"),
    (post("/", "name=n"), "400 job name or func is required"),
    (post("/f", ""), "400 job name or func is required"),
    (post("/f", "name=a%2"), "400 the form is not percent-encoded"),
    (post("/f", "name=a%zz"), "400 the form is not percent-encoded"),
    (post("/f", "name=a%00"), "400 job name or func is not UTF-8"),
    (post("/f", "name=%ff"), "400 job name or func is not UTF-8"),
    (post("/%ff", "name=n"), "400 the path is not percent-encoded UTF-8, close"),
    (post("/%2", "name=n"), "400 the path is not percent-encoded UTF-8, close"),
  ]) func `with a form`(_ request: String, _ expected: String) {
    #expect(http(request) == expected)
  }

  @Test func `carry any bytes as a workload`() {
    let request = post("/f", "name=n&args=%00%ff%FE")
    let decoder = HTTPDecoder(bodyLimit: 100)
    Array(request.utf8).withUnsafeBytes { bytes in
      guard case .request(let request, _) = decoder.next(bytes),
        case .command(.submit(let job)) = request.action
      else {
        Issue.record("no submit")
        return
      }
      #expect(Array(job.workload) == [0, 0xff, 0xfe])
    }
  }

  @Test func `may come in chunks, with trailers`() {
    let head = "POST /f HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    #expect(
      http(head + "4\r\nname\r\n2;x=y\r\n=n\r\n0\r\nTrailer: t\r\n\r\n") == "submit f/n '' 0 0")
    #expect(http(head + "zz\r\n") == "400 the request is not HTTP, close")
  }

  @Test(arguments: [
    ("GET / HTTP/1.1\r\n\r\n", "400 there is not one Host, close"),
    ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400 there is not one Host, close"),
    ("GET / HTTP/1.0\r\n\r\n", "status"),
    ("GET /\r\n\r\n", "505 the versions served are 1.0 and 1.1, close"),
    ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", "505 the versions served are 1.0 and 1.1, close"),
    ("GET / HTTP/1.1\r\nHost : h\r\n\r\n", "400 a header name holds a blank, close"),
    ("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", "400 a header line is folded, close"),
    ("GET / HTTP/1.1\nHost: h\n\n", "400 a line does not end in CR LF, close"),
    ("GET / HTTP/1.1\r\nHost: h\rA: b\r\n\r\n", "400 a line does not end in CR LF, close"),
    ("GET / HTTP/1.1\r\nHost\r\n\r\n", "400 the request is not HTTP, close"),
    ("GOT / HTTP/1.1\r\nHost: h\r\n\r\n", "400 the request is not HTTP, close"),
    ("GET f HTTP/1.1\r\nHost: h\r\n\r\n", "400 the request is not HTTP, close"),
    (
      "GET / HTTP/1.1\r\nHost: h\r\nExpect: x\r\n\r\n",
      "417 the only expectation is 100-continue, close"
    ),
    ("GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", "status"),
  ]) func `that are not right HTTP are refused`(_ request: String, _ expected: String) {
    #expect(http(request) == expected)
  }

  @Test(arguments: [
    "Content-Length: 3\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: 3",
    "Content-Length: 3\r\nContent-Length: 4", "Content-Length: +3", "Content-Length: 3, 3",
    "Transfer-Encoding: gzip", "Transfer-Encoding: chunked, gzip",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
  ]) func `whose length has two meanings are refused`(_ lines: String) {
    let answer = http("POST / HTTP/1.1\r\nHost: h\r\n\(lines)\r\n\r\nabc")
    #expect(answer.hasPrefix("400") || answer.hasPrefix("501"), "\(answer)")
  }

  @Test func `that wait with the body are told to go on, once`() {
    let head =
      "POST /f HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 6\r\n\r\n"
    let bench = HTTPBench()
    #expect(bench.feed(Array(head.utf8)) == ["interim"])
    #expect(bench.feed(Array("name".utf8)) == [])
    #expect(bench.feed(Array("=n".utf8)) == ["submit f/n '' 0 0"])
    #expect(bench.feed(Array("GET / HTTP/1.1\r\n".utf8)) == [], "after the one request")
    #expect(http(head + "na") == "", "the body did not wait")
  }

  @Test func `may be followed by others where the connection is to stay`() {
    let chunked =
      "POST /f HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      + "6\r\nname=n\r\n0\r\nT: x\r\n\r\n"
    let all = [
      kept(get("/a")), kept(post("/b", "name=n")), kept(chunked), "\r\n" + kept(get("/", "PUT")),
      kept(get("/", "DELETE")), kept(post("/periodic/x", "")), get("/c"), get("/d"),
    ]
    let expected = [
      "status a", "submit b/n '' 0 0", "submit f/n '' 0 0", "400 -", "400 func is required",
      "404 not found", "status c",
    ]
    let bytes = Array(all.joined().utf8)
    for size in [1, 2, 3, 5, 7, 11, 64, 1000] {
      #expect(HTTPBench().feed(bytes, pieces: size) == expected)
    }
  }

  @Test(arguments: [
    ("Connection: keep-alive", true), ("Connection: Keep-Alive", true),
    ("Connection: x, keep-alive", true), ("Connection: close", false), ("A: b", false),
    ("Connection: keep-alive, close", false), ("Connection: keep-alives", false),
    ("Connection: keep-alive\r\nConnection: close", false),
  ]) func `close the connection unless they ask to keep it`(_ field: String, _ isKept: Bool) {
    let both = with(get("/a"), field) + get("/b")
    #expect(http(both) == (isKept ? "status a; status b" : "status a"))
    #expect(http(both.replacing("HTTP/1.1", with: "HTTP/1.0")) == http(both))
  }

  @Test func `that nobody can carry out are not read to their end`() {
    let body = with(post("/f", "name=n"), "Connection: keep-alive")
    #expect(http(body.replacing("POST", with: "PUT")) == "400 -, close")
    #expect(http(body.replacing("/f", with: "/periodic/x")) == "404 not found, close")
  }

  @Test func `are the same however they are cut`() {
    let requests = [
      post("/p?timeout=4", "name=%C3%BC&args=a%26b&act=x"), get("/f", "DELETE"),
      post("/periodic/run/f/n%2F/?timeout=3", "body"), get("/periodic/ready"),
      "POST /f HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nname=n\r\n0\r\n\r\n",
      "GET / HTTP/1.1\r\nHost : h\r\n\r\n", post("/f", "name=a%2"),
    ]
    for request in requests {
      let whole = http(request)
      for size in 1...20 {
        #expect(HTTPBench().feed(Array(request.utf8), pieces: size) == [whole])
      }
    }
  }
}
