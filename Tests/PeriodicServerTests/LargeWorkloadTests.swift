import PeriodicCore
import PeriodicServer
import PeriodicStore
import PeriodicWire
import Testing

/// A large workload is not copied on its way through (ARCHITECTURE, Decisions).
@Suite struct `A large workload` {
  /// Kept in memory with a durable store as well; read back from it.
  static let sizes = [SharedBytes.least, 1_200_000]

  private func workload(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 11) }
  }

  private func send(_ bytes: Bytes, in pieces: Int, to peer: Peer) {
    var rest = bytes
    while !rest.isEmpty {
      let count = min(pieces, rest.count)
      peer.send(Bytes(rebasing: rest[..<count]))
      rest = Bytes(rebasing: rest[count...])
    }
  }

  /// Sends a job between two PINGs.
  private func send(
    _ command: (JobFields) -> Command, _ name: StaticString, _ workload: [UInt8], _ peer: Peer
  ) {
    var bytes = ByteBuffer()
    Generation2.encode(.ping, message: 1, into: &bytes)
    workload.withUnsafeBytes {
      let job = JobFields(key: key("f", name), workload: $0)
      Generation2.encode(command(job), message: 2, into: &bytes)
    }
    Generation2.encode(.ping, message: 3, into: &bytes)
    send(bytes.bytes, in: 50_000, to: peer)
  }

  @Test(arguments: [false, true], Self.sizes)
  func `comes whole to its worker, in the order of the replies`(_ isDurable: Bool, _ size: Int) {
    let bench = Bench(isDurable: isDurable)
    let (client, worker) = (Peer(bench), Peer(bench, .worker))
    send(Command.submit, "a", workload(size), client)
    send(Command.submit, "b", workload(size + 1), client)
    bench.settle()
    #expect(client.replies().count == 6)
    worker.send(.canDo(function: ("f" as StaticString).bytes), 9)
    worker.send(.ping, 10)
    worker.send(.grab(confirms: true), 11)
    worker.send(.grab(confirms: true), 12)
    worker.send(.ping, 13)
    bench.settle()
    let heard = worker.replies()
    #expect(heard.filter { $0.contains("assign") } == ["11 assign a", "12 assign b"])
    #expect(heard.contains("13 pong"))
    #expect(worker.data == workload(size + 1))
  }

  @Test(arguments: [false, true])
  func `is run, and its large result comes whole`(_ isDurable: Bool) {
    let bench = Bench(isDurable: isDurable)
    let (client, worker) = (Peer(bench), Peer(bench, .worker))
    worker.send(.canDo(function: ("f" as StaticString).bytes), 9)
    worker.send(.grab(confirms: true), 10)
    bench.settle()
    send(Command.run, "a", workload(300_000), client)
    bench.settle()
    #expect(worker.replies().contains("10 assign a"))
    #expect(worker.data == workload(300_000))
    var done = ByteBuffer()
    workload(400_000).withUnsafeBytes {
      Generation2.encode(.done(.key(key("f", "a")), data: $0), message: 11, into: &done)
    }
    send(done.bytes, in: 65_536, to: worker)
    bench.settle()
    #expect(client.replies() == ["1 pong", "3 pong", "2 data of 400000"])
    #expect(client.data == workload(400_000))
  }
}
