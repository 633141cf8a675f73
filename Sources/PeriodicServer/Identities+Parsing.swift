public import PeriodicCore

/// Why an identity file cannot be used.
public struct IdentitiesError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Counted from 1.
  public let line: Int
  /// What is wrong with it. Names no token.
  public let problem: String

  public var description: String { "line \(line): \(problem)" }
}

/// The form of the file: lines of `role name token func1,func2` (PROTOCOL 1.4).
///
/// Fields are separated by white space, `#` begins a comment wherever it stands, and of two lines
/// with one name the later counts. Names and tokens are bytes, in no particular encoding.
extension Identities {
  public init(parsing text: Bytes, clientsAdminister: Bool = false) throws(IdentitiesError) {
    var principals: [[UInt8]: Principal] = [:]
    var number = 0
    for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      let content = line.prefix { $0 != UInt8(ascii: "#") }
      let fields = content.split { Identities.isBlank($0) }.map { [UInt8]($0) }
      if fields.isEmpty { continue }
      let principal = try Identities.principal(fields, line: number)
      principals[principal.name] = principal
    }
    self.init(principals, clientsAdminister: clientsAdminister)
  }

  private static func principal(
    _ fields: [[UInt8]], line: Int
  ) throws(IdentitiesError) -> Principal {
    func failure(_ problem: String) -> IdentitiesError {
      IdentitiesError(line: line, problem: problem)
    }
    let role = String(decoding: fields[0], as: UTF8.self)
    guard let kind = Principal.Kind(rawValue: role) else {
      throw failure("\(role) is no role: client, worker or admin")
    }
    if fields.count < 2 { throw failure("there is no name") }
    let name = String(decoding: fields[1], as: UTF8.self)
    if fields.count < 3 { throw failure("\(name) has no token") }
    if fields.count > 4 {
      throw failure("\(name) has more than a token and one list of functions; a list has no blanks")
    }
    let functions = fields.count < 4 ? [] : fields[3].split(separator: UInt8(ascii: ","))
    if functions.isEmpty { throw failure("\(name) has no functions") }
    return Principal(
      name: fields[1], kind: kind, token: fields[2], functions: Set(functions.map { [UInt8]($0) }))
  }

  /// Blank, tab, carriage return, and the two that nobody uses.
  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d ~= byte) }
}
