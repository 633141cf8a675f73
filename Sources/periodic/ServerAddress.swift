import ArgumentParser
import PeriodicClient
import PeriodicRuntime

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

  @Option(.identity) var clientName: String?
  @Option(.token) var clientToken: String?

  @Option(help: .hidden) var rsaMode: String?
  @Option(help: .hidden) var rsaPrivatePath: String?
  @Option(help: .hidden) var rsaPublicPath: String?

  func validate() throws {
    _ = try credentials()
    let key = rsaPrivatePath ?? environment("PERIODIC_RSA_PRIVATE_PATH") ?? ""
    if !key.isEmpty {
      throw ValidationError("--rsa-private-path: the RSA transport is not part of this program")
    }
  }

  /// Name and token, by option or environment: both or neither.
  func credentials() throws -> Credentials? {
    let name = clientName ?? environment("PERIODIC_CLIENT_NAME") ?? ""
    let token = clientToken ?? environment("PERIODIC_CLIENT_TOKEN") ?? ""
    if name.isEmpty, token.isEmpty { return nil }
    guard !name.isEmpty, !token.isEmpty else {
      let missing = name.isEmpty ? "name" : "token"
      throw ValidationError(
        "--client-name and --client-token go together; there is no \(missing)")
    }
    guard let credentials = Credentials(name: Array(name.utf8), token: Array(token.utf8)) else {
      throw ValidationError(
        "name and token have more than \(Credentials.longest) bytes together")
    }
    return credentials
  }

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
