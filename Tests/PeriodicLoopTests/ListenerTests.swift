import Glibc
import PeriodicCore
import PeriodicLoop
import Testing

@Suite struct `A listener` {
  let bench: LoopBench
  let directory: TemporaryDirectory

  init() throws {
    bench = try LoopBench()
    directory = try TemporaryDirectory()
  }

  private var unix: Address { .unix(path: "\(directory.path)/s") }

  private func mode(of path: String) -> UInt32 {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode : 0
  }

  @Test func `reports the port that the system chose, for both families`() throws {
    let (listener, accepted) = try bench.listen(on: .tcp(host: "", port: 0))
    guard case .tcp("", let port) = listener.address else {
      Issue.record("a TCP address stays one")
      return
    }
    #expect(port > 0)
    let first = Recorder()
    _ = bench.connect(to: .tcp(host: "127.0.0.1", port: port), first)
    bench.run { accepted.connections.count == 1 && first.isConnected }
    let second = Recorder()
    _ = bench.connect(to: .tcp(host: "", port: port), second)
    bench.run { accepted.connections.count == 2 && second.isConnected }
    listener.close()
  }

  @Test func `refuses a port that is taken`() throws {
    let (listener, _) = try bench.listen(on: .tcp(host: "127.0.0.1", port: 0))
    let error = #expect(throws: LoopError.self) { try bench.listen(on: listener.address) }
    #expect(error?.name == "EADDRINUSE")
    #expect(error?.message == "listen on \(listener.address): address already in use")
    listener.close()
  }

  @Test func `gives a Unix socket the mode that was asked for`() throws {
    let (listener, _) = try bench.listen(on: unix, options: SocketFileOptions(mode: 0o640))
    #expect(mode(of: "\(directory.path)/s") == S_IFSOCK | 0o640)
    listener.close()
    #expect(mode(of: "\(directory.path)/s") == 0)
  }

  @Test func `refuses a Unix socket on which another server answers`() throws {
    let (listener, _) = try bench.listen(on: unix)
    let error = #expect(throws: LoopError.self) { try bench.listen(on: unix) }
    #expect(error?.isAddressInUse == true)
    #expect(error?.message == "listen on \(unix): another server answers there")
    let owner = Recorder()
    _ = bench.connect(to: unix, owner)
    bench.run { owner.isConnected }
    listener.close()
  }

  @Test func `takes over a Unix socket that nobody listens on`() throws {
    let path = "\(directory.path)/s"
    let (dead, _) = try bench.listen(on: unix)
    #expect(rename(path, "\(path).kept") == 0)
    dead.close()
    #expect(rename("\(path).kept", path) == 0)
    let (listener, accepted) = try bench.listen(on: unix)
    let owner = Recorder()
    _ = bench.connect(to: unix, owner)
    bench.run { accepted.connections.count == 1 }
    listener.close()
  }

  @Test func `leaves a file that is not a socket alone`() throws {
    let path = "\(directory.path)/s"
    close(creat(path, 0o600))
    let error = #expect(throws: LoopError.self) { try bench.listen(on: unix) }
    #expect(error?.message == "listen on \(unix): a file that is not a socket is there")
    #expect(mode(of: path) & S_IFMT == S_IFREG)
  }

  @Test func `leaves another's socket file alone when it closes`() throws {
    let path = "\(directory.path)/s"
    let (first, _) = try bench.listen(on: unix)
    #expect(unlink(path) == 0)
    let (second, _) = try bench.listen(on: unix)
    first.close()
    #expect(mode(of: path) & S_IFMT == S_IFSOCK)
    second.close()
  }
}
