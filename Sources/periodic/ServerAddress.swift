import ArgumentParser

/// Where the server is, or shall be.
struct ServerAddress: ParsableArguments {
  static let standard = "unix:///tmp/periodic.sock"

  @Option(
    name: [.customShort("H"), .long],
    help: ArgumentHelp(
      "The server's address; to serve, may be given several times.",
      discussion: "Default: PERIODIC_PORT, or \(ServerAddress.standard).",
      valueName: "address"))
  var host: [String] = []

  /// The addresses that were given, by option or environment, or the standard one.
  func addresses() -> [String] {
    if !host.isEmpty { return host }
    return [environment("PERIODIC_PORT") ?? ServerAddress.standard]
  }

  /// The one address to connect to.
  func address() throws -> String {
    let addresses = addresses()
    guard addresses.count == 1 else {
      throw ValidationError("one address to connect to, not \(addresses.count)")
    }
    return addresses[0]
  }
}
