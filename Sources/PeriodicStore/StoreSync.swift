/// How hard what was applied is kept before it counts: what a power cut may cost. A crash of the
/// process costs nothing in any of them.
public enum StoreSync: Equatable, Sendable {
  /// Each batch is on stable storage before it is answered for.
  case always
  /// A batch is handed to the system, answered for, and asked onto stable storage at most this many
  /// milliseconds later: a power cut takes the last ones only, and never out of order.
  case batch(milliseconds: Int)
  /// The system writes when it likes, in any order: a power cut may take anything, or the file.
  case off

  /// Milliseconds that may be given.
  public static let intervals = 1...60_000
  /// What `batch` is without a number.
  public static let usualInterval = 50

  /// Reads `always`, `batch`, `batch:MS` or `off`; nil for anything else.
  public init?(_ text: String) {
    switch text {
    case "always": self = .always
    case "off": self = .off
    case "batch": self = .batch(milliseconds: StoreSync.usualInterval)
    default:
      let word = "batch:"
      guard text.hasPrefix(word), let number = Int(text.dropFirst(word.count)),
        StoreSync.intervals.contains(number)
      else { return nil }
      self = .batch(milliseconds: number)
    }
  }
}
