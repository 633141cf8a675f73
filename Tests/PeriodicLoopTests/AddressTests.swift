import PeriodicLoop
import Testing

@Suite struct `An address` {
  @Test(arguments: [
    ("tcp://127.0.0.1:5000", Address.tcp(host: "127.0.0.1", port: 5000)),
    ("tcp://:5000", .tcp(host: "", port: 5000)),
    ("tcp://[::1]:5000", .tcp(host: "::1", port: 5000)),
    ("tcp://queue.example:0", .tcp(host: "queue.example", port: 0)),
    ("unix:///tmp/periodic.sock", .unix(path: "/tmp/periodic.sock")),
    ("inproc:a name", .inproc(name: "a name")),
  ])
  func `is read and written in the same notation`(text: String, address: Address) throws {
    #expect(try Address(text) == address)
    #expect(address.description == text)
  }

  @Test(arguments: [
    ("127.0.0.1:5000", "it starts with none of tcp://, unix:// and inproc:"),
    ("tcp://127.0.0.1", "it has no port"),
    ("tcp://127.0.0.1:", "the port is not a number from 0 to 65535"),
    ("tcp://127.0.0.1:65536", "the port is not a number from 0 to 65535"),
    ("tcp://127.0.0.1:+80", "the port is not a number from 0 to 65535"),
    ("tcp://::1:5000", "an IPv6 host stands in brackets"),
    ("tcp://[::1:5000", "a bracket is open"),
    ("tcp://[]:5000", "a bracket is open"),
    ("tcp://a/b:5000", "the host is not a name or number"),
    ("tcp://a b:5000", "the host is not a name or number"),
    ("unix://periodic.sock", "the path is not absolute"),
    ("unix://", "the path is not absolute"),
    ("unix:///a\0b", "the path holds a zero byte"),
    ("inproc:", "it has no name"),
  ])
  func `that is malformed says why`(text: String, why: String) {
    let error = #expect(throws: LoopError.self) { try Address(text) }
    #expect(error?.message == "address \(text): \(why)")
    #expect(error?.name == "EINVAL")
  }

  @Test func `of a Unix socket has at most 107 bytes of path`() throws {
    let longest = "/" + String(repeating: "a", count: 106)
    #expect(try Address("unix://" + longest) == .unix(path: longest))
    let error = #expect(throws: LoopError.self) { try Address("unix://\(longest)b") }
    #expect(error?.name == "ENAMETOOLONG")
  }

  @Test func `knows whether only this machine can reach it`() {
    #expect(Address.unix(path: "/s").isLocal)
    #expect(Address.inproc(name: "n").isLocal)
    #expect(Address.tcp(host: "127.0.0.2", port: 1).isLocal)
    #expect(Address.tcp(host: "::1", port: 1).isLocal)
    #expect(!Address.tcp(host: "", port: 1).isLocal)
    #expect(!Address.tcp(host: "10.0.0.1", port: 1).isLocal)
  }
}
