import PeriodicWire

/// Prints what a job says, piece by piece: `Data: X` and `Result: X` (PROTOCOL 4.3), or JSON.
struct DataOutput {
  var json: Bool

  func show(_ what: StaticString, _ bytes: [UInt8]) {
    if json {
      var line = JSONLine()
      bytes.withUnsafeBytes { line.append(what == "Data" ? "data" : "result", $0) }
      line.finish().withUnsafeBytes { write($0, to: 1) }
    } else {
      let line = Array("\(what): ".utf8) + bytes + [UInt8(ascii: "\n")]
      line.withUnsafeBytes { write($0, to: 1) }
    }
  }
}

extension StaticString {
  fileprivate static func == (left: StaticString, right: StaticString) -> Bool {
    left.description == right.description
  }
}
