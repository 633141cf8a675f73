/// What a worker script said on its standard output (PROTOCOL 4.2).
///
/// Lines that begin with one of the words are for us, all others are passed on. A line that is not
/// ended counts like the others.
struct ScriptOutput: Equatable {
  /// Lines for the worker's own output, as they came.
  var passedOn: [UInt8] = []
  var saysFail = false
  /// The last positive SCHED_LATER, in seconds.
  var later: Int64?

  init(_ output: [UInt8]) {
    var rest = output[...]
    while !rest.isEmpty {
      let end = rest.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? rest.endIndex
      take(rest[..<end])
      rest = rest[end...]
    }
  }

  /// How the run ends, given how the script ended.
  func outcome(exitStatus: Int32) -> ScriptOutcome {
    if exitStatus != 0 || saysFail { return .fail }
    return later.map { .later($0) } ?? .done
  }

  private mutating func take(_ line: ArraySlice<UInt8>) {
    let text = String(decoding: line, as: UTF8.self)
    let words = text.split(whereSeparator: \.isWhitespace)
    switch words.first {
    case "FAIL" where text.hasPrefix("FAIL"): saysFail = true
    case "DONE" where text.hasPrefix("DONE"): break
    case "SCHED_LATER" where text.hasPrefix("S") && words.count > 1,
      "SCHEDLATER" where text.hasPrefix("S") && words.count > 1:
      if let seconds = Int64(words[1]), seconds > 0 { later = seconds }
    default: passedOn += line
    }
  }
}

/// How a script's run is reported.
enum ScriptOutcome: Equatable {
  case done
  case fail
  case later(Int64)
}
