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
