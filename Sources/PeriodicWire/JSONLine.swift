public import PeriodicCore

/// One JSON object on a line, put together field by field.
///
/// A JSON text holds no arbitrary bytes. A value that is not UTF-8 is written in Base64, under its
/// key with `_base64` behind it.
public struct JSONLine: ~Copyable {
  private var buffer = ByteBuffer()

  public init() { buffer.append("{") }

  public mutating func append(_ key: StaticString, _ value: Bytes) {
    let isText = value.isUTF8
    begin(key, isText ? "" : "_base64")
    if isText {
      buffer.append(jsonText: value)
    } else {
      buffer.append("\"")
      Base64.append(value, to: &buffer)
      buffer.append("\"")
    }
  }

  public mutating func append(_ key: StaticString, _ value: Int64) {
    begin(key, "")
    buffer.append(decimal: value)
  }

  /// Ends the object and its line.
  public consuming func finish() -> [UInt8] {
    buffer.append("}\n")
    return Array(buffer.bytes)
  }

  /// Ends the object and its line, and copies it to `target`.
  consuming func finish(into target: inout ByteBuffer) {
    buffer.append("}\n")
    target.append(buffer.bytes)
  }

  private mutating func begin(_ key: StaticString, _ suffix: StaticString) {
    buffer.append(buffer.count == 1 ? "\"" : ",\"")
    buffer.append(key)
    buffer.append(suffix)
    buffer.append("\":")
  }
}
