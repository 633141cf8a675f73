/// A job as an operator sees it.
public struct JobInfo: Equatable, Sendable {
  public enum Standing: Sendable { case waiting, running, locked }

  public var function: [UInt8]
  public var name: [UInt8]
  public var standing: Standing
  /// When it is due, or was accepted if that was later; milliseconds since 1970.
  public var due: Int64
  public var workloadLength: Int
  /// How often it was put back for later, and seconds that a run may take, 0 being none given;
  /// these and the workload are `nil` where only the store has them.
  public var count: Int32?
  public var timeout: Int32?
  public var workload: [UInt8]?

  public init(
    function: [UInt8], name: [UInt8], standing: Standing, due: Int64, workloadLength: Int,
    count: Int32?, timeout: Int32?, workload: [UInt8]?
  ) {
    self.function = function
    self.name = name
    self.standing = standing
    self.due = due
    self.workloadLength = workloadLength
    self.count = count
    self.timeout = timeout
    self.workload = workload
  }
}
