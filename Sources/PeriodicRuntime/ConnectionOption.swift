public import PeriodicClient

/// An option of a client's or worker's connection.
public typealias ConnectionOption = OptionRow<ConnectionOptions>

extension ConnectionOption {
  public static let all: [ConnectionOption] = [identity, token, dataBytes]

  public static let identity = ConnectionOption(
    option: "client-name", field: "identity", variables: ["PERIODIC_CLIENT_NAME"],
    kind: .other(form: "bytes; with the token at most \(Credentials.longest)"), valueName: "name",
    meaning: "Who we are, to a server with an identity file.",
    more: "Default: PERIODIC_CLIENT_NAME. Goes with --client-token.",
    beyond: "One without the other is an error.")

  public static let token = ConnectionOption(
    option: "client-token", field: "token", variables: ["PERIODIC_CLIENT_TOKEN"],
    kind: .other(form: "bytes"), valueName: "token", meaning: "The token that proves it.",
    more: """
      Default: PERIODIC_CLIENT_TOKEN, which other users of the machine cannot see in the list of \
      processes.
      """)

  public static let dataBytes = ConnectionOption(
    option: nil, field: "data_bytes",
    kind: .number(.init(\.dataBytes, 1...Int.max, .bytes)), valueName: "bytes",
    meaning: "Bytes of parts that may wait to be taken, each counted with 64 more.",
    beyond: "The request whose next part would pass it ends as PERIODIC_ELIMIT.")
}
