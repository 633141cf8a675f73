import Glibc

/// The value of an environment variable; an empty one counts as unset.
func environment(_ name: String) -> String? {
  guard let value = getenv(name) else { return nil }
  let text = String(cString: value)
  return text.isEmpty ? nil : text
}

func printError(_ text: String) {
  write(text + "\n", to: 2)
}

/// Writes all of `text` to a descriptor.
func write(_ text: String, to descriptor: Int32) {
  var text = text
  text.withUTF8 { write(UnsafeRawBufferPointer($0), to: descriptor) }
}

func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) {
  _ = writeAll(bytes, to: descriptor)
}

/// Writes all of `bytes`; false, with `errno`, if that failed.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = Glibc.write(
      descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
    if count < 0, errno == EINTR { continue }
    if count <= 0 { return false }
    rest = rest.dropFirst(count)
  }
  return true
}

/// Puts a file in place as a whole: written beside it, synced, and renamed.
func replaceFile(_ path: String, with content: [UInt8]) throws {
  var name = Array((path + ".XXXXXX").utf8CString)
  let file = mkstemp(&name)
  guard file >= 0 else { throw Failure("\(path): \(systemError())") }
  let mask = umask(0)
  umask(mask)
  let isWritten =
    content.withUnsafeBytes { writeAll($0, to: file) }
    && fchmod(file, 0o666 & ~mask) == 0 && fsync(file) == 0
  var problem = isWritten ? nil : systemError()
  if close(file) != 0, problem == nil { problem = systemError() }
  if problem == nil, rename(name, path) != 0 { problem = systemError() }
  if let problem {
    unlink(name)
    throw Failure("\(path): \(problem)")
  }
}

func leave(_ status: Int32) -> Never { exit(status) }

/// Everything that can be read from a descriptor; `nil` on an error.
func readAll(_ descriptor: Int32) -> [UInt8]? {
  var content: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(descriptor, &buffer, buffer.count)
    if count < 0, errno == EINTR { continue }
    if count < 0 { return nil }
    if count == 0 { return content }
    content += buffer[..<count]
  }
}

/// What the system says about `errno`.
func systemError() -> String { String(cString: strerror(errno)) }

/// Seconds since 1970.
func currentSeconds() -> Int64 { Int64(time(nil)) }

/// A time as local `YYYY-MM-DD HH:MM:SS`.
func localTime(_ seconds: Int64) -> String {
  var time = time_t(seconds)
  var parts = tm()
  guard localtime_r(&time, &parts) != nil else { return String(seconds) }
  var buffer = [CChar](repeating: 0, count: 64)
  let count = strftime(&buffer, buffer.count, "%Y-%m-%d %H:%M:%S", &parts)
  return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
}
