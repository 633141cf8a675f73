import PeriodicClient
import PeriodicCore
import PeriodicWire
import Testing

/// A request, the bytes that it must be on the wire, and the answer of a server that is not ours:
/// rows of PROTOCOL 6.1, all under the message id 7.
private struct Exchange: Sendable, CustomStringConvertible {
  let description: String
  let command: @Sendable () -> Command
  let request: String
  var answers: [String] = []
  let outcomes: [Outcome]
}

private let success = "00524553 00000005 94d471be 00000007 10"
private let noWorker = "00524553 00000005 ea650d03 00000007 1d"
private let job = "0166016e000000026869000000006553f10000"

private let exchanges: [Exchange] = [
  Exchange(
    description: "PING", command: { .ping },
    request: "00524551 00000005 f0bfd97e 00000007 09",
    answers: ["00524553 00000005 69b688c4 00000007 0a"], outcomes: [.success]),
  Exchange(
    description: "SUBMIT_JOB",
    command: {
      .submit(
        JobFields(key: .of("f", "n"), workload: .of("hi"), scheduledAt: 1_700_000_000, timeout: 30))
    },
    request: """
      00524551 0000001c d17cc6fd 00000007 0d 0166 016e 000000026869 000000006553f100 02 0000001e
      """,
    answers: [success], outcomes: [.success]),
  Exchange(
    description: "a refused STATUS", command: { .status },
    request: "00524551 00000005 6edb4cdd 00000007 0e",
    answers: ["00524553 00000005 80d52df1 00000007 0c"], outcomes: [.refused]),
  Exchange(
    description: "RUN_JOB", command: { .run(JobFields(key: .of("f", "n"), timeout: 10)) },
    request:
      "00524551 0000001a 592520b4 00000007 19 0166 016e 00000000 0000000000000000 02 0000000a",
    answers: ["00524553 00000007 2e06a605 00000007 1e 6f6b"],
    outcomes: [.data(Array("ok".utf8))]),
  Exchange(
    description: "RUN_JOB without a worker",
    command: { .run(JobFields(key: .of("f", "n"), timeout: 10)) },
    request:
      "00524551 0000001a 592520b4 00000007 19 0166 016e 00000000 0000000000000000 02 0000000a",
    answers: [noWorker], outcomes: [.noWorker]),
  Exchange(
    description: "RECV_DATA", command: { .receiveData(JobFields(key: .of("f", "n"))) },
    request: "00524551 00000016 2900ecba 00000007 1f 0166 016e 00000000 0000000000000000 00",
    answers: [
      success, "00524553 00000007 2e06a605 00000007 1e 6f6b",
      "00524553 00000008 f9cbdb91 00000007 1e 454f46",
    ],
    outcomes: [.part(Array("ok".utf8)), .success]),
  Exchange(
    description: "DROP_FUNC", command: { .drop(function: .of("f")) },
    request: "00524551 00000007 b62d55d6 00000007 0f 0166",
    answers: [success], outcomes: [.success]),
  Exchange(
    description: "REMOVE_JOB", command: { .remove(.of("f", "n")) },
    request: "00524551 00000009 e17b37cd 00000007 11 0166 016e",
    answers: [success], outcomes: [.success]),
  Exchange(
    description: "CONFIG_GET", command: { .getSetting(key: .of("timeout")) },
    request: "00524551 0000000d 249ac5f5 00000007 16 0774696d656f7574",
    answers: ["00524553 00000009 fc1a4311 00000007 18 00000258"], outcomes: [.setting(600)]),
  Exchange(
    description: "CONFIG_SET", command: { .setSetting(key: .of("timeout"), value: 900) },
    request: "00524551 00000011 ac5b261c 00000007 17 0774696d656f7574 00000384",
    answers: [success], outcomes: [.success]),
  Exchange(
    description: "DUMP", command: { .dump },
    request: "00524551 00000005 7ada1092 00000007 12",
    answers: ["00524553 00000020 2ac5930c 00000007 1e 0000000000000001 \(job)"],
    outcomes: [.data(hex("0000000000000001" + job))]),
  Exchange(
    description: "SHUTDOWN", command: { .shutdown },
    request: "00524551 00000005 93b9b5a7 00000007 14", outcomes: []),
]

@Suite struct `To a server that is not ours` {
  @Test(arguments: exchanges)
  private func `a client speaks to the byte`(_ exchange: Exchange) throws {
    let bench = Bench(ClientCore(seed: 1))
    bench.register()
    for _ in 0..<6 { _ = try bench.core.ping(at: bench.now) }
    _ = bench.sent()
    _ = try bench.core.request(exchange.command(), at: bench.now)
    #expect(bench.sent() == hex(exchange.request))
    for answer in exchange.answers { bench.receive(answer) }
    #expect(bench.outcomes() == exchange.outcomes)
    #expect(bench.core.state == .ready)
  }

  @Test func `a client hands a list over as it is`() throws {
    let bench = Bench(ClientCore(seed: 1))
    bench.register()
    for _ in 0..<6 { _ = try bench.core.ping(at: bench.now) }
    _ = bench.sent()
    try hex("0000000000000001" + job).withUnsafeBytes {
      _ = try bench.core.request(.load($0), at: bench.now)
    }
    #expect(bench.sent() == hex("00524551 00000020 2008728d 00000007 13 0000000000000001" + job))
  }

  /// A server of 2017 to 2019 greets with the bare id (PROTOCOL 1.4).
  @Test func `a worker goes through a session to the byte`() throws {
    let bench = Bench(WorkerCore(seed: 1))
    bench.core.connected(at: bench.now)
    _ = bench.sent()
    bench.receive("00524553 00000004 \(checksum("0a0b0c0d")) 0a0b0c0d")
    for _ in 0..<6 { _ = try bench.core.cannotDo(function: .of("x"), at: bench.now) }
    _ = bench.sent()
    _ = try bench.core.broadcast(function: .of("f"), at: bench.now)
    #expect(bench.sent().prefix(19) == hex("00524551 00000007 a79c7370 00000007 15 0166")[...])
  }

  @Test func `a worker confirms, sends data, locks and reports to the byte`() throws {
    let bench = Bench(WorkerCore(seed: 1))
    bench.register()
    for _ in 0..<5 { _ = try bench.core.cannotDo(function: .of("x"), at: bench.now) }
    _ = try bench.core.canDo(function: .of("f"), at: bench.now)
    #expect(bench.sent().suffix(17) == hex("00524551 00000005 fe64514c 00000007 01")[...])
    bench.receive(
      """
      00524553 0000001c aef87c64 00000007 05 0166 016e 000000026869 000000006553f100 02 00000258
      """)
    #expect(bench.sent() == hex("00524551 00000005 c50a7184 00000007 21"))
    let run = try bench.take()
    #expect(run.workload.text == "hi" && run.timeout == 600)
    _ = try bench.core.acquire(lock: .of("L"), capacity: 2, run.token, at: bench.now)
    _ = try bench.core.workData(run.token, .of("part"), at: bench.now)
    _ = try bench.core.release(lock: .of("L"), run.token, at: bench.now)
    _ = try bench.core.done(run.token, data: .of("ok"), at: bench.now)
    let bodies = [
      "00000008 1b 014c 0002 0166016e", "00000009 20 0166016e 70617274",
      "0000000a 1c 014c 0166016e", "0000000b 03 0166016e 6f6b", "00000007 01",
    ]
    #expect(bench.sent() == bodies.flatMap { framed($0) })
  }
}

private func framed(_ body: String) -> [UInt8] {
  let bytes = hex(body)
  let length = withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { Array($0) }
  return hex("00524551") + length + hex(checksum(body)) + bytes
}

/// The checksum of a frame's body (PROTOCOL 1.2), as text.
private func checksum(_ body: String) -> String {
  let value = hex(body).withUnsafeBytes { CRC32.of($0) }
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 8 - digits.count) + digits
}
