import PeriodicCore
import PeriodicWire

/// One HTTP connection: bytes in, what is found in words.
final class HTTPBench {
  private var decoder = HTTPDecoder(bodyLimit: 1000)
  private var isOver = false

  /// Feeds `input` in pieces of `size` bytes; the words of everything but `needMore`. The requests
  /// after one that does not ask to keep the connection are not looked at.
  func feed(_ input: [UInt8], pieces size: Int = .max) -> [String] {
    var found: [String] = []
    var position = 0
    while position < input.count {
      let end = min(input.count, size < input.count ? position + size : input.count)
      var piece = input[position..<end]
      while !piece.isEmpty, !isOver {
        let used = piece.withUnsafeBytes { next($0, &found) }
        piece = piece.dropFirst(used)
      }
      position = end
    }
    return found
  }

  private func next(_ piece: Bytes, _ found: inout [String]) -> Int {
    switch decoder.next(piece) {
    case .needMore(let used): return used
    case .interim(let used):
      found.append("interim")
      return used
    case .request(let request, let used):
      found.append(words(request))
      isOver = !request.context.keepsAlive
      decoder = HTTPDecoder(bodyLimit: 1000)
      return used
    case .failed(let failure):
      found.append("\(words(failure)), close")
      isOver = true
      return 0
    }
  }

  private func words(_ request: HTTPRequest) -> String {
    var words = request.context.isHead ? "HEAD " : ""
    if let identity = request.identity {
      words += "as \(text(identity.name)) with \(text(identity.token)): "
    }
    return words + self.words(request.action)
  }

  private func words(_ action: HTTPRequest.Action) -> String {
    switch action {
    case .ready: "ready"
    case .status: "status"
    case .dump: "dump"
    case .beginBackup(let path): "back up to \(text(path))"
    case .backupState: "backup state"
    case .cancelBackup: "cancel backup"
    case .functionStatus(let function): "status \(text(function))"
    case .command(.submit(let job)): "submit \(self.words(job))"
    case .command(.run(let job)): "run \(self.words(job))"
    case .command(.remove(let key)): "remove \(text(key.function))/\(text(key.name))"
    case .command(.drop(let function)): "drop \(text(function))"
    case .command(let other): "\(other)"
    case .refused(let failure): self.words(failure)
    }
  }

  private func words(_ job: JobFields) -> String {
    "\(text(job.key.function))/\(text(job.key.name)) '\(text(job.workload))'"
      + " \(job.scheduledAt) \(job.timeout)"
  }

  private func words(_ failure: HTTPFailure) -> String {
    "\(failure.status.rawValue) \(failure.message?.description ?? "-")"
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

/// `request` on a connection that is to stay open.
func kept(_ request: String) -> String {
  with(request, "Connection: keep-alive")
}

/// `request` with one more field.
func with(_ request: String, _ field: String) -> String {
  request.replacing("Host: h\r\n", with: "Host: h\r\n\(field)\r\n", maxReplacements: 1)
}
