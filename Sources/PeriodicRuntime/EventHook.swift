import PeriodicLoop

/// Where a server tells what happens to its jobs and locks (PROTOCOL 2.12).
///
/// Sockets get a line `event:name:seconds` for each event, ended by CR LF; a store gets a row of
/// its table `metrics`. Nothing waits for either: what they cannot take in time is dropped, and the
/// log says so.
public struct EventHook: Sendable {
  public enum Target: Equatable, Sendable {
    /// A line is a datagram.
    case udp(host: String, port: UInt16)
    /// Connected to anew when the connection is lost.
    case tcp(host: String, port: UInt16)
    /// The server's own durable store.
    case persist
  }

  public var target: Target
  /// Events that may wait.
  public var queueLimit = 10_000
  /// The log speaks of the first event dropped, and again after each so many.
  public var dropLogInterval = 1000

  public init(_ target: Target) { self.target = target }

  /// `udp://host:port`, `tcp://host:port` or `persist`; nil for anything else.
  public init?(_ text: String) {
    if text == "persist" {
      self.init(.persist)
      return
    }
    let scheme = text.prefix(6)
    guard scheme == "udp://" || scheme == "tcp://" else { return nil }
    do throws(LoopError) {
      guard case .tcp(let host, let port) = try Address("tcp://\(text.dropFirst(6))"), port > 0
      else { return nil }
      self.init(scheme == "udp://" ? .udp(host: host, port: port) : .tcp(host: host, port: port))
    } catch {
      return nil
    }
  }
}
