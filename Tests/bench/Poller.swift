import CEpoll
import Glibc

/// Waits for any of many descriptors, at a cost that does not grow with their number.
final class Poller {
  private let descriptor = epoll_create1(0)
  private var events = [epoll_event](repeating: epoll_event(), count: 256)

  init() {}

  /// For one descriptor.
  init(for other: Int32) { add(other, as: 0) }

  deinit { close(descriptor) }

  func add(_ other: Int32, as place: Int) { control(EPOLL_CTL_ADD, other, place, false) }

  /// Whether to tell also when there is room to write.
  func change(_ other: Int32, as place: Int, toWrite: Bool) {
    control(EPOLL_CTL_MOD, other, place, toWrite)
  }

  private func control(_ what: Int32, _ other: Int32, _ place: Int, _ toWrite: Bool) {
    var event = epoll_event()
    event.events = EPOLLIN.rawValue | (toWrite ? EPOLLOUT.rawValue : 0)
    event.data.u64 = UInt64(place)
    if epoll_ctl(descriptor, what, other, &event) != 0 { quit("epoll: \(systemError())") }
  }

  /// Shows the places of the descriptors that something can be done with.
  ///
  /// - Returns: whether there was one.
  @discardableResult
  func wait(nanoseconds: Int64, _ body: (Int) -> Void) -> Bool {
    var time = timespec(
      tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    let count = epoll_pwait2(descriptor, &events, Int32(events.count), &time, nil)
    guard count > 0 else { return false }
    for index in 0..<Int(count) { body(Int(events[index].data.u64)) }
    return true
  }
}

/// Monotonic nanoseconds.
func nanoseconds() -> Int64 { nanoseconds(of: CLOCK_MONOTONIC) }

/// CPU time of this program, in nanoseconds.
func ownCPUTime() -> Int64 { nanoseconds(of: CLOCK_PROCESS_CPUTIME_ID) }

func nanoseconds(of clock: clockid_t) -> Int64 {
  var time = timespec()
  clock_gettime(clock, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
