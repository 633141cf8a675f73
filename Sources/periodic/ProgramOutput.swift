/// What a program says of its job, taken piece by piece, in one of the ways of `WorkerPlan.Output`.
struct ProgramOutput {
  /// Bytes that are kept for the result, or until the end of a script.
  static let limit = 64 << 20

  let mode: WorkerPlan.Output
  private var kept: [UInt8] = []
  private var lines = LineSplitter()
  /// What a line of WORKDONE said.
  private var result: [UInt8]?
  private var hasLines = false
  private(set) var isOverLimit = false

  init(_ mode: WorkerPlan.Output) { self.mode = mode }

  /// - Parameter data: hears each line of WORKDATA at once.
  /// - Parameter passOn: hears what is for the worker's own output.
  mutating func take(
    _ bytes: some Collection<UInt8>, data: ([UInt8]) -> Void, passOn: ([UInt8]) -> Void
  ) {
    switch mode {
    case .inherited: passOn(Array(bytes))
    case .script, .result: keep(bytes)
    case .lines:
      var taken: [[UInt8]] = []
      lines.take(bytes) { taken.append(Array($0)) }
      for line in taken { take(line: line[...], data) }
    }
  }

  /// The program has ended.
  ///
  /// - Returns: what it comes to, and what is left for the worker's own output.
  mutating func finish(
    isSuccess: Bool, data: ([UInt8]) -> Void
  ) -> (result: RunResult, passedOn: [UInt8]) {
    switch mode {
    case .inherited: return (isSuccess ? .done([]) : .failed, [])
    case .result: return (isSuccess && !isOverLimit ? .done(kept) : .failed, [])
    case .script:
      let said = ScriptOutput(kept)
      switch said.outcome(exitStatus: isSuccess ? 0 : 1) {
      case .done: return (.done([]), said.passedOn)
      case .fail: return (.failed, said.passedOn)
      case .later(let seconds): return (.later(seconds), said.passedOn)
      }
    case .lines:
      var last: [UInt8]?
      lines.finish { last = Array($0) }
      if let last { take(line: last[...], data) }
      return (isSuccess && !isOverLimit ? .done(result ?? kept) : .failed, [])
    }
  }

  private mutating func take(line: ArraySlice<UInt8>, _ data: ([UInt8]) -> Void) {
    // After the result nothing is read any more (PROTOCOL 4.3).
    if result != nil { return }
    if let piece = line.after("WORKDATA") {
      data(Array(piece))
    } else if let done = line.after("WORKDONE") {
      result = Array(done)
    } else {
      if hasLines { keep([UInt8(ascii: "\n")]) }
      hasLines = true
      keep(line)
    }
  }

  private mutating func keep(_ bytes: some Collection<UInt8>) {
    let room = ProgramOutput.limit - kept.count
    kept += bytes.prefix(room)
    if bytes.count > room { isOverLimit = true }
  }
}
