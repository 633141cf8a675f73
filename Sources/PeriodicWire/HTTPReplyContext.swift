/// What the answer to an HTTP request depends on, besides how it went.
public struct HTTPReplyContext: Equatable, Sendable {
  /// Whose answers are given.
  enum Interface {
    /// JSON, as the Go server gives (PROTOCOL 3.1).
    case generation1
    /// The bridge's bare bodies (PROTOCOL 3.2).
    case bridge
    /// The same, for a request that waits for a job's result.
    case bridgeRun
  }

  /// Headers only.
  public var isHead: Bool
  /// Whether the connection stays open after the answer.
  public var keepsAlive: Bool
  /// Whether the client understands a body in chunks, whose length nobody knows beforehand.
  var takesChunks = false
  var interface = Interface.generation1
  /// The job or function that the request names, for the sentence that it does not exist.
  var function: [UInt8] = []
  var name: [UInt8] = []

  public init(isHead: Bool = false, keepsAlive: Bool = false) {
    self.isHead = isHead
    self.keepsAlive = keepsAlive
  }
}
