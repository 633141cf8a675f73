@testable import PeriodicClient
import Testing

@Suite struct `Message ids` {
  @Test func `count from one`() {
    var table = RequestTable()
    #expect(table.insert(Request()) == 1)
    #expect(table.insert(Request()) == 2)
  }

  @Test func `are never four hexadecimal digits, nor zero on the wire`() {
    var hexadecimal = RequestTable(lastID: 0x3030_302f)
    #expect(hexadecimal.insert(Request()) == 0x3030_303a)
    var wrapping = RequestTable(lastID: 0xffff_ffff)
    #expect(wrapping.insert(Request()) == 0x1_0000_0001)
    #expect(RequestTable.isFourHexDigits(0x3961_6630))
    #expect(!RequestTable.isFourHexDigits(0x3961_6730))
  }

  @Test func `pass over the place of a request that stays`() {
    var table = RequestTable(capacity: 8)
    let stays = table.insert(Request(detail: 42))
    for _ in 0..<100 {
      let id = table.insert(Request())
      #expect(id % 8 != stays % 8)
      if let place = table.find(id: id) { table.remove(place) }
    }
    #expect(table.find(message: UInt32(stays))?.pointee.detail == 42)
  }

  @Test func `find their requests when the table has grown`() {
    var table = RequestTable(capacity: 8)
    let ids = (0..<1000).map { table.insert(Request(detail: UInt32($0))) }
    for (index, id) in ids.enumerated() {
      #expect(table.find(id: id)?.pointee.detail == UInt32(index))
    }
    #expect(table.used == 1000)
    #expect(table.ids { $0.detail < 3 } == Array(ids[..<3]))
  }
}
