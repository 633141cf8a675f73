/// What the answer to an HTTP request depends on, besides how it went.
public struct HTTPReplyContext: Equatable, Sendable {
  /// Headers only.
  public var isHead: Bool
  /// The job or function that the request names, for the sentence that it does not exist.
  var function: [UInt8] = []
  var name: [UInt8] = []

  public init(isHead: Bool = false) { self.isHead = isHead }
}
