import PeriodicClient
import PeriodicCore
import PeriodicServer

/// One core connected to the real server core, with bytes on their way in both directions.
final class Link<Core: PeerCore & ~Copyable> {
  let bench: Bench<Core>
  private(set) var session: Session?
  private var toServer = ByteBuffer()
  private var toPeer = ByteBuffer()

  init(_ core: consuming Core, at now: Now) {
    bench = Bench(core)
    bench.now = now
  }

  /// Connects, and moves some bytes in each direction.
  func step(_ server: ServerCore, _ dice: inout Dice, at now: Now, faults: Bool) {
    bench.now = now
    if let deadline = bench.core.nextDeadline, deadline <= now.monotonic {
      bench.core.tick(at: now)
    }
    for action in bench.actions() {
      switch action {
      case .disconnect: cut(server)
      case .connect where faults && dice.roll(4) == 0:
        bench.core.disconnected(.connectFailed(code: -111), at: now)
      case .connect:
        session = server.open(at: now)
        bench.core.connected(at: now)
      }
    }
    guard session != nil else { return }
    if faults, dice.roll(150) == 0 { return hangUp(server) }
    let output = bench.core.output
    let count = dice.roll(output.count + 1)
    toServer.append(Bytes(rebasing: output[..<count]))
    bench.core.wrote(count)
    deliver(server, &dice)
  }

  private func deliver(_ server: ServerCore, _ dice: inout Dice) {
    if let session, !toServer.isEmpty {
      let count = 1 + dice.roll(toServer.count)
      server.receive(Bytes(rebasing: toServer.bytes[..<count]), on: session, at: bench.now)
      toServer.consume(count)
    }
    if !toPeer.isEmpty {
      let count = 1 + dice.roll(toPeer.count)
      bench.core.received(Bytes(rebasing: toPeer.bytes[..<count]), at: bench.now)
      toPeer.consume(count)
    }
  }

  /// The connection breaks: both sides hear of it, and what was on its way is lost.
  func hangUp(_ server: ServerCore) {
    cut(server)
    bench.core.disconnected(.endOfStream, at: bench.now)
  }

  private func cut(_ server: ServerCore) {
    if let session { server.closed(session, at: bench.now) }
    session = nil
    toServer.reset()
    toPeer.reset()
  }

  /// The server wants something of one of its sessions. False if that is not this one.
  func carryOut(_ action: ServerAction, _ server: ServerCore) -> Bool {
    switch action {
    case .write(let writer) where writer === session:
      toPeer.append(writer.output)
      writer.wrote(writer.output.count)
    case .close(let closing) where closing === session: hangUp(server)
    default: return false
    }
    return true
  }
}
