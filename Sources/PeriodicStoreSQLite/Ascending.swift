/// Which of some numbers, that should ascend, are in their places.
enum Ascending {
  /// The longest part of `numbers` that ascends: of numbers in order, with few that are not, those
  /// in order.
  static func longest(_ numbers: [Int64]) -> [Int64] {
    if zip(numbers, numbers.dropFirst()).allSatisfy({ $0 < $1 }) { return numbers }
    // `ends[n]`: where the part of n + 1 numbers with the smallest end ends.
    var ends: [Int] = []
    var previous = [Int](repeating: -1, count: numbers.count)
    for index in numbers.indices {
      var low = 0
      var high = ends.count
      while low < high {
        let middle = (low + high) / 2
        if numbers[ends[middle]] < numbers[index] { low = middle + 1 } else { high = middle }
      }
      if low > 0 { previous[index] = ends[low - 1] }
      if low == ends.count { ends.append(index) } else { ends[low] = index }
    }
    var part: [Int64] = []
    var index = ends.last ?? -1
    while index >= 0 {
      part.append(numbers[index])
      index = previous[index]
    }
    return part.reversed()
  }
}
