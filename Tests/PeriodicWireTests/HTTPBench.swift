import PeriodicCore
import PeriodicWire

/// One HTTP connection: bytes in, what is found in words.
struct HTTPBench {
  var decoder = HTTPDecoder(bodyLimit: 1000)

  /// Feeds `input` in pieces of `size` bytes; the words of everything but `needMore`.
  func feed(_ input: [UInt8], pieces size: Int = .max) -> [String] {
    var found: [String] = []
    var position = 0
    while position < input.count {
      let end = min(input.count, size < input.count ? position + size : input.count)
      Array(input[position..<end]).withUnsafeBytes { piece in
        switch decoder.next(piece) {
        case .needMore: break
        case .interim: found.append("interim")
        case .request(let request, _): found.append(words(request))
        case .failed(let failure):
          found.append("\(failure.status.rawValue) \(failure.message?.description ?? "-")")
        }
      }
      position = end
    }
    return found
  }

  func words(_ request: HTTPRequest) -> String {
    let head = request.context.isHead ? "HEAD " : ""
    return switch request.action {
    case .status: "\(head)status"
    case .functionStatus(let function): "\(head)status \(text(function))"
    case .command(.submit(let job)):
      "submit \(text(job.key.function))/\(text(job.key.name)) '\(text(job.workload))'"
        + " \(job.scheduledAt) \(job.timeout)"
    case .command(.remove(let key)): "remove \(text(key.function))/\(text(key.name))"
    case .command(.drop(let function)): "drop \(text(function))"
    case .command(let other): "\(other)"
    }
  }
}

/// What one request is found to be.
func http(_ text: String) -> String {
  HTTPBench().feed(Array(text.utf8)).joined(separator: "; ")
}

/// A POST with a form body, as curl sends it.
func post(_ target: String, _ form: String) -> String {
  "POST \(target) HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    + "Content-Length: \(form.utf8.count)\r\n\r\n\(form)"
}

func get(_ target: String, _ method: String = "GET") -> String {
  "\(method) \(target) HTTP/1.1\r\nHost: h\r\n\r\n"
}
