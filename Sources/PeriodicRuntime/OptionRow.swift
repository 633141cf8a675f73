/// A row of a table of options: what it is called, what it may be, and what it means.
///
/// The command line, the C struct, their checks, the help and docs/CONFIGURATION.md are all made of
/// rows, so that they cannot say different things.
public struct OptionRow<Target>: Sendable {
  /// Its name on the command line, without the dashes; nil if it has none there.
  public var option: String?
  /// Further names there.
  public var aliases: [String] = []
  /// Its field in the C struct; nil if it has none.
  public var field: String?
  /// Environment variables that set it where there is no option.
  public var variables: [String] = []
  public var kind: OptionKind<Target>
  /// What stands for its value in the help.
  public var valueName: String
  /// One sentence.
  public var meaning: String
  /// Further sentences, or none.
  public var more = ""
  /// The default, where it is not a number or a word of the table's own.
  public var fallback = ""
  /// What happens at its edge, or without it.
  public var beyond = ""

  /// Its name where one name is enough.
  public var name: String { option ?? field ?? variables.first ?? "" }
}

/// What the value of an option is, and where it goes.
public enum OptionKind<Target>: Sendable {
  case number(OptionNumber<Target>)
  /// `form` says what is accepted. `set` is false for what is not, and may say more.
  case text(
    form: String, standard: String?,
    set: @Sendable (inout Target, String) throws(OptionError) -> Bool)
  case flag(set: @Sendable (inout Target, Bool) -> Void)
  /// Whoever takes it sees to it alone.
  case other(form: String)
}

/// A number with its bounds. Command line and C may count in different units; bounds are in the
/// unit of the target.
public struct OptionNumber<Target>: Sendable {
  public var range: ClosedRange<Int>
  public var unit: OptionUnit
  public var fieldUnit: OptionUnit
  /// In C, where 0 is the default: whether -1 stands for none.
  public var minusOneIsNone = false
  let get: @Sendable (Target) -> Int
  let set: @Sendable (inout Target, Int) -> Void

  init<Number: BinaryInteger & SendableMetatype>(
    _ path: any WritableKeyPath<Target, Number> & Sendable,
    _ range: ClosedRange<Int>, _ unit: OptionUnit, field: OptionUnit? = nil,
    minusOneIsNone: Bool = false
  ) {
    self.range = range
    self.unit = unit
    self.fieldUnit = field ?? unit
    self.minusOneIsNone = minusOneIsNone
    get = { Int(clamping: $0[keyPath: path]) }
    set = { $0[keyPath: path] = .init(clamping: $1) }
  }

  /// What `target` has, counted in `unit`; nil is no limit.
  public func value(_ target: Target, in unit: OptionUnit) -> String? {
    let value = get(target)
    if value == .max { return nil }
    return String(value / unit.size, radix: unit == .octal ? 8 : 10)
  }

  /// What is accepted, counted in `unit`.
  public func form(in unit: OptionUnit) -> String {
    let least = (range.lowerBound + unit.size - 1) / unit.size
    if range.upperBound == .max { return "at least \(least)" }
    let most = range.upperBound / unit.size
    if unit == .octal { return "octal, from \(least) to \(String(most, radix: 8))" }
    return "from \(least) to \(most)" + (unit.name.isEmpty ? "" : " \(unit.name)")
  }
}

/// What a number counts, and how much of the target's unit it is.
public struct OptionUnit: Equatable, Sendable {
  public var name: String
  var size = 1

  static let count = OptionUnit(name: "")
  static let octal = OptionUnit(name: "octal")
  static let bytes = OptionUnit(name: "bytes")
  static let mebibytes = OptionUnit(name: "MiB", size: 1 << 20)
  static let milliseconds = OptionUnit(name: "milliseconds")
  static let seconds = OptionUnit(name: "seconds", size: 1000)
}

/// Why an option cannot be so: a sentence that names it, what was given, and what is accepted.
public struct OptionError: Error, Equatable, CustomStringConvertible {
  public var description: String

  public init(_ description: String) { self.description = description }
}

/// Where an option is given, and so what it is called and counted in.
public enum OptionFace: Sendable {
  case commandLine, field, variable(String)
}

extension OptionRow {
  /// An option of the command line only, to which whoever takes it sees alone.
  public init(
    option: String, aliases: [String] = [], form: String, valueName: String, meaning: String,
    fallback: String = ""
  ) {
    self.init(
      option: option, aliases: aliases, kind: .other(form: form), valueName: valueName,
      meaning: meaning, fallback: fallback)
  }

  /// Its name as a message has it.
  public func name(on face: OptionFace) -> String {
    switch face {
    case .commandLine: "--" + (option ?? name)
    case .field: field ?? name
    case .variable(let variable): variable
    }
  }

  /// What is accepted.
  public func form(on face: OptionFace) -> String {
    switch kind {
    case .text(let form, _, _), .other(let form): return form
    case .flag: return "0 or 1"
    case .number(let number):
      guard case .field = face else { return number.form(in: number.unit) }
      let form = number.form(in: number.fieldUnit)
      return number.minusOneIsNone ? form + ", or -1 for none" : form
    }
  }

  /// The default: what `target` has before anybody set anything; nil if it has none.
  public func standard(_ target: Target, on face: OptionFace = .commandLine) -> String? {
    switch kind {
    case .text(_, let standard, _): return standard
    case .flag, .other: return nil
    case .number(let number):
      if case .field = face { return number.value(target, in: number.fieldUnit) }
      return number.value(target, in: number.unit)
    }
  }

  /// Sets it to a number, unless that is out of bounds. In C, 0 leaves the default.
  public func set(
    _ target: inout Target, _ value: some BinaryInteger, on face: OptionFace = .commandLine
  ) throws(OptionError) {
    switch kind {
    case .flag(let set):
      guard value == 0 || value == 1 else { throw error("\(value)", on: face) }
      set(&target, value == 1)
    case .number(let number):
      var unit = number.unit
      if case .field = face {
        if value == 0 { return }
        if number.minusOneIsNone, value == -1 { return number.set(&target, 0) }
        unit = number.fieldUnit
      }
      // A number that no Int holds is as good as the greatest: no limit.
      let (product, isOver) = Int(clamping: value).multipliedReportingOverflow(by: unit.size)
      guard !isOver, number.range.contains(product) else {
        throw error(unit == .octal ? String(value, radix: 8) : "\(value)", on: face)
      }
      number.set(&target, product)
    case .text, .other: preconditionFailure("\(name) is no number")
    }
  }

  /// Sets it to what a text says.
  public func set(
    _ target: inout Target, _ text: String, on face: OptionFace = .commandLine
  ) throws(OptionError) {
    switch kind {
    case .text(_, _, let set):
      let isAccepted: Bool
      do throws(OptionError) {
        isAccepted = try set(&target, text)
      } catch {
        throw OptionError("\(name(on: face)) \(text): \(error)")
      }
      guard isAccepted else { throw error(text, on: face) }
    case .number(let number):
      guard let value = Int(text, radix: number.unit == .octal ? 8 : 10) else {
        throw error(text, on: face)
      }
      try set(&target, value, on: face)
    case .flag, .other: preconditionFailure("\(name) is no text")
    }
  }

  /// That it cannot be `value`.
  public func error(_ value: String, on face: OptionFace = .commandLine) -> OptionError {
    var verb = ""
    if case .text = kind { verb = "use " }
    return OptionError("\(name(on: face)) \(value): \(verb)\(form(on: face))")
  }
}
