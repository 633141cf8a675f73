import Glibc
import PeriodicCore
import PeriodicLoop
import Testing

@Suite struct `A loop` {
  let bench: LoopBench

  init() throws { bench = try LoopBench() }

  @Test func `gives each participant that asks one turn, after all input`() throws {
    let participant = Participant()
    bench.loop.add(participant)
    bench.loop.step()
    #expect(participant.turns == 0)
    participant.work = 1
    bench.loop.step()
    #expect(participant.turns == 1)
    bench.loop.remove(participant)
    participant.work = 1
    bench.loop.step()
    #expect(participant.turns == 1)
  }

  @Test func `does not wait while a participant has work left`() throws {
    let participant = Participant()
    bench.loop.add(participant)
    bench.loop.step()
    #expect(bench.loop.timeoutMilliseconds == -1)
    participant.work = 7
    #expect(bench.loop.timeoutMilliseconds == 0)
    participant.whenDone = { [loop = bench.loop] in loop.stop() }
    bench.loop.run()
    #expect(participant.turns == 7)
    bench.loop.remove(participant)
  }

  @Test(arguments: [false, true], [false, true])
  func `returns from run when that was asked for while a call waited, which goes on`(
    fromAnyThread: Bool, isVirtual: Bool
  ) throws {
    let loop = try Loop()
    if isVirtual { loop.setVirtualClock() }
    var hasEnded = false
    loop.soon { if fromAnyThread { loop.stopFromAnyThread() } else { loop.stop() } }
    let end = LoopTimer(loop) {
      hasEnded = true
      loop.endWait()
    }
    end.arm(at: loop.now.monotonic + 5)
    loop.wait()
    #expect(hasEnded)
    var isLate = false
    let late = LoopTimer(loop) {
      isLate = true
      loop.stop()
    }
    late.arm(at: loop.now.monotonic + 5_000)
    loop.run()
    late.disarm()
    #expect(!isLate)
  }

  @Test func `waits in a step's host while run is to return`() {
    bench.loop.stop()
    bench.loop.step()
    #expect(bench.loop.timeoutMilliseconds == -1)
    bench.loop.endWait()
    bench.loop.run()
    #expect(!bench.loop.isRunning)
  }

  @Test func `runs what was put off once, in the next turn`() throws {
    var calls: [Int] = []
    bench.loop.soon {
      calls.append(1)
      bench.loop.soon { calls.append(2) }
    }
    #expect(bench.loop.timeoutMilliseconds == 0)
    bench.run { calls.count == 2 }
    #expect(calls == [1, 2])
  }

  @Test func `is woken by another thread`() throws {
    #expect(bench.loop.timeoutMilliseconds == 0)
    bench.loop.step()
    let thread = try waker(of: bench.loop)
    var ready = pollfd(fd: bench.loop.fileDescriptor, events: Int16(POLLIN), revents: 0)
    #expect(poll(&ready, 1, 10_000) == 1)
    thread.join()
    bench.loop.step()
    #expect(poll(&ready, 1, 0) == 0)
  }

  private func waker(of loop: Loop) throws -> NativeThread {
    nonisolated(unsafe) let loop = loop
    return try NativeThread(name: "waker") { loop.wake() }
  }

  @Test func `returns from run when it was stopped before`() {
    bench.loop.stop()
    bench.loop.run()
    #expect(!bench.loop.isRunning)
  }
}

private final class Participant: TurnParticipant {
  var work = 0
  var turns = 0
  var whenDone: () -> Void = {}
  var needsTurn: Bool { work > 0 }

  func endOfTurn(at now: Now) {
    turns += 1
    work -= 1
    if work == 0 { whenDone() }
  }
}

@Suite struct `A timer` {
  private let loop: Loop
  private let clock = Clock()

  init() throws {
    loop = try Loop()
    loop.setClock { [clock] in clock.now }
  }

  private func step(at time: Int64) {
    clock.now.monotonic = time
    loop.step()
  }

  @Test func `fires once, when its time has come`() {
    var fired = 0
    let timer = LoopTimer(loop) { fired += 1 }
    timer.arm(at: 1000)
    loop.step()
    #expect(loop.timeoutMilliseconds == 1000)
    step(at: 999)
    #expect(fired == 0)
    #expect(loop.timeoutMilliseconds == 1)
    step(at: 1000)
    step(at: 5000)
    #expect(fired == 1)
    #expect(timer.deadline == nil)
  }

  @Test func `follows the last time it was armed for`() {
    var fired = 0
    let timer = LoopTimer(loop) { fired += 1 }
    timer.arm(at: 10)
    timer.arm(at: 100)
    step(at: 50)
    #expect(fired == 0)
    timer.arm(at: 60)
    step(at: 60)
    #expect(fired == 1)
  }

  @Test func `can be armed again and disarm others from its callback`() {
    var order: [String] = []
    let victim = LoopTimer(loop) { order.append("victim") }
    let other = LoopTimer(loop) { order.append("other") }
    let first = LoopTimer(loop) {
      order.append("first")
      victim.disarm()
      other.arm(at: 30)
    }
    victim.arm(at: 20)
    other.arm(at: 15)
    first.arm(at: 10)
    step(at: 20)
    #expect(order == ["first"])
    step(at: 30)
    #expect(order == ["first", "other"])
  }

  @Test func `sees time stand still while the host's clock steps back`() {
    step(at: 1000)
    step(at: 500)
    #expect(loop.now.monotonic == 1000)
    step(at: 1001)
    #expect(loop.now.monotonic == 1001)
  }

  @Test func `wakes a running loop on the system's clock`() throws {
    loop.setClock(nil)
    let timer = LoopTimer(loop) { [loop] in loop.stop() }
    let start = loop.now.monotonic
    timer.arm(at: start + 20)
    loop.run()
    #expect(loop.now.monotonic >= start + 20)
  }

  private final class Clock {
    var now = Now(monotonic: 0, wall: 0)
  }
}
