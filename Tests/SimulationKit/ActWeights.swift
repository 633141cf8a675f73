/// How often each kind of act is drawn; 0 leaves a kind out.
public struct ActWeights: Sendable {
  public var open = 4
  public var close = 2
  public var crash = 1
  public var submit = 26
  public var remove = 5
  public var drop = 2
  public var canDo = 8
  public var broadcast = 5
  public var cannotDo = 3
  public var grab = 20
  public var confirm = 8
  public var report = 16
  public var tick = 6
  public var run = 10
  public var receiveData = 6
  public var workData = 6
  public var acquire = 12
  public var release = 4
  public var settings = 3
  public var dump = 4
  /// Calls without messages; only without a durable store.
  public var direct = 24
  /// Not 0: half of the seeds observe events.
  public var events = 1

  public init() {}

  /// Leaves out the kinds of these names. `false` for a name that stands for none.
  public mutating func leaveOut(_ name: some StringProtocol) -> Bool {
    let paths: [String: WritableKeyPath<ActWeights, Int>] = [
      "close": \.close, "crash": \.crash, "remove": \.remove, "drop": \.drop,
      "broadcast": \.broadcast, "confirm": \.confirm, "run": \.run,
      "receive-data": \.receiveData, "work-data": \.workData, "acquire": \.acquire,
      "release": \.release, "settings": \.settings, "dump": \.dump,
      "direct": \.direct,
      "events": \.events,
    ]
    guard let path = paths[String(name)] else { return false }
    self[keyPath: path] = 0
    return true
  }
}
