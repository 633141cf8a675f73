import CUV
import Glibc
import PeriodicCore
import PeriodicLoop
import Testing

@Suite(.serialized) struct `A child made by fork` {
  @Test func `can let a loop go without harm to the parent's`() throws {
    let bench = try LoopBench()
    let directory = try TemporaryDirectory()
    let (listener, accepted) = try bench.listen(on: .unix(path: "\(directory.path)/s"))
    let owner = Recorder()
    let client = bench.connect(to: listener.address, owner)
    let mailbox = try Mailbox<Int>(bench.loop) { _ in }
    let (inside, insideAccepted) = try bench.listen(on: .inproc(name: "fork"))
    let insideOwner = Recorder()
    let insideClient = bench.connect(to: inside.address, insideOwner)
    bench.run { insideOwner.isConnected }
    insideClient.startReading()
    bench.run { owner.isConnected && accepted.connections.count == 1 }
    client.startReading()

    var unused: Loop? = try Loop()
    #expect(unused?.isInherited == false)
    let child = cuv_fork()
    if child == 0 {
      let isInherited = bench.loop.isInherited
      mailbox.close()
      client.close()
      accepted.connections[0].stream.close()
      listener.close()
      insideClient.close()
      unused = nil
      // The parent's names are nobody's here.
      let own = try? Loop()
      let listener = own.flatMap { try? Listener($0, .inproc(name: "fork")) { $0.close() } }
      _exit(isInherited && listener != nil ? 0 : 1)
    }
    var status: Int32 = -1
    #expect(waitpid(child, &status, 0) == child && status == 0)

    #expect(!bench.loop.isInherited)
    #expect(accepted.connections[0].stream.write(text: "still here") == 10)
    bench.run { owner.received.count == 10 }
    let late = Recorder()
    _ = bench.connect(to: listener.address, late)
    bench.run { late.isConnected }
    #expect(insideAccepted.connections[0].stream.write(text: "still here") == 10)
    bench.run { insideOwner.received.count == 10 }
    inside.close()
    mailbox.close()
    listener.close()
  }
}
