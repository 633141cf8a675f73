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

  var isObject: Bool { root.pointee.type == JSON_OBJECT }
}
