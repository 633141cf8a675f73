public import PeriodicClient

/// Where the completion of a request goes.
public enum Delivery {
  /// To the queue that `takeCompletion` empties, with the asker's own value.
  case pull(tag: UInt64)
  /// To this closure: called once with a final outcome, on the loop, also after loss, cancel and
  /// close, and before that with each part; never within the call that makes the request.
  case call((Outcome) -> Void)
  /// Nowhere.
  case none
}

/// Closures that wait for their completion, each under a number that is not 0.
struct HandlerTable {
  private var handlers: [((Outcome) -> Void)?] = []
  private var free: [UInt32] = []

  mutating func insert(_ handler: @escaping (Outcome) -> Void) -> UInt32 {
    if let place = free.popLast() {
      handlers[Int(place)] = handler
      return place + 1
    }
    handlers.append(handler)
    return UInt32(handlers.count)
  }

  func handler(_ route: UInt32) -> ((Outcome) -> Void)? { handlers[Int(route) - 1] }

  mutating func remove(_ route: UInt32) -> ((Outcome) -> Void)? {
    let place = Int(route) - 1
    let handler = handlers[place]
    handlers[place] = nil
    free.append(UInt32(place))
    return handler
  }
}
