import PeriodicCore

/// The fields of a query or a form body (`a=b&c=d`), decoded as the bytes arrive.
///
/// Percent signs are decoded once, `+` is a blank, and the first field of a name counts. Fields
/// that no request has are passed over.
struct HTTPForm: ~Copyable {
  enum Field: Int {
    case function, name, workload, timeout, scheduledAt, act
  }

  /// Whether a percent sign without two hexadecimal digits was met.
  private(set) var isBroken = false
  /// The values, one behind the other.
  private var text = ByteBuffer()
  private var places: [Range<Int>?] = Array(repeating: nil, count: 6)
  /// The present field's name, as far as it can be one that is known.
  private var key: [UInt8] = []
  private var isInValue = false
  private var field: Field?
  /// Digits of a percent sign that are still to come.
  private var digits = 0
  private var high: UInt8 = 0

  init() {}

  /// The value of a field; `nil` if there was none. Good until the form is next changed.
  func value(_ field: Field) -> Bytes? {
    places[field.rawValue].map { Bytes(rebasing: text.bytes[$0]) }
  }

  mutating func feed(_ bytes: Bytes) {
    var next = 0
    while next < bytes.count {
      if digits == 0, let end = plainEnd(bytes, next) {
        take(Bytes(rebasing: bytes[next..<end]))
        next = end
        continue
      }
      feed(bytes[next])
      next += 1
    }
  }

  /// No more bytes come.
  mutating func finish() {
    if digits > 0 { isBroken = true }
    endField()
  }

  /// Where a run of bytes that stand for themselves ends; `nil` if none begins here.
  private func plainEnd(_ bytes: Bytes, _ start: Int) -> Int? {
    var next = start
    loop: while next < bytes.count {
      switch bytes[next] {
      case UInt8(ascii: "&"), UInt8(ascii: "%"), UInt8(ascii: "+"): break loop
      case UInt8(ascii: "=") where !isInValue: break loop
      default: next += 1
      }
    }
    return next > start ? next : nil
  }

  private mutating func feed(_ byte: UInt8) {
    if digits > 0 {
      guard let value = byte.hexDigit else {
        isBroken = true
        digits = 0
        return
      }
      digits -= 1
      if digits == 1 { high = value } else { take(high << 4 | value) }
      return
    }
    switch byte {
    case UInt8(ascii: "%"): digits = 2
    case UInt8(ascii: "+"): take(0x20)
    case UInt8(ascii: "&"): endField()
    default: beginValue()
    }
  }

  private mutating func take(_ byte: UInt8) {
    withUnsafeBytes(of: byte) { take($0) }
  }

  private mutating func take(_ bytes: Bytes) {
    if !isInValue {
      if key.count + bytes.count <= 16 { key.append(contentsOf: bytes) } else { key = [0] }
    } else if field != nil {
      text.append(bytes)
    }
  }

  private mutating func beginValue() {
    isInValue = true
    let known = key.withUnsafeBytes { HTTPForm.field($0) }
    field = known.flatMap { places[$0.rawValue] == nil ? $0 : nil }
    if let field { places[field.rawValue] = text.count..<text.count }
  }

  private mutating func endField() {
    if let field, let place = places[field.rawValue] {
      places[field.rawValue] = place.lowerBound..<text.count
    }
    field = nil
    isInValue = false
    key.removeAll(keepingCapacity: true)
  }

  private static func field(_ key: Bytes) -> Field? {
    let names: [(StaticString, Field)] = [
      ("func", .function), ("name", .name), ("args", .workload), ("timeout", .timeout),
      ("sched_at", .scheduledAt), ("act", .act),
    ]
    return names.first { key.equals($0.0.bytes) }?.1
  }
}

extension UInt8 {
  /// The value of a hexadecimal digit.
  var hexDigit: UInt8? {
    switch self {
    case 0x30...0x39: self - 0x30
    case 0x41...0x46: self - 0x41 + 10
    case 0x61...0x66: self - 0x61 + 10
    default: nil
    }
  }
}
