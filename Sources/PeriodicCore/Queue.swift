/// First in, first out, in one array whose spent front is reused.
///
/// What has left it is let go of with the spent front, not at once.
public struct Queue<Element> {
  @usableFromInline var elements: [Element] = []
  @usableFromInline var head = 0

  @inlinable
  public init() {}

  @inlinable public var count: Int { elements.count - head }
  @inlinable public var isEmpty: Bool { head == elements.count }
  @inlinable public var first: Element? { isEmpty ? nil : elements[head] }

  @inlinable
  public mutating func append(_ element: Element) { elements.append(element) }

  @inlinable
  public mutating func popFirst() -> Element? {
    guard head < elements.count else { return nil }
    let element = elements[head]
    head += 1
    if head == elements.count {
      elements.removeAll(keepingCapacity: head <= 4096)
      head = 0
    } else if head >= 1024, head * 2 >= elements.count {
      elements.removeFirst(head)
      head = 0
    }
    return element
  }

  @inlinable
  public mutating func removeAll() {
    elements.removeAll()
    head = 0
  }
}
