import PeriodicCore

/// Goes through a heap in its order without changing it: a second, small heap has the places whose
/// parents have been shown.
struct HeapCursor<Element: HeapElement> {
  private var places: [Int] = []

  init(_ heap: IndexedHeap<Element>, _ slab: Slab<Element>) {
    if !heap.isEmpty { places.append(0) }
  }

  /// The entry that would leave next, without going past it.
  func peek(_ heap: IndexedHeap<Element>) -> IndexedHeap<Element>.Entry? {
    places.first.map { heap[$0] }
  }

  mutating func next(
    _ heap: IndexedHeap<Element>, _ slab: Slab<Element>
  ) -> IndexedHeap<Element>.Entry? {
    guard let first = places.first else { return nil }
    let last = places.removeLast()
    if !places.isEmpty {
      places[0] = last
      siftDown(heap, slab)
    }
    let children = first << 2 + 1
    for child in children..<max(children, min(children + 4, heap.count)) {
      places.append(child)
      siftUp(heap, slab)
    }
    return heap[first]
  }

  private mutating func siftUp(_ heap: IndexedHeap<Element>, _ slab: Slab<Element>) {
    var index = places.count - 1
    while index > 0 {
      let parent = (index - 1) / 2
      if !heap.precedes(heap[places[index]], heap[places[parent]], in: slab) { return }
      places.swapAt(index, parent)
      index = parent
    }
  }

  private mutating func siftDown(_ heap: IndexedHeap<Element>, _ slab: Slab<Element>) {
    var index = 0
    while true {
      var least = index
      for child in [index * 2 + 1, index * 2 + 2] where child < places.count {
        if heap.precedes(heap[places[child]], heap[places[least]], in: slab) { least = child }
      }
      if least == index { return }
      places.swapAt(index, least)
      index = least
    }
  }
}
