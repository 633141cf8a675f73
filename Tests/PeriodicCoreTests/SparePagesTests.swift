import CPages
import Glibc
import Testing

@testable import PeriodicCore

@Suite struct `Spare pages` {
  private static let mebibyte = 1 << 20

  private func pages(_ mebibytes: Int, marked mark: UInt8) throws -> UnsafeMutableRawPointer {
    let size = mebibytes * Self.mebibyte
    let pages = try #require(periodic_pages_make(size))
    // The first word is taken for the size.
    pages.storeBytes(of: mark, toByteOffset: 100, as: UInt8.self)
    pages.storeBytes(of: mark, toByteOffset: size - 1, as: UInt8.self)
    return pages
  }

  /// What is taken, and how large it is.
  private func take(_ mebibytes: Int, _ spare: inout periodic_spare) throws
    -> (mark: UInt8, mebibytes: Int)
  {
    var size = mebibytes * Self.mebibyte
    let pages = try #require(periodic_pages_take(&spare, &size))
    let mark = pages.load(fromByteOffset: 100, as: UInt8.self)
    // All of it can be written to.
    pages.storeBytes(of: 0xff, toByteOffset: size - 1, as: UInt8.self)
    periodic_pages_free(pages, size)
    return (mark, size / Self.mebibyte)
  }

  @Test func `are the next ones, and are used once`() throws {
    var spare = periodic_spare()
    #expect(periodic_pages_mark(&spare) == 0)
    periodic_pages_keep(&spare, try pages(8, marked: 7), 8 * Self.mebibyte)
    #expect(periodic_pages_mark(&spare) != 0)
    #expect(try take(2, &spare) == (7, 8))
    #expect(periodic_pages_mark(&spare) == 0)
    #expect(try take(2, &spare) == (0, 2))
  }

  @Test func `grow where more is wanted, and keep their content`() throws {
    var spare = periodic_spare()
    periodic_pages_keep(&spare, try pages(4, marked: 9), 4 * Self.mebibyte)
    #expect(try take(40, &spare) == (9, 40))
  }

  @Test(arguments: [[4, 6, 8], [8, 6, 4], [6, 8, 4]])
  func `are the largest of several`(_ sizes: [Int]) throws {
    var spare = periodic_spare()
    for size in sizes {
      periodic_pages_keep(&spare, try pages(size, marked: UInt8(size)), size * Self.mebibyte)
    }
    for size in [8, 6, 4] { #expect(try take(2, &spare) == (UInt8(size), size)) }
    #expect(try take(2, &spare) == (0, 2))
  }

  @Test func `go back to the system in parts`() throws {
    var spare = periodic_spare()
    let first = try pages(5, marked: 1)
    periodic_pages_keep(&spare, first, 5 * Self.mebibyte)
    periodic_pages_give_back(&spare, 2 * Self.mebibyte)
    #expect(spare.bytes == 3 * Self.mebibyte)
    // What has gone is no memory any more, and what has stayed is.
    var isThere = [UInt8](repeating: 0, count: 3 * Self.mebibyte / 4096)
    #expect(mincore(first, 3 * Self.mebibyte, &isThere) == 0)
    #expect(mincore(first + 3 * Self.mebibyte, 4096, &isThere) == -1)
    periodic_pages_give_back(&spare, 3 * Self.mebibyte)
    #expect(periodic_pages_mark(&spare) == 0)
    #expect(spare.bytes == 0)
  }

  @Test func `are bounded`() throws {
    var spare = periodic_spare()
    let most = Int(PERIODIC_SPARE_MOST)
    let larger = try #require(periodic_pages_make(most + 1))
    periodic_pages_keep(&spare, larger, most + 1)
    #expect(periodic_pages_mark(&spare) == 0)
    let largest = try #require(periodic_pages_make(most))
    periodic_pages_keep(&spare, largest, most)
    #expect(periodic_pages_mark(&spare) != 0)
    let more = try #require(periodic_pages_make(2 * Self.mebibyte))
    periodic_pages_keep(&spare, more, 2 * Self.mebibyte)
    #expect(spare.bytes == most)
    periodic_pages_give_back(&spare, most)
    #expect(periodic_pages_mark(&spare) == 0)
    periodic_pages_give_back(&spare, most)
  }

  @Test func `are cut to what keeps its size`() {
    for _ in 0..<10 {
      // Tests beside this one may take it.
      var larger = 8 * Self.mebibyte
      Memory.free(Memory.allocate(atLeast: &larger), larger)
      let wanted = 3 * Self.mebibyte + 5
      var size = wanted
      let memory = Memory.allocate(near: &size)
      #expect((wanted...wanted + 0xffff).contains(size))
      memset(memory, 0xff, size)
      Memory.free(memory, size)
    }
  }

  @Test func `have another mark after each use`() throws {
    var spare = periodic_spare()
    var marks: Set<UInt64> = []
    for _ in 0..<10 {
      var size = 2 * Self.mebibyte
      let pages = try #require(periodic_pages_take(&spare, &size))
      periodic_pages_keep(&spare, pages, size)
      marks.insert(periodic_pages_mark(&spare))
    }
    #expect(marks.count == 10)
    periodic_pages_give_back(&spare, .max)
  }
}
