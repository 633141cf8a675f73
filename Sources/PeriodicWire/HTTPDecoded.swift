/// What an HTTP decoder made of the bytes it was given. Each says how many it used.
public enum HTTPDecoded {
  case needMore(consumed: Int)
  /// The client waits to be told to go on: write `HTTPResponse.encodeContinue`, then as `needMore`.
  case interim(consumed: Int)
  /// The connection's one request. Close when it is answered.
  case request(HTTPRequest, consumed: Int)
  /// Write `HTTPResponse.encode` and close.
  case failed(HTTPFailure)
}
