import Glibc

/// A server that answers each message of one length with a byte, for ever.
func echo(address: String, payload: Int) -> Never {
  let length = payload + EchoDialect.overhead
  let listener = Address.listen(at: address)
  let poller = Poller()
  let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
  let answers = [UInt8](repeating: UInt8(ascii: "y"), count: room.count)
  // Bytes of a message that is not whole yet, by descriptor.
  var partial: [Int: Int] = [:]
  poller.add(listener, as: Int(listener))
  while true {
    poller.wait(nanoseconds: 1_000_000_000) { place in
      if place == Int(listener) {
        let descriptor = accept(listener, nil, nil)
        if descriptor >= 0 { poller.add(descriptor, as: Int(descriptor)) }
        partial[Int(descriptor)] = 0
        return
      }
      let count = read(Int32(place), room.baseAddress, room.count)
      if count <= 0 {
        close(Int32(place))
        return
      }
      let have = partial[place, default: 0] + count
      partial[place] = have % length
      if have >= length, write(Int32(place), answers, have / length) != have / length {
        quit("an echo's answers fit a socket")
      }
    }
  }
}
