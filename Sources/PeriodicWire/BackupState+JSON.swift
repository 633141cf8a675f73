import CJansson
public import PeriodicCore

extension BackupState {
  /// Reads what `ByteBuffer.append(json:)` wrote; `nil` if that is something else.
  public init?(json: Bytes) {
    guard let parsed = ParsedJSON(json), let word = parsed.text("state")?.text,
      let phase = Phase(rawValue: word), let path = parsed.text("path")?.text,
      let pagesDone = parsed.number("pages_done"), let pages = parsed.number("pages")
    else { return nil }
    self.init()
    self.phase = phase
    self.path = path
    self.pagesDone = Int(pagesDone)
    self.pages = Int(pages)
    error = parsed.text("error")?.text
  }
}

extension ByteBuffer {
  mutating func append(json backup: BackupState) {
    append(text: "{\"state\": \"\(backup.phase.rawValue)\", \"path\": ")
    withBytes(of: backup.path) { append(jsonText: $0) }
    append(text: ", \"pages_done\": \(backup.pagesDone), \"pages\": \(backup.pages)")
    if let error = backup.error {
      append(", \"error\": ")
      withBytes(of: error) { append(jsonText: $0) }
    }
    append("}")
  }
}
