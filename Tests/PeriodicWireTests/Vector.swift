import Foundation
import Testing

/// One entry of the file of vectors: a frame and what it means.
struct Vector: Decodable, Sendable {
  struct Run: Decodable, Sendable {
    var prefix_hex: String?
    var kind: String
    var count: Int
    var suffix_hex: String?
    var byte: UInt8?

    var bytes: [UInt8] {
      unhex(prefix_hex ?? "") + run(kind, count, byte) + unhex(suffix_hex ?? "")
    }
  }

  struct Expectation: Decodable, Sendable {
    var error: String
    var handling: String
  }

  var id: String
  var generation: Int
  var direction: String
  var context: String
  var valid: Bool
  var hex: String?
  var generator: Run?
  var length: Int?
  var sha256: String?
  var decoded: JSON
  var expect: Expectation?

  /// The whole frame.
  var bytes: [UInt8] { hex.map(unhex) ?? generator?.bytes ?? [] }

  /// The file: the one that PERIODIC_VECTORS names, else Tests/Fixtures/wire/vectors.json.
  static let file: URL =
    ProcessInfo.processInfo.environment["PERIODIC_VECTORS"].map { URL(filePath: $0) }
    ?? URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../Fixtures/wire/vectors.json")

  static let all: [Vector] = {
    struct File: Decodable { var vectors: [Vector] }
    do {
      return try JSONDecoder().decode(File.self, from: Data(contentsOf: file)).vectors
    } catch {
      fatalError("no vectors at \(file.path): \(error)")
    }
  }()

  static func select(
    _ generation: Int, _ direction: String, _ context: String, valid: Bool = true
  ) -> [Vector] {
    all.filter {
      $0.generation == generation && $0.direction == direction && $0.context == context
        && $0.valid == valid
    }
  }
}

extension Vector: CustomTestStringConvertible {
  var testDescription: String { id }
}

/// The bytes of a generated run; none for a kind that is not known, which `Vector file` notices.
private func run(_ kind: String, _ count: Int, _ byte: UInt8?) -> [UInt8] {
  switch (kind, byte) {
  case ("repeat", let byte?): Array(repeating: byte, count: count)
  case ("7i+3", nil): (0..<count).map { UInt8(truncatingIfNeeded: 7 * $0 + 3) }
  default: []
  }
}

/// A JSON value of the file.
enum JSON: Decodable, Equatable, Sendable {
  case null
  case number(Int)
  case text(String)
  case list([JSON])
  case object([String: JSON])

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let number = try? value.decode(Int.self) {
      self = .number(number)
    } else if let flag = try? value.decode(Bool.self) {
      self = .number(flag ? 1 : 0)
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else if let list = try? value.decode([JSON].self) {
      self = .list(list)
    } else {
      self = .object(try value.decode([String: JSON].self))
    }
  }

  subscript(key: String) -> JSON? { members[key] }
  var members: [String: JSON] { if case .object(let members) = self { members } else { [:] } }
  var number: Int? { if case .number(let number) = self { number } else { nil } }
  var text: String? { if case .text(let text) = self { text } else { nil } }
  var list: [JSON]? { if case .list(let list) = self { list } else { nil } }

  /// A byte string: `{utf8}`, `{hex}` or `{generator}`; a bare text is its UTF-8.
  var bytes: [UInt8]? {
    if let text { return Array(text.utf8) }
    if let text = self["utf8"]?.text { return Array(text.utf8) }
    if let hex = self["hex"]?.text { return unhex(hex) }
    guard let generator = self["generator"], let count = generator["count"]?.number else {
      return nil
    }
    return run(generator["kind"]?.text ?? "", count, generator["byte"]?.number.map { UInt8($0) })
  }
}

func unhex(_ text: String) -> [UInt8] {
  let digits = text.utf8.filter { $0 != 0x20 }.compactMap { Character(.init($0)).hexDigitValue }
  return stride(from: 0, to: digits.count - 1, by: 2).map {
    UInt8(digits[$0] << 4 | digits[$0 + 1])
  }
}
