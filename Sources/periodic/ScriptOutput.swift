/// What a worker script said on its standard output (PROTOCOL 4.2).
///
/// Lines that begin with one of the words are for us, all others are passed on. A line that is not
/// ended counts like the others.
struct ScriptOutput: Equatable {
  /// Lines for the worker's own output, as they came.
  var passedOn: [UInt8] = []
  var saysFail = false
  /// The last SCHED_LATER in seconds, if that is positive.
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
    if let rest = ScriptOutput.rest(of: line, after: "SCHED_LATER", orDigit: true)
      ?? ScriptOutput.rest(of: line, after: "SCHEDLATER", orDigit: true),
      let number = rest.split(whereSeparator: \.isWhitespace).first
    {
      // The last one counts, also when it takes back what an earlier one said.
      later = Int64(number).flatMap { $0 > 0 ? $0 : nil }
    } else if ScriptOutput.rest(of: line, after: "FAIL") != nil {
      saysFail = true
    } else if ScriptOutput.rest(of: line, after: "DONE") == nil {
      passedOn += line
    }
  }

  /// What follows a word at the start of a line: nothing, a blank and more, or a number.
  private static func rest(
    of line: ArraySlice<UInt8>, after word: String, orDigit: Bool = false
  ) -> String? {
    guard line.starts(with: word.utf8) else { return nil }
    let rest = String(decoding: line.dropFirst(word.utf8.count), as: UTF8.self)
    guard let next = rest.first else { return "" }
    let isNumber = orDigit && (next.isASCII && next.isNumber || next == "-")
    return next.isWhitespace || isNumber ? rest : nil
  }
}

/// How a script's run is reported.
enum ScriptOutcome: Equatable {
  case done
  case fail
  case later(Int64)
}
