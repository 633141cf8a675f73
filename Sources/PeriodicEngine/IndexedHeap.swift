import PeriodicCore

/// An element of a slab that can lie in one heap and knows its place there.
protocol HeapElement: BitwiseCopyable {
  /// Where the element lies in its heap; `Slot.none` outside.
  var heapIndex: Slot { get set }
  /// Decides between equal keys.
  var heapTie: UInt64 { get }
}

/// A four-ary heap of slots, least (key, tie) first, from which any element can be taken.
///
/// Because an element knows its place, replacing one job a million times leaves nothing behind.
/// Keys lie in the heap itself, twelve bytes an entry: four children share a cache line. Ties are
/// looked up in the elements.
///
/// - Invariant: `slab[self[i].slot].heapIndex == i` for every entry.
struct IndexedHeap<Element: HeapElement>: BitwiseCopyable {
  struct Entry: BitwiseCopyable {
    // Halves, so that an entry needs no room for alignment.
    private var high: Int32
    private var low: UInt32
    var slot: Slot

    init(key: Int64, slot: Slot) {
      high = Int32(truncatingIfNeeded: key >> 32)
      low = UInt32(truncatingIfNeeded: key)
      self.slot = slot
    }

    var key: Int64 { Int64(high) << 32 | Int64(low) }
  }

  private var entries = ChunkedArray<Entry>()

  var count: Int { entries.count }
  var isEmpty: Bool { entries.isEmpty }
  var first: Entry? { entries.isEmpty ? nil : entries[0].pointee }

  subscript(_ index: Int) -> Entry { entries[index].pointee }

  mutating func insert(_ slot: Slot, key: Int64, in slab: Slab<Element>) {
    let entry = Entry(key: key, slot: slot)
    entries.append(entry)
    siftUp(entry, from: entries.count - 1, in: slab)
  }

  mutating func remove(_ slot: Slot, in slab: Slab<Element>) {
    let index = Int(slab[slot].pointee.heapIndex)
    invariant(index < entries.count && entries[index].pointee.slot == slot, "a heap entry's place")
    slab[slot].pointee.heapIndex = .none
    let last = entries[entries.count - 1].pointee
    entries.removeLast()
    if last.slot != slot { settle(last, at: index, in: slab) }
  }

  /// Removes the entry that costs least to remove: for emptying a heap whose order is over.
  mutating func removeAny(in slab: Slab<Element>) -> Slot? {
    if entries.isEmpty { return nil }
    let slot = entries[entries.count - 1].pointee.slot
    entries.removeLast()
    slab[slot].pointee.heapIndex = .none
    return slot
  }

  /// Gives an element that lies in the heap another key.
  mutating func update(_ slot: Slot, key: Int64, in slab: Slab<Element>) {
    let index = Int(slab[slot].pointee.heapIndex)
    if entries[index].pointee.key == key { return }
    settle(Entry(key: key, slot: slot), at: index, in: slab)
  }

  /// Whether one entry leaves the heap before another.
  @inline(__always)
  func precedes(_ first: Entry, _ second: Entry, in slab: Slab<Element>) -> Bool {
    first.key != second.key
      ? first.key < second.key
      : slab[first.slot].pointee.heapTie < slab[second.slot].pointee.heapTie
  }

  func destroy() { entries.destroy() }

  private mutating func settle(_ entry: Entry, at index: Int, in slab: Slab<Element>) {
    if index > 0, precedes(entry, entries[(index - 1) >> 2].pointee, in: slab) {
      siftUp(entry, from: index, in: slab)
    } else {
      siftDown(entry, from: index, in: slab)
    }
  }

  @inline(__always)
  private func place(_ entry: Entry, at index: Int, in slab: Slab<Element>) {
    entries[index].pointee = entry
    slab[entry.slot].pointee.heapIndex = Slot(index)
  }

  private func siftUp(_ entry: Entry, from start: Int, in slab: Slab<Element>) {
    var index = start
    while index > 0 {
      let parent = (index - 1) >> 2
      let above = entries[parent].pointee
      if !precedes(entry, above, in: slab) { break }
      place(above, at: index, in: slab)
      index = parent
    }
    place(entry, at: index, in: slab)
  }

  private func siftDown(_ entry: Entry, from start: Int, in slab: Slab<Element>) {
    var index = start
    let count = entries.count
    while true {
      let firstChild = index << 2 + 1
      if firstChild >= count { break }
      var least = firstChild
      var leastEntry = entries[firstChild].pointee
      for child in firstChild + 1..<max(firstChild + 1, min(firstChild + 4, count)) {
        let candidate = entries[child].pointee
        if precedes(candidate, leastEntry, in: slab) {
          least = child
          leastEntry = candidate
        }
      }
      if !precedes(leastEntry, entry, in: slab) { break }
      place(leastEntry, at: index, in: slab)
      index = least
    }
    place(entry, at: index, in: slab)
  }
}
