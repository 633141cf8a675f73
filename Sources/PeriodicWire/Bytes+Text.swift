import PeriodicCore

extension UnsafeRawBufferPointer {
  /// The offset of the first generation 1 separator, `00 01`.
  var separator: Int? {
    var next = 0
    while next + 1 < count {
      if self[next] == 0 && self[next + 1] == 1 { return next }
      next += 1
    }
    return nil
  }

  /// The decimal number that this is; `nil` if it is none, or outside the range.
  var wholeDecimal: Int64? {
    guard let found = decimal, found.length == count, !found.isOver else { return nil }
    return found.number
  }

  /// The decimal number that this begins with, held at the ends of the range; `nil` without digits.
  var leadingDecimal: Int64? { decimal?.number }

  /// Sign, digits, and how many bytes they take.
  private var decimal: (number: Int64, isOver: Bool, length: Int)? {
    var next = 0
    let isNegative = first == UInt8(ascii: "-")
    if isNegative || first == UInt8(ascii: "+") { next = 1 }
    let digits = next
    var number: Int64 = 0
    var isOver = false
    while next < count, self[next] >= 0x30, self[next] <= 0x39 {
      let digit = Int64(self[next] - 0x30)
      let (tenfold, overflow) = number.multipliedReportingOverflow(by: 10)
      let (sum, again) =
        isNegative
        ? tenfold.subtractingReportingOverflow(digit) : tenfold.addingReportingOverflow(digit)
      if overflow || again || isOver {
        isOver = true
        number = isNegative ? .min : .max
      } else {
        number = sum
      }
      next += 1
    }
    return next > digits ? (number, isOver, next) : nil
  }
}
