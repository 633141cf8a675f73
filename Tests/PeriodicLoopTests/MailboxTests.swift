import Glibc
import PeriodicCore
import PeriodicLoop
import Testing

@Suite struct `A mailbox` {
  let bench: LoopBench

  init() throws { bench = try LoopBench() }

  @Test func `delivers all that four threads send, each thread's in order`() throws {
    var received: [[Int]] = [[], [], [], []]
    let mailbox = try Mailbox<(Int, Int)>(bench.loop) { received[$0.0].append($0.1) }
    let sender = mailbox.sender
    let threads = try (0..<4).map { index in
      try NativeThread(name: "sender") { for value in 0..<5000 { sender.push((index, value)) } }
    }
    bench.run { received.allSatisfy { $0.count == 5000 } }
    for thread in threads { thread.join() }
    for values in received { #expect(values == Array(0..<5000)) }
  }

  @Test func `takes nothing more once closed, while others go on sending`() throws {
    var received = 0
    let mailbox = try Mailbox<Int>(bench.loop) { _ in received += 1 }
    let sender = mailbox.sender
    let thread = try NativeThread(name: "sender") { while sender.push(1) {} }
    bench.run { received > 100 }
    mailbox.close()
    let last = received
    thread.join()
    bench.loop.step()
    #expect(received == last)
    #expect(sender.push(1) == false)
  }

  @Test func `may be closed by what it delivers`() throws {
    var received: [Int] = []
    var mailbox: Mailbox<Int>?
    mailbox = try Mailbox<Int>(bench.loop) {
      received.append($0)
      mailbox?.close()
    }
    let sender = try #require(mailbox?.sender)
    for value in 0..<3 { sender.push(value) }
    bench.run { !received.isEmpty }
    #expect(received == [0])
    mailbox = nil
  }

  @Test func `does not let a loop wait for a message that came in the turn before`() throws {
    var received: [Int] = []
    let mailbox = try Mailbox<Int>(bench.loop) {
      received.append($0)
      bench.loop.stop()
      bench.loop.endWait()
    }
    let late = LateSender(mailbox.sender)
    bench.loop.add(late)
    defer { bench.loop.remove(late) }
    bench.loop.run()
    #expect(received == [1])
    late.turns = 0
    bench.loop.wait()
    #expect(received == [1, 1])
    late.turns = 0
    #expect(bench.loop.fileDescriptor >= 0)
    bench.loop.step()
    #expect(received == [1, 1] && isReadable(bench.loop.fileDescriptor))
    bench.loop.step()
    #expect(received == [1, 1, 1])
  }

  @Test func `makes the descriptor readable for what came before that was asked for`() throws {
    var received = 0
    let mailbox = try Mailbox<Int>(bench.loop) { received += $0 }
    bench.loop.soon { bench.loop.stop() }
    bench.loop.run()
    mailbox.sender.push(1)
    #expect(bench.loop.timeoutMilliseconds == 0)
    #expect(isReadable(bench.loop.fileDescriptor))
    bench.loop.step()
    #expect(received == 1 && bench.loop.timeoutMilliseconds == -1)
    #expect(!isReadable(bench.loop.fileDescriptor))
  }

  @Test func `lets a call that waits for messages alone have its timers`() throws {
    let mailbox = try Mailbox<Int>(bench.loop) { _ in }
    let timer = LoopTimer(bench.loop) { [loop = bench.loop] in loop.endWait() }
    for _ in 0..<40 {
      let deadline = bench.loop.now.monotonic + 2
      timer.arm(at: deadline)
      bench.loop.wait()
      #expect(timer.deadline == nil && bench.loop.now.monotonic >= deadline)
    }
    mailbox.close()
  }

  @Test func `lets a call wait for sockets too, when there is one`() throws {
    let mailbox = try Mailbox<Int>(bench.loop) { _ in }
    let directory = try TemporaryDirectory()
    let (listener, accepted) = try bench.listen(on: .unix(path: "\(directory.path)/s"))
    let loop = bench.loop
    let stopper = Stopper(loop) { !accepted.connections.isEmpty }
    loop.add(stopper)
    defer { loop.remove(stopper) }
    let timer = LoopTimer(loop) { loop.endWait() }
    timer.arm(at: loop.now.monotonic + 10_000)
    _ = bench.connect(to: listener.address, Recorder())
    loop.wait()
    #expect(accepted.connections.count == 1)
    listener.close()
    mailbox.close()
  }

  private func isReadable(_ descriptor: Int32) -> Bool {
    var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&watched, 1, 0) == 1
  }

  @Test(arguments: [Waiting.run, .call, .host])
  func `loses no wake-up in many exchanges between two loops that wait`(
    _ way: Waiting
  ) throws {
    let rounds = 5_000
    var peer: Mailbox<Word>.Sender?
    var last = 0
    let loop = bench.loop
    let mailbox = try Mailbox<Word>(loop) { word in
      switch word {
      case .hello(let sender): peer = sender
      case .number(let number): last = number
      }
      if last == rounds { return end(loop) }
      // At other moments of the other loop's way to its wait.
      for _ in 0..<last % 64 { _ = loop.isInherited }
      peer?.push(.number(last + 1))
    }
    let sender = mailbox.sender
    let thread = try NativeThread(name: "other") { answer(sender, rounds) }
    let timer = LoopTimer(loop) { end(loop) }
    timer.arm(at: loop.now.monotonic + 60_000)
    switch way {
    case .run: loop.run()
    case .call: loop.wait()
    case .host: bench.run { last == rounds }
    }
    #expect(last == rounds)
    if last == rounds { thread.join() }
  }
}

enum Waiting { case run, call, host }

/// Ends `run` and a call that waits, whichever it is.
private func end(_ loop: Loop) {
  loop.stop()
  loop.endWait()
}

/// What two loops tell each other.
private enum Word: Sendable {
  case hello(Mailbox<Word>.Sender)
  case number(Int)
}

/// Sends every number back to where it came from, and ends after the last.
private func answer(_ sender: Mailbox<Word>.Sender, _ rounds: Int) {
  guard let loop = try? Loop() else { return }
  let mailbox = try? Mailbox<Word>(loop) {
    sender.push($0)
    if case .number(rounds) = $0 { loop.endWait() }
  }
  guard let mailbox else { return }
  sender.push(.hello(mailbox.sender))
  loop.wait()
}

/// Ends a wait at the end of a turn.
private final class Stopper: TurnParticipant {
  private let loop: Loop
  private let isDue: () -> Bool

  init(_ loop: Loop, when isDue: @escaping () -> Bool) {
    self.loop = loop
    self.isDue = isDue
  }

  var needsTurn: Bool { isDue() }

  func endOfTurn(at now: Now) { loop.endWait() }
}

/// Sends a message when the input of its second turn has been handled.
private final class LateSender: TurnParticipant {
  private let sender: Mailbox<Int>.Sender
  var turns = 0

  init(_ sender: Mailbox<Int>.Sender) { self.sender = sender }

  var needsTurn: Bool { turns < 2 }

  func endOfTurn(at now: Now) {
    turns += 1
    if turns == 2 { sender.push(1) }
  }
}

@Suite struct `A thread of the library` {
  @Test func `has every signal blocked and runs its body once`() throws {
    let result = Result()
    let thread = try NativeThread(name: "a name longer than fifteen") {
      var mask = sigset_t()
      pthread_sigmask(SIG_BLOCK, nil, &mask)
      let blocked = [SIGPIPE, SIGINT, SIGTERM, SIGCHLD].allSatisfy { sigismember(&mask, $0) == 1 }
      result.mutex.withLock {
        result.blocked = blocked
        result.calls += 1
        result.changed.signal()
      }
    }
    result.mutex.withLock { while result.calls == 0 { result.changed.wait(result.mutex) } }
    thread.join()
    thread.join()
    #expect(result.blocked && result.calls == 1)
  }

  @Test func `can wait for a limited time`() {
    let result = Result()
    let signalled = result.mutex.withLock { result.changed.wait(result.mutex, milliseconds: 1) }
    #expect(!signalled)
  }

  private final class Result: @unchecked Sendable {
    let mutex = ThreadMutex()
    let changed = ThreadCondition()
    var blocked = false
    var calls = 0
  }
}
