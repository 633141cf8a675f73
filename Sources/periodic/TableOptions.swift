import ArgumentParser
import PeriodicRuntime

// Options of the command line that are rows of a table.

extension Option {
  /// A word or number without a default.
  init<Target, T: ExpressibleByArgument>(_ row: OptionRow<Target>) where Value == T? {
    self.init(name: row.names, help: row.help)
  }
}

extension Option where Value: ExpressibleByArgument {
  init<Target>(wrappedValue: Value, _ row: OptionRow<Target>) {
    self.init(wrappedValue: wrappedValue, name: row.names, help: row.help)
  }
}

extension Option where Value: LosslessStringConvertible & ExpressibleByArgument {
  /// A word or number with the default of the table.
  init(_ row: ServerOption) {
    guard let standard = row.standard(ServerOptions()), let value = Value(standard) else {
      preconditionFailure("\(row.name) has no default")
    }
    self.init(wrappedValue: value, row)
  }
}

extension Flag where Value == Bool {
  init(_ row: ServerOption) {
    self.init(wrappedValue: false, name: row.names, help: row.help)
  }
}

extension OptionRow {
  fileprivate var names: NameSpecification {
    NameSpecification(([option ?? name] + aliases).map { .customLong($0) })
  }

  fileprivate var help: ArgumentHelp {
    ArgumentHelp(
      meaning, discussion: more.isEmpty ? nil : more,
      valueName: valueName.isEmpty ? nil : valueName)
  }
}
