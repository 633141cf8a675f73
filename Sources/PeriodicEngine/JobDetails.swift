import PeriodicCore

/// What is asked about a job only when its turn has come.
struct JobDetails: BitwiseCopyable, Equatable {
  /// When to run as submitted, seconds since 1970.
  var scheduledAt: Int64
  var timeout: Int32
  var count: Int32
  /// When the last run was handed out, seconds since 1970; 0 if there was none.
  var previousRunAt: UInt32 = 0
  var origin: JobOrigin
}

/// How much of a job's details lies in its block: all, or of a job that waits for its time for
/// once, as most do, only what is not known without.
///
///     0 this byte | 1 timeout 4 | 5 when to run, as submitted 8 | 13 count 4 | 17 run before 4
///
/// Of what is left out, the order key tells when to run, and the rest is 0.
struct DetailsForm: BitwiseCopyable {
  private static var withoutTimeout: UInt8 { 1 }
  private static var withTimeout: UInt8 { 5 }
  private static var whole: UInt8 { 21 }

  /// Bytes of what there is, and whether a client of generation 1 submitted it.
  private let bits: UInt8

  /// - Parameter isDue: it may change soon: there shall be room for all.
  @inline(__always)
  init(_ details: JobDetails, due: Int64, isDue: Bool) {
    let isShort =
      !isDue && details.count == 0 && details.previousRunAt == 0
      && due.isWithin(second: details.scheduledAt)
    let short = details.timeout == 0 ? Self.withoutTimeout : Self.withTimeout
    bits = (isShort ? short : Self.whole) << 1 | (details.origin == .generation1 ? 1 : 0)
  }

  /// What lies at an address.
  @inline(__always)
  init(at address: UnsafeMutableRawPointer) { self = address.load(as: DetailsForm.self) }

  @inline(__always) var size: Int { Int(bits >> 1) }
  @inline(__always) var isWhole: Bool { bits >> 1 == Self.whole }
  @inline(__always) private var hasTimeout: Bool { bits >> 1 != Self.withoutTimeout }

  @inline(__always)
  static func read(_ address: UnsafeMutableRawPointer, due: Int64) -> JobDetails {
    let form = DetailsForm(at: address)
    let isWhole = form.isWhole
    return JobDetails(
      scheduledAt: isWhole ? (address + 5).loadUnaligned(as: Int64.self) : due.wholeSeconds,
      timeout: form.hasTimeout ? (address + 1).loadUnaligned(as: Int32.self) : 0,
      count: isWhole ? (address + 13).loadUnaligned(as: Int32.self) : 0,
      previousRunAt: isWhole ? (address + 17).loadUnaligned(as: UInt32.self) : 0,
      origin: form.bits & 1 == 0 ? .generation2 : .generation1)
  }

  /// - Precondition: they fit into this form.
  @inline(__always)
  func write(_ details: JobDetails, at address: UnsafeMutableRawPointer) {
    address.storeBytes(of: self, as: DetailsForm.self)
    if hasTimeout { (address + 1).storeBytes(of: details.timeout, as: Int32.self) }
    if isWhole {
      (address + 5).storeBytes(of: details.scheduledAt, as: Int64.self)
      (address + 13).storeBytes(of: details.count, as: Int32.self)
      Self.setPreviousRun(details.previousRunAt, at: address)
    }
  }

  /// - Precondition: it is the whole form.
  @inline(__always)
  static func setPreviousRun(_ seconds: UInt32, at address: UnsafeMutableRawPointer) {
    (address + 17).storeBytes(of: seconds, as: UInt32.self)
  }
}
