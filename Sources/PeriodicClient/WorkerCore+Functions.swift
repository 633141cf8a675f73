public import PeriodicCore
import PeriodicWire

/// What a worker can do.
extension WorkerCore {
  /// Announces a function, now and on every later connection. Of `canDo` and `broadcast` the later
  /// counts.
  ///
  /// Ends as `success` when the server has taken it, on whichever connection that is; otherwise as
  /// what became of this attempt. However it ends, the worker goes on wanting the function, and
  /// asks a server that refused it again with growing pauses, until `cannotDo`: who may do what can
  /// change while the server runs (PROTOCOL 1.4).
  public mutating func canDo(
    function name: Bytes, tag: RequestTag = RequestTag(), timeout: Int64? = nil, at now: Now
  ) throws(RequestError) -> RequestID {
    try announce(name, isBroadcast: false, tag: tag, timeout: timeout, at: now)
  }

  /// Announces a function whose jobs go to every worker that waits for one, if all workers of it
  /// announced it so (PROTOCOL 2.3). Ends like `canDo`.
  public mutating func broadcast(
    function name: Bytes, tag: RequestTag = RequestTag(), timeout: Int64? = nil, at now: Now
  ) throws(RequestError) -> RequestID {
    try announce(name, isBroadcast: true, tag: tag, timeout: timeout, at: now)
  }

  private mutating func announce(
    _ name: Bytes, isBroadcast: Bool, tag: RequestTag, timeout: Int64?, at now: Now
  ) throws(RequestError) -> RequestID {
    if name.isEmpty || name.count > Limits.nameBytes { throw .invalidName(length: name.count) }
    if isDraining { throw .draining }
    try connection.admit(bytes: name.count)
    let serial = try serial(of: name, isBroadcast: isBroadcast)
    var request = Request(tag: tag, detail: serial, kind: .canDo)
    request.deadline = connection.deadline(timeout, at: now)
    request.isSent = connection.isReady
    let id = connection.table.insert(request)
    if connection.isReady {
      let message = UInt32(truncatingIfNeeded: id)
      let command: Command =
        isBroadcast ? .broadcast(function: name) : .canDo(function: name)
      connection.send(command, under: message, at: now)
      fillGrabs(at: now)
    }
    return RequestID(id)
  }

  /// Takes a function back. Jobs of it that are in hand stay, and are reported as usual.
  ///
  /// Ends as `success` also when the connection is lost or not there: a server forgets the
  /// functions of a connection that is gone.
  public mutating func cannotDo(
    function name: Bytes, tag: RequestTag = RequestTag(), timeout: Int64? = nil, at now: Now
  ) throws(RequestError) -> RequestID {
    if name.isEmpty || name.count > Limits.nameBytes { throw .invalidName(length: name.count) }
    try connection.admit(bytes: name.count)
    if let index = functions.firstIndex(where: { $0.name.elementsEqual(name) }) {
      let function = functions.remove(at: index)
      let serial = function.serial
      if function.isRefused { refusedCount -= 1 }
      for id in connection.table.ids(where: { $0.kind == .canDo && $0.detail == serial }) {
        if let place = connection.table.find(id: id) { connection.finish(place, as: .cancelled) }
      }
    }
    guard connection.isReady else { return connection.complete(tag, as: .success) }
    return connection.request(
      .cannotDo(function: name), .cannotDo, tag: tag, timeout: timeout, at: now)
  }

  private mutating func serial(
    of name: Bytes, isBroadcast: Bool
  ) throws(RequestError) -> UInt32 {
    if let known = functions.firstIndex(where: { $0.name.elementsEqual(name) }) {
      functions[known].isBroadcast = isBroadcast
      return functions[known].serial
    }
    if functions.count >= connection.options.functions {
      throw .full(.functions, value: connection.options.functions)
    }
    lastSerial &+= 1
    functions.append(
      Function(serial: lastSerial, name: Array(name), isBroadcast: isBroadcast))
    return lastSerial
  }

  /// A new connection stands: announces everything, under the id of whoever still waits for it.
  mutating func announceAll(at now: Now) {
    if isDraining { return }
    var waiting: [UInt32: [UInt64]] = [:]
    for id in connection.table.ids(where: { $0.kind == .canDo && !$0.isSent }) {
      guard let place = connection.table.find(id: id) else { continue }
      waiting[place.pointee.detail, default: []].append(id)
    }
    for function in functions {
      guard let ids = waiting[function.serial] else {
        announce(function, under: nil, at: now)
        continue
      }
      for id in ids { announce(function, under: id, at: now) }
    }
    fillGrabs(at: now)
  }

  private mutating func announce(_ function: Function, under id: UInt64?, at now: Now) {
    function.name.withUnsafeBytes { name in
      let command: Command =
        function.isBroadcast ? .broadcast(function: name) : .canDo(function: name)
      if let id {
        connection.table.find(id: id)?.pointee.isSent = true
        connection.send(command, under: UInt32(truncatingIfNeeded: id), at: now)
      } else {
        connection.send(command, .announceAgain, detail: function.serial, at: now)
      }
    }
  }

  // MARK: Refusals

  /// Functions that the server does not take at present; each is asked for again.
  public var refusedFunctions: [[UInt8]] { functions.filter(\.isRefused).map(\.name) }

  /// Whether there is something to grab for.
  var hasFunctions: Bool { functions.count > refusedCount }

  /// The server has said whether it takes a function.
  mutating func announced(_ serial: UInt32, isTaken: Bool, at now: Now) {
    if isTaken, refusedCount == 0 { return }
    guard let index = functions.firstIndex(where: { $0.serial == serial }) else { return }
    if isTaken {
      guard functions[index].isRefused else { return }
      functions[index].isRefused = false
      refusedCount -= 1
      if refusedCount == 0 { refusals.reset() }
      // A server that refuses functions refuses grabs as well.
      repeatGrabs(at: now, early: true)
      return fillGrabs(at: now)
    }
    if !functions[index].isRefused {
      functions[index].isRefused = true
      refusedCount += 1
    }
    if retryAt == .max { retryAt = now.monotonic.addingSaturated(refusals.next()) }
  }

  /// Asks again for what was refused.
  mutating func retryRefused(at now: Now) {
    guard now.monotonic >= retryAt else { return }
    retryAt = .max
    guard connection.isReady, !isDraining else { return }
    for function in functions where function.isRefused { announce(function, under: nil, at: now) }
  }

  /// The connection is gone, and the next server may think otherwise.
  mutating func forgetRefusals() {
    retryAt = .max
    refusals.reset()
    guard refusedCount > 0 else { return }
    refusedCount = 0
    for index in functions.indices { functions[index].isRefused = false }
  }
}
