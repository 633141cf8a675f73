import PeriodicCore
import Testing

@Suite struct `Borrowed bytes` {
  @Test func `are copied whole and no further, whatever their number`() {
    let source = (0..<64).map { UInt8($0 + 1) }
    source.withUnsafeBytes { source in
      for count in 0...40 {
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
        defer { target.deallocate() }
        target.initializeMemory(as: UInt8.self, repeating: 0xff)
        target.baseAddress?.advanced(by: 3).copyShort(Bytes(rebasing: source[5..<5 + count]))
        let expected = [255, 255, 255] + (5..<5 + count).map { UInt8($0 + 1) }
        #expect(target.prefix(3 + count).elementsEqual(expected))
        #expect(target.dropFirst(3 + count).allSatisfy { $0 == 0xff })
      }
    }
  }

  @Test func `are equal when each of them is`() {
    let text = Array("seventeen letters".utf8)
    for place in text.indices {
      var other = text
      other[place] ^= 1
      for count in 0...text.count {
        let isSame = text.withUnsafeBytes { text in
          other.withUnsafeBytes { other in
            Bytes(rebasing: text[..<count]).equals(Bytes(rebasing: other[..<count]))
          }
        }
        #expect(isSame == (count <= place))
      }
    }
  }
}
