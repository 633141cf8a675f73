import PeriodicCore
import PeriodicWire

/// The jobs of a generation 1 LOAD: a dump of them is read as the same jobs.
func checkList1(_ list: Bytes) {
  let first = dumped(list, Generation1JobList())
  for frame in first {
    let again = frame.withUnsafeBytes { dumped($0, Generation1JobList()) }
    expect(again == [frame], "a list of generation 1 comes back")
  }
}

/// The texts of a DUMP of the jobs in `list`, up to where it breaks.
private func dumped(_ list: Bytes, _ place: Generation1JobList) -> [[UInt8]] {
  let writer = DumpWriter(.generation1([0x31]), limit: frameLimit)
  var buffer = ByteBuffer()
  reading: while true {
    switch place.next(in: list) {
    case .job(let job): writer.append(item(job), isRunning: false, into: &buffer)
    case .skipped: continue
    case .end, .violation: break reading
    }
  }
  writer.finish(into: &buffer)
  return texts(buffer.bytes)
}

/// The contents of the frames of a DUMP, without its last, which says EOF.
private func texts(_ frames: Bytes) -> [[UInt8]] {
  var found: [[UInt8]] = []
  let decoder = Generation1ReplyDecoder(limit: 64 << 20)
  var position = 0
  while case .answer(_, let content, let used) = decoder.next(Bytes(rebasing: frames[position...]))
  {
    found.append(Array(content))
    position += used
  }
  expect(position == frames.count, "a dump is whole frames")
  expect(found.last == Array("EOF".utf8), "a dump ends with EOF")
  return found.dropLast()
}

/// The jobs of a generation 2 list: a dump of them is read as the same jobs.
func checkList2(_ list: Bytes) {
  let first = dumped(list)
  let again = first.withUnsafeBytes { dumped($0) }
  expect(again == first, "a list of generation 2 comes back")
}

private func dumped(_ list: Bytes) -> [UInt8] {
  let writer = DumpWriter(.generation2(MessageID(7)), limit: 64 << 20)
  var buffer = ByteBuffer()
  var place = Generation2JobList()
  while case .job(let job) = place.next(in: list) {
    writer.append(item(job), isRunning: false, into: &buffer)
  }
  writer.finish(into: &buffer)
  return Array(buffer.bytes.dropFirst(Generation2.headerLength + 5))
}

private func item(_ job: JobFields) -> Assignment {
  Assignment(id: JobID(1), job: job, previousRunAt: 0, fence: 1)
}

// MARK: JSON and headers

/// A text as the job of a SUBMIT_JOB.
func checkJSON(_ text: [UInt8]) {
  let payload: [UInt8] = [0x31, 0, 1, 13, 0, 1] + text
  let frame = written { buffer in
    buffer.append(uint32: 0x0052_4551)
    buffer.append(uint32: UInt32(payload.count))
    payload.withUnsafeBytes { buffer.append($0) }
  }
  frame.withUnsafeBytes { bytes in
    let step = request1(Generation1Decoder(limit: 2 * frameLimit), bytes)
    expect(step?.used == frame.count, "a frame with a bad job is still a frame")
  }
}

/// A frame's bytes after the magic: once a header has been understood, more bytes do not change it.
func checkHeader(_ bytes: [UInt8]) {
  let stream = [0, 0x52, 0x45, 0x51] + bytes
  var decided: [UInt8]?
  for count in 4...min(stream.count, 400) {
    let step = Array(stream[..<count]).withUnsafeBytes { bytes in
      request1(Generation1Decoder(limit: frameLimit), bytes)
    }
    if let decided {
      expect(step?.found == decided, "a header is read in another way with more bytes")
    } else {
      decided = step?.found
    }
  }
}
