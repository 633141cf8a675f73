import ArgumentParser
import Glibc
import PeriodicCore

/// A function and a job name, as options (generation 1) or as arguments (generation 2).
struct JobName: Equatable {
  var function: String
  var name: String

  init(function: String, name: String) throws {
    try JobName.check(function, "function")
    try JobName.check(name, "name")
    self.function = function
    self.name = name
  }

  /// Names have 1 to 255 bytes; the wire has no room for more.
  static func check(_ text: String, _ what: String) throws {
    let count = text.utf8.count
    if count == 0 { throw ValidationError("the \(what) is empty") }
    if count > Limits.nameBytes {
      throw ValidationError(
        "the \(what) has \(count) bytes; the limit is \(Limits.nameBytes) (name_bytes)")
    }
  }
}

/// A workload as it is given: text, `@FILE` for a file's content, `-` for the standard input.
func workload(_ text: String) throws -> [UInt8] {
  if text == "-" {
    guard let content = readAll(0) else { throw Failure("standard input: \(systemError())") }
    return content
  }
  guard text.hasPrefix("@") else { return Array(text.utf8) }
  let path = String(text.dropFirst())
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { throw Failure("\(path): \(systemError())") }
  defer { close(file) }
  guard let content = readAll(file) else { throw Failure("\(path): \(systemError())") }
  return content
}
