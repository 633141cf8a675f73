import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `STATUS` {
  @Test func `of generation 2 without functions is an empty text`() {
    let empty = "00524553 00000005 736c5cb9 00000007 1e"
    #expect(status(.generation2(MessageID(7)), []) == unhex(empty))
  }

  @Test func `over HTTP is one object, a member for each function`() {
    let rows = [row("a\"b"), row("<f>")]
    let body =
      #"{"a\"b":{"func_name":"a\"b","total_worker":1,"total_job":2,"processing":1},"#
      + #""\u003cf\u003e":{"func_name":"\u003cf\u003e","total_worker":1,"total_job":2,"#
      + #""processing":1}}"#
    let full = text(status(.http(HTTPReplyContext()), rows))
    #expect(full.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(full.hasSuffix("Content-Length: \(body.utf8.count)\r\n\r\n" + body))
    #expect(text(status(.http(HTTPReplyContext(isHead: true)), rows)) + body == full)
    #expect(text(status(.http(HTTPReplyContext()), [])).hasSuffix("Length: 2\r\n\r\n{}"))
  }

  private func status(_ form: StatusForm, _ rows: [StatusRow]) -> [UInt8] {
    var writer = StatusWriter(form)
    for row in rows { writer.append(row) }
    return written { writer.finish(into: &$0) }
  }

  private func row(_ function: String) -> StatusRow {
    StatusRow(
      function: lasting(function), workers: 1, jobs: 2, running: 1, locked: 0, scheduledAt: 3)
  }
}
