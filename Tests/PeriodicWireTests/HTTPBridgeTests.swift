import PeriodicCore
import PeriodicWire
import Testing

/// PROTOCOL 3.2.
@Suite struct `The bridge's routes` {
  @Test(arguments: [
    (get("/periodic/status/"), "status"),
    (get("/periodic/status"), "status"),
    (get("/periodic/status", "HEAD"), "HEAD status"),
    (get("/periodic/ready"), "ready"),
    (get("/periodic/ready/", "HEAD"), "HEAD ready"),
    (post("/periodic/submit/f/n/", "a=%"), "submit f/n 'a=%' 0 0"),
    (post("/periodic/submit/f/n", ""), "submit f/n '' 0 0"),
    (post("/periodic/submit/f/n/?sched_at=7&timeout=5", "w"), "submit f/n 'w' 7 5"),
    (post("/periodic/submit/f/n?sched_at=x&timeout=1.5", "w"), "submit f/n 'w' 0 0"),
    (post("/periodic/submit/f/n?timeout=-5", "w"), "submit f/n 'w' 0 0"),
    (post("/periodic/submit/a%2Fb/c%20+%25/", "w"), "submit a/b/c +% 'w' 0 0"),
    (post("http://h/periodic/submit/f/n", "w"), "submit f/n 'w' 0 0"),
    (post("/periodic/run/f/n/?sched_at=9&timeout=4", "w"), "run f/n 'w' 0 4"),
    (post("/periodic/run/f/n", "w"), "run f/n 'w' 0 0"),
    (post("/periodic/remove/f/n/", "x"), "remove f/n"),
    (post("/periodic/drop/f/", ""), "drop f"),
    (post("/periodic/drop/f", ""), "drop f"),
    (post("/periodic/backup", #"{"path": "/a/\u00fc \"b"}"#), "back up to /a/ü \"b"),
    (get("/periodic/backup/"), "backup state"),
    (get("/periodic/backup", "HEAD"), "HEAD backup state"),
    (get("/periodic/backup", "DELETE"), "cancel backup"),
  ]) func `lead to commands`(_ request: String, _ expected: String) {
    #expect(http(request) == expected)
  }

  @Test func `take any bytes for a name, and for a workload`() {
    let decoder = HTTPDecoder(bodyLimit: 100)
    let head = "POST /periodic/submit/%00%ff/%FE HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n"
    (Array(head.utf8) + [0, 0xff, 0x0a]).withUnsafeBytes { bytes in
      guard case .request(let request, _) = decoder.next(bytes),
        case .command(.submit(let job)) = request.action
      else {
        Issue.record("no submit")
        return
      }
      #expect(Array(job.key.function) == [0, 0xff])
      #expect(Array(job.key.name) == [0xfe])
      #expect(Array(job.workload) == [0, 0xff, 0x0a])
      guard case .generation2 = job.origin else {
        Issue.record("the server's time limit holds for it")
        return
      }
    }
  }

  @Test(arguments: [
    "", "{", "[]", "{}", #"{"path": 1}"#, #"{"path": null}"#, #"{"path": ""}"#, #"{"path": "a"}"#,
    #"{"path": "/a/"}"#, #"{"path": "/"}"#, #"{"path": "/a\u0000b"}"#, #"{"path": "/a"} x"#,
    #"{"path": "/a", "path": "/b"}"#,
  ]) func `refuse a backup to no absolute path of a file`(_ body: String) {
    #expect(http(post("/periodic/backup", body)).hasPrefix("400 "))
  }

  @Test(arguments: [
    get("/periodic/"), get("/periodic/x"), get("/periodic/status/x"), get("/periodic//status"),
    get("/periodic/submit/f/n"), get("/periodic/drop/f", "DELETE"), get("/periodic/Status"),
    post("/periodic/submit/f", ""), post("/periodic/submit/f/n/m", ""),
    post("/periodic/drop/f/n", ""), post("/periodic/drop", ""), post("/periodic/status", ""),
    post("/periodic/ready", ""), get("/periodic/st%61tus"),
  ]) func `are these and no others`(_ request: String) {
    #expect(http(request) == "404 not found")
  }

  @Test(arguments: [
    (post("/periodic/submit//n", ""), "400 job name or func is required"),
    (post("/periodic/submit/f//", ""), "400 job name or func is required"),
    (post("/periodic/drop//", ""), "400 job name or func is required"),
    (post("/periodic/submit/f/n?timeout=%g", ""), "400 the form is not percent-encoded"),
    (post("/periodic/submit/f/%4", ""), "400 the path is not percent-encoded, close"),
    (post("/periodic/drop/%zz", ""), "400 the path is not percent-encoded, close"),
    (get("/periodic/status", "PUT"), "400 -"),
  ]) func `are refused without names`(_ request: String, _ expected: String) {
    #expect(http(request) == expected)
  }
}
