public import PeriodicCore

/// Why an HTTP request is not carried out, found out before anybody else has seen it.
public struct HTTPFailure: Equatable, Sendable {
  public var status: HTTPStatus
  /// A sentence for the answer's body; `nil` for an answer without body.
  public var message: StaticText?
  public var isHead = false

  public init(_ status: HTTPStatus, _ message: StaticText?) {
    self.status = status
    self.message = message
  }
}
