import Foundation

/// A `storetool` process, spoken to by lines.
final class OtherProcess {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()

  /// Beside the test binary, wherever the build put that.
  static var tool: String {
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: tests).deletingLastPathComponent().path + "/storetool"
  }

  init(_ arguments: [String], program: String = OtherProcess.tool) throws {
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardInput = input
    process.standardOutput = output
    try process.run()
  }

  var number: Int32 { process.processIdentifier }

  /// Its first line.
  func line() -> String {
    var text = Data()
    while true {
      let byte = output.fileHandleForReading.readData(ofLength: 1)
      if byte.first ?? 0x0a == 0x0a { return String(decoding: text, as: UTF8.self) }
      text += byte
    }
  }

  /// Ends its input and reads what it still says.
  func finish() -> (output: String, status: Int32) {
    try? input.fileHandleForWriting.close()
    let rest = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (String(decoding: rest, as: UTF8.self), process.terminationStatus)
  }

  func kill() {
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }
}
