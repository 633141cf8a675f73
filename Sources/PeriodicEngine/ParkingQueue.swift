/// Jobs that may leave memory once their batch is durable, first in, first out.
struct ParkingQueue {
  private var entries: [Parking] = []
  private var head = 0

  var first: Parking? { head < entries.count ? entries[head] : nil }

  mutating func append(_ parking: Parking) { entries.append(parking) }

  mutating func removeFirst() {
    head += 1
    if head == entries.count {
      entries.removeAll(keepingCapacity: head <= 65_536)
      head = 0
    } else if head >= 1024, head * 2 >= entries.count {
      entries.removeFirst(head)
      head = 0
    }
  }

  /// What went with a batch goes with a later one.
  mutating func postpone(_ batch: UInt64, to later: UInt64) {
    var index = head
    while index < entries.count, entries[index].batch <= batch {
      entries[index].batch = later
      index += 1
    }
  }
}
