import ArgumentParser
import Foundation
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime
import PeriodicStore
import Testing

@testable import periodic

@Suite struct `The table of options` {
  @Test func `is docs/CONFIGURATION.md`() throws {
    let path = URL(filePath: #filePath).appending(path: "../../../docs/CONFIGURATION.md")
    #expect(
      try String(contentsOf: path.standardized, encoding: .utf8) == ConfigurationText.whole,
      "`make configuration` writes it anew")
  }

  /// Every row but those that only the environment sets.
  @Test func `is the daemon's help`() {
    let help = Periodic.helpMessage(columns: 10_000)
    for (option, meaning) in ServerOption.all.map({ ($0.option, $0.meaning) })
      + DaemonOption.all.map({ ($0.option, $0.meaning) })
    {
      guard let option else { continue }
      #expect(help.contains("--\(option) ") || help.contains("--\(option),"), "\(option)")
      #expect(help.contains(meaning), "\(option)")
    }
  }

  @Test func `has a name for each row, once`() {
    let names = ServerOption.all.flatMap {
      [$0.option, $0.field].compactMap(\.self) + $0.variables
    }
    #expect(Set(names.filter { $0 != "store" && $0 != "sync" && $0 != "hook" }).count > 20)
    let options = ServerOption.all.compactMap(\.option)
    #expect(Set(options).count == options.count)
    let fields = ServerOption.all.compactMap(\.field)
    #expect(Set(fields).count == fields.count && fields.count == ServerOption.all.count)
  }

  @Test(arguments: [
    (["--reserve", "65537"], "--reserve 65537: from 0 to 65536 MiB"),
    (["--cache", "1048577"], "--cache 1048577: from 0 to 1048576 MiB"),
    (["--max-bytes", "0"], "--max-bytes 0: at least 1"),
    (["--registration-deadline", "0"], "--registration-deadline 0: from 1 to 3600 seconds"),
    (["--socket-mode", "778"], "--socket-mode 778: octal, from 0 to 777"),
    (["--socket-owner", "no such"], "--socket-owner no such: no user no such"),
    (["--hook", "x"], "--hook x: use udp://host:port, tcp://host:port or persist"),
    (
      ["--sync", "batch:0"], "--sync batch:0: use always, batch, batch:MS (from 1 to 60000) or off"
    ),
  ])
  func `refuses what is out of bounds, and says what is not`(
    _ arguments: [String], _ message: String
  ) {
    #expect(throws: (any Error).self) { try DaemonOptions.parse(arguments) }
    do {
      _ = try DaemonOptions.parse(arguments)
    } catch {
      #expect(DaemonOptions.message(for: error) == message)
    }
  }

  @Test func `is what the server is told`() throws {
    let options = try DaemonOptions.parse([
      "--store", "file:/a", "--reserve", "1", "--sync", "off", "--max-jobs", "2", "--max-bytes",
      "3",
      "--max-function-jobs", "4", "--max-function-bytes", "5", "--cache", "6", "--socket-mode",
      "600", "--socket-owner", "7:8", "--auth-file", "b", "--clients-administer",
      "--registration-deadline", "9", "--idle-timeout", "10", "--hook", "udp://h:1",
    ]).serverOptions()
    guard case .sqlite("/a") = options.store else { return #expect(Bool(false), "no file") }
    #expect(options.storeReserve == 1 << 20 && options.sync == .off)
    #expect(options.limits.jobs == 2 && options.limits.bytes == 3)
    #expect(options.limits.functionJobs == 4 && options.limits.functionBytes == 5)
    #expect(options.limits.cacheBytes == 6 << 20)
    #expect(options.socketFile == SocketFileOptions(mode: 0o600, user: 7, group: 8))
    #expect(options.identityFile == "b" && options.clientsAdminister)
    #expect(options.limits.registrationDeadline == 9000)
    #expect(options.limits.generation1Idle == 10_000)
    #expect(options.hook?.target == .udp(host: "h", port: 1))
    #expect(try DaemonOptions.parse([]).serverOptions().limits == ServerOptions().limits)
  }

  @Test func `counts as the C field does, where that counts otherwise`() throws {
    var options = ServerOptions()
    try ServerOption.reserve.set(&options, 1)
    #expect(options.storeReserve == 1 << 20)
    try ServerOption.reserve.set(&options, 1, on: .field)
    #expect(options.storeReserve == 1)
    try ServerOption.reserve.set(&options, 0, on: .field)
    #expect(options.storeReserve == 1)
    try ServerOption.reserve.set(&options, -1, on: .field)
    #expect(options.storeReserve == 0)
    try ServerOption.maxJobs.set(&options, UInt64.max, on: .field)
    #expect(options.limits.jobs == .max)
    let error = #expect(throws: OptionError.self) {
      try ServerOption.registrationDeadline.set(&options, UInt32(3_600_001), on: .field)
    }
    #expect(
      error?.description
        == "registration_timeout_ms 3600001: from 1 to 3600000 milliseconds")
  }
}
