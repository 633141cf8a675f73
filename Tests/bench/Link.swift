import Glibc
import PeriodicCore

/// A non-blocking connection to a server, with what waits to be written and to be understood.
final class Link<Speech: Dialect> {
  let descriptor: Int32
  var speech: Speech
  var output = ByteBuffer()
  /// Whether the poller tells when the socket takes more.
  var waitsToWrite = false
  private var input = ByteBuffer()

  init(_ address: String, _ speech: Speech) {
    self.speech = speech
    descriptor = Address.connect(to: address)
    guard descriptor >= 0 else { quit("cannot connect to \(address): \(systemError())") }
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    self.speech.greet(into: &output)
  }

  deinit { close(descriptor) }

  /// Writes what the socket takes.
  func flush() {
    while !output.isEmpty {
      let count = write(descriptor, output.bytes.baseAddress, output.count)
      if count <= 0 { return }
      output.consume(count)
    }
  }

  /// Reads what is there.
  ///
  /// - Returns: answers that the workload counts.
  func receive(into room: UnsafeMutableRawBufferPointer) -> Int {
    var answers = 0
    while true {
      let count = read(descriptor, room.baseAddress, room.count)
      if count == 0 { quit("\(Speech.name) closed the connection") }
      if count < 0 { return answers }
      let bytes = Bytes(start: room.baseAddress, count: count)
      if input.isEmpty {
        let used = speech.receive(bytes, into: &output) { answers += 1 }
        input.append(Bytes(rebasing: bytes[used...]))
      } else {
        input.append(bytes)
        input.consume(speech.receive(input.bytes, into: &output) { answers += 1 })
      }
      if count < room.count { return answers }
    }
  }
}
