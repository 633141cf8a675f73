import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `HTTP responses` {
  @Test func `have the headers of the Go server, and close`() {
    let expected = """
      HTTP/1.1 200 OK\r
      Content-Type: application/json; charset=utf-8\r
      Server: periodic/0.1.7\r
      Connection: close\r
      Content-Length: 18\r
      \r
      {"msg": "SUCCESS"}
      """
    #expect(answer(.success) == expected)
  }

  @Test(arguments: [
    (Refusal.emptyName, "400 Bad Request", "{\"err\": \"job name is empty\"}"),
    (.wrongRole, "403 Forbidden", ""),
    (.limit(.nameBytes, value: 256), "413 Content Too Large", ""),
    (.limit(.jobs, value: 9), "507 Insufficient Storage", ""),
    (.storeFailed, "507 Insufficient Storage", ""),
    (.starting, "503 Service Unavailable", "{\"err\": \"starting\"}"),
    (.stopping, "503 Service Unavailable", "{\"err\": \"stopping\"}"),
  ]) func `say why`(_ refusal: Refusal, _ status: String, _ body: String) {
    let text = answer(.refused(refusal))
    #expect(text.hasPrefix("HTTP/1.1 \(status)\r\n"))
    #expect(text.hasSuffix(body))
    let announced = text.split(separator: "Content-Length: ").last?.prefix { $0.isNumber }
    #expect(announced.flatMap { Int($0) } == text.split(separator: "\r\n\r\n").last?.utf8.count)
  }

  @Test func `name the job that does not exist, as JSON`() {
    let decoder = HTTPDecoder(bodyLimit: 100)
    Array(post("/f%22", "name=n%0A&act=remove").utf8).withUnsafeBytes { bytes in
      guard case .request(let request, _) = decoder.next(bytes) else { return }
      let text = answer(.refused(.noSuchJob), request.context)
      #expect(text.hasSuffix(#"{"err": "Job f\":n\n not exists."}"#))
    }
  }

  @Test func `without a body have a length of 0`() {
    let text = text(written { HTTPResponse.encode(HTTPFailure(.badRequest, nil), into: &$0) })
    #expect(text.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
    #expect(text.hasSuffix("Content-Length: 0\r\n\r\n"))
  }

  @Test func `to HEAD are as to GET, without the body`() {
    let row = StatusRow(
      function: lasting("f"), workers: 1, jobs: 2, running: 1, locked: 0, scheduledAt: 3)
    let body = #"{"func_name":"f","total_worker":1,"total_job":2,"processing":1}"#
    let full = text(written { HTTPResponse.encodeFunction(row, HTTPReplyContext(), into: &$0) })
    let head = text(
      written { HTTPResponse.encodeFunction(row, HTTPReplyContext(isHead: true), into: &$0) })
    #expect(full == head + body)
    let none = written { HTTPResponse.encodeFunction(nil, HTTPReplyContext(), into: &$0) }
    #expect(text(none).hasSuffix("Content-Length: 2\r\n\r\n{}"))
  }

  private func answer(_ reply: Reply, _ context: HTTPReplyContext = HTTPReplyContext()) -> String {
    text(written { HTTPResponse.encode(reply, context, into: &$0) })
  }
}
