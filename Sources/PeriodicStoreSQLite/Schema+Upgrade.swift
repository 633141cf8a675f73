import PeriodicStore

/// Versions of the format, and the way from each to the next.
extension Schema {
  /// The statements that bring a file from version 1 to 2, from 2 to 3, and so on.
  ///
  /// A new file takes the same way, so that it has the same form as an upgraded one. What a step
  /// may do: anything that one transaction can hold; it leaves `extra` as it is.
  static let steps: [String] = []

  /// What a program with these steps writes and reads.
  static func version(_ steps: [String]) -> Int64 { Int64(steps.count) + 1 }

  /// Takes the steps that are left; inside a transaction, so that a cut leaves the older version.
  static func upgrade(_ connection: Connection, _ steps: [String]) throws(StoreError) {
    let found = try connection.number("PRAGMA user_version", "look at the file")
    if found == version(steps) { return }
    for step in steps.dropFirst(Int(found - 1)) { try connection.run(step, "upgrade the file") }
    try connection.run("PRAGMA user_version = \(version(steps))", "upgrade the file")
  }
}
