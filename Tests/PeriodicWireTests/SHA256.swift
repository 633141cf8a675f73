/// SHA-256 in lower-case hexadecimal (FIPS 180-4), for the sums in the file of vectors.
func sha256(_ message: [UInt8]) -> String {
  var state = roots(of: 8, 2)
  let constants = roots(of: 64, 3)
  var padded = message + [0x80]
  padded += [UInt8](repeating: 0, count: (120 - padded.count % 64) % 64)
  let bits = UInt64(message.count) * 8
  padded += (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * $0)) }
  for start in stride(from: 0, to: padded.count, by: 64) {
    compress(padded[start..<start + 64], &state, constants)
  }
  return state.map { word in
    let text = String(word, radix: 16)
    return String(repeating: "0", count: 8 - text.count) + text
  }.joined()
}

private func compress(_ block: ArraySlice<UInt8>, _ state: inout [UInt32], _ k: [UInt32]) {
  func turn(_ word: UInt32, _ by: UInt32) -> UInt32 { word >> by | word << (32 - by) }
  var w = (0..<16).map { index in
    block[(block.startIndex + 4 * index)...].prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
  }
  for t in 16..<64 {
    let low = turn(w[t - 15], 7) ^ turn(w[t - 15], 18) ^ w[t - 15] >> 3
    let high = turn(w[t - 2], 17) ^ turn(w[t - 2], 19) ^ w[t - 2] >> 10
    w.append(w[t - 16] &+ low &+ w[t - 7] &+ high)
  }
  var v = state
  for t in 0..<64 {
    let mixed = turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25)
    let chosen = v[4] & v[5] ^ ~v[4] & v[6]
    let first = v[7] &+ mixed &+ chosen &+ k[t] &+ w[t]
    let spread = turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22)
    let second = spread &+ (v[0] & v[1] ^ v[0] & v[2] ^ v[1] & v[2])
    v = [first &+ second, v[0], v[1], v[2], v[3] &+ first, v[4], v[5], v[6]]
  }
  for index in 0..<8 { state[index] = state[index] &+ v[index] }
}

/// The first 32 bits of the fractional parts of the square or cube roots of the first primes.
private func roots(of count: Int, _ degree: Int) -> [UInt32] {
  var primes: [Int] = []
  var candidate = 2
  while primes.count < count {
    if !primes.contains(where: { candidate % $0 == 0 }) { primes.append(candidate) }
    candidate += 1
  }
  return primes.map { prime in
    // The root times 2^32, bit by bit: the largest r whose power is at most prime * 2^(32 degree).
    var root: UInt64 = 0
    for bit in (0..<40).reversed() {
      let trial = root | 1 << UInt64(bit)
      if isPower(trial, degree, atMost: prime) { root = trial }
    }
    return UInt32(truncatingIfNeeded: root)
  }
}

private func isPower(_ root: UInt64, _ degree: Int, atMost prime: Int) -> Bool {
  var power = UInt128(root) * UInt128(root)
  var bound = UInt128(prime) << 64
  if degree == 3 {
    power *= UInt128(root)
    bound <<= 32
  }
  return power <= bound
}
