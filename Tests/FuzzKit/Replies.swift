import PeriodicCore
import PeriodicWire

func clientSide1(_ stream: [UInt8], _ cuts: inout Cuts) -> [[UInt8]] {
  let decoder = Generation1ReplyDecoder(limit: frameLimit)
  return feed(stream, &cuts) { bytes in
    switch decoder.next(bytes) {
    case .needMore: return nil
    case .violation(let violation): return (Array(violation.text.utf8), nil)
    case .bareText(let text, let used): return ([0] + Array(text), used)
    case .answer(let id, let content, let used):
      return ([1] + Array(id) + said(decoder.reply(content)), used)
    }
  }
}

private func said(_ reply: Generation1Reply?) -> [UInt8] {
  switch reply {
  case .assign(let id, let job):
    let request = written { buffer in
      let id = Array("\(id.number)".utf8)
      id.withUnsafeBytes { Generation1.encode(.submit(job), message: $0, into: &buffer) }
    }
    return request
  case .unknown(let reason): return [2] + Array(reason)
  case nil: return [3]
  case .some(let other): return Array("\(other)".utf8)
  }
}

func clientSide2(_ stream: [UInt8], _ cuts: inout Cuts) -> [[UInt8]] {
  var decoder = Generation2ReplyDecoder(limit: frameLimit)
  return feed(stream, &cuts) { bytes in
    switch decoder.next(bytes) {
    case .needMore: return nil
    case .violation(let violation): return (Array(violation.text.utf8), nil)
    case .message(let message, let used):
      let first = encoded(message)
      let again = first.withUnsafeBytes { bytes -> [UInt8] in
        // A greeting first: what follows is read as a reply.
        var second = Generation2ReplyDecoder(limit: 2 * frameLimit)
        if case .connectionID = message {} else { greet(&second) }
        guard case .message(let message, first.count) = second.next(bytes) else { return first }
        return encoded(message)
      }
      expect(again == first, "a reply of generation 2 comes back")
      return (first, used)
    }
  }
}

private func greet(_ decoder: inout Generation2ReplyDecoder) {
  written { Generation2.encodeConnectionID(1, into: &$0) }.withUnsafeBytes { greeting in
    _ = decoder.next(greeting)
  }
}

/// The message as a server writes it; what no server writes, in words.
private func encoded(_ message: ServerMessage) -> [UInt8] {
  let (reply, id): (Reply, MessageID)
  switch message {
  case .connectionID(let id): return written { Generation2.encodeConnectionID(id, into: &$0) }
  case .noJob, .other: return Array("\(message)".utf8)
  case .success(let message): (reply, id) = (.success, message)
  case .pong(let message): (reply, id) = (.pong, message)
  case .noop(let message): (reply, id) = (.noop, message)
  case .unknown(let message): (reply, id) = (.refused(.unknownCommand), message)
  case .noWorker(let message): (reply, id) = (.noWorker, message)
  case .data(let message, let bytes): (reply, id) = (.data(bytes), message)
  case .setting(let message, let value): (reply, id) = (.setting(value), message)
  case .acquired(let message, let isHeld): (reply, id) = (.acquired(isHeld), message)
  case .assign(let message, let job):
    let item = Assignment(id: JobID(1), job: job, previousRunAt: 0, fence: 1)
    (reply, id) = (.assign(item), message)
  }
  return written { Generation2.encode(reply, id, into: &$0) }
}

// MARK: HTTP

/// Requests of one connection, each with a decoder of its own, as a session has them.
func httpSide(_ stream: [UInt8], _ cuts: inout Cuts) -> [[UInt8]] {
  var decoder = HTTPDecoder(bodyLimit: frameLimit)
  return feed(stream, &cuts) { bytes in
    switch decoder.next(bytes) {
    case .needMore(let used):
      return used == 0 ? nil : ([], used)
    // Whether a client still waits to be told to go on depends on what has come.
    case .interim(let used): return ([], used)
    case .failed(let failure):
      _ = written { HTTPResponse.encode(failure, into: &$0) }
      return (Array("\(failure)".utf8), nil)
    case .request(let request, let used):
      let found = said(request)
      let last = decoder
      decoder = HTTPDecoder(bodyLimit: frameLimit)
      withExtendedLifetime(last) {}
      return (found, request.context.keepsAlive ? used : nil)
    }
  }
}

private func said(_ request: HTTPRequest) -> [UInt8] {
  var found = Array("\(request.context) ".utf8)
  if let identity = request.identity { found += Array(identity.name) + Array(identity.token) }
  switch request.action {
  case .command(let command): found += said(command)
  case .functionStatus(let function): found += Array(function)
  case .beginBackup(let path): found += Array(path)
  case .ready, .status, .dump, .backupState, .cancelBackup, .refused:
    found += Array("\(request.action)".utf8)
  }
  _ = written { HTTPResponse.encode(.success, request.context, into: &$0) }
  return found
}

/// A command whose names may be longer than any binary generation can say.
private func said(_ command: Command) -> [UInt8] {
  switch command {
  case .submit(let job): return said("submit", job)
  case .run(let job): return said("run", job)
  case .receiveData(let job): return said("receiveData", job)
  case .remove(let key): return said("remove", JobFields(key: key))
  case .drop(let function): return Array("drop ".utf8) + Array(function)
  case .getSetting(let key): return Array("get ".utf8) + Array(key)
  case .setSetting(let key, let value): return Array("set \(value) ".utf8) + Array(key)
  default: return written { Generation2.encode(command, message: 1, into: &$0) }
  }
}

private func said(_ verb: String, _ job: JobFields) -> [UInt8] {
  let numbers = [job.scheduledAt, Int64(job.timeout), Int64(job.count), Int64(job.origin.rawValue)]
  return written { found in
    found.append(text: "\(verb) \(numbers) ")
    for part in [job.key.function, job.key.name, job.workload] { found.append(bytes32: part) }
  }
}
