/// One function's numbers, as a server lists them in its answer to STATUS (PROTOCOL 2.7).
public struct FunctionStatus: Equatable, Sendable {
  public var function: [UInt8]
  /// Worker connections that can do it.
  public var workers: Int64
  /// Jobs kept: waiting, running and locked.
  public var jobs: Int64
  public var running: Int64
  /// Jobs that wait for a named lock.
  public var locked: Int64
  /// When the first of the waiting jobs is due, seconds since 1970; the server's time if none
  /// waits.
  public var scheduledAt: Int64

  /// Reads a whole answer; what is not a line of six fields is left out.
  ///
  /// Nothing escapes a comma or newline in a function's name. Fields are counted from the right,
  /// and a line without its numbers is taken as the beginning of the next, so such names survive
  /// too.
  public static func list(_ answer: [UInt8]) -> [FunctionStatus] {
    var found: [FunctionStatus] = []
    var start = 0
    for end in 0...answer.count where end == answer.count || answer[end] == 0x0a {
      guard let status = FunctionStatus(line: answer[start..<end]) else { continue }
      found.append(status)
      start = end + 1
    }
    return found
  }

  private init?(line: ArraySlice<UInt8>) {
    var numbers: [Int64] = []
    var rest = line
    while numbers.count < 5 {
      guard let comma = rest.lastIndex(of: 0x2c),
        let number = Int64(String(decoding: rest[(comma + 1)...], as: UTF8.self))
      else { return nil }
      numbers.append(number)
      rest = rest[..<comma]
    }
    function = Array(rest)
    (scheduledAt, locked, running) = (numbers[0], numbers[1], numbers[2])
    (jobs, workers) = (numbers[3], numbers[4])
  }
}
