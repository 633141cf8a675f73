import CJansson
import PeriodicCore

/// A JSON value of the parser's, which owns the texts that are borrowed from it.
struct ParsedJSON: ~Copyable {
  let root: UnsafeMutablePointer<json_t>

  /// Parses one value; `nil` if it is not JSON, holds a key twice, or is over the bounds of
  /// `JSONShape`.
  init?(_ text: Bytes) {
    let start = JSONShape.skipSpace(text, from: 0)
    guard let end = JSONShape.end(of: text, from: start),
      JSONShape.skipSpace(text, from: end) == text.count, let base = text.baseAddress
    else { return nil }
    let flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY
    let chars = base.assumingMemoryBound(to: CChar.self)
    guard let root = json_loadb(chars, text.count, Int(flags), nil) else { return nil }
    self.root = root
  }

  deinit { json_decref(root) }

  /// The text of a member; `nil` if there is none, or it is no text.
  func text(_ member: StaticString) -> Bytes? {
    guard let value = value(member), value.pointee.type == JSON_STRING,
      let start = json_string_value(value)
    else { return nil }
    return Bytes(start: start, count: json_string_length(value))
  }

  /// The whole number of a member; `nil` if there is none, or it is something else.
  func number(_ member: StaticString) -> Int64? {
    guard let value = value(member), value.pointee.type == JSON_INTEGER else { return nil }
    return json_integer_value(value)
  }

  private func value(_ member: StaticString) -> UnsafeMutablePointer<json_t>? {
    let name = UnsafeRawPointer(member.utf8Start).assumingMemoryBound(to: CChar.self)
    return json_object_get(root, name)
  }

  var isObject: Bool { root.pointee.type == JSON_OBJECT }
}
