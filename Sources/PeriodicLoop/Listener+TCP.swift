internal import CUV
internal import Glibc
internal import PeriodicCore

/// Opens listening TCP sockets on every address of `host`, all with the same port, and returns
/// that.
func listenTCP(
  _ host: String, _ port: UInt16
) throws(LoopError) -> (descriptors: [Int32], port: UInt16) {
  let doing = "listen on \(Address.tcp(host: host, port: port))"
  let found = try SocketAddress.lookUp(host: host, port: port, toListen: true, numericOnly: false)
  // IPv4 first: its wildcard is what must succeed, the IPv6 one beside it is a bonus.
  let addresses = (found ?? []).sorted { $0.family == AF_INET && $1.family != AF_INET }
  var lastError = LoopError(UV_EAI_NONAME.rawValue, doing)
  for _ in 0..<(port == 0 ? 16 : 1) {
    var open: [Int32] = []
    do {
      let bound = try listenAll(addresses, port, host.isEmpty, &open, doing)
      return (open, bound)
    } catch {
      for descriptor in open { close(descriptor) }
      lastError = error
      // A port that the system chose for one family can be taken in the other: choose again.
      if !error.isAddressInUse { break }
    }
  }
  throw lastError
}

private func listenAll(
  _ addresses: [SocketAddress], _ wanted: UInt16, _ isWildcard: Bool, _ open: inout [Int32],
  _ doing: String
) throws(LoopError) -> UInt16 {
  var port = wanted
  for var address in addresses {
    address.port = port
    do {
      let descriptor = try listenOne(address, doing)
      open.append(descriptor)
      port = try SocketAddress(boundTo: descriptor).port
    } catch {
      let isMissingFamily =
        error.code == UV_EAFNOSUPPORT.rawValue || error.code == UV_EADDRNOTAVAIL.rawValue
      if !(isWildcard && isMissingFamily && addresses.count > 1) { throw error }
    }
  }
  if open.isEmpty { throw LoopError(UV_EADDRNOTAVAIL.rawValue, doing) }
  return port
}

private func listenOne(_ address: SocketAddress, _ doing: String) throws(LoopError) -> Int32 {
  let descriptor = try makeSocket(address.family, doing)
  setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
  if address.family == AF_INET6 { setOption(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
  guard address.with({ bind(descriptor, $0, $1) }) == 0,
    listen(descriptor, Listener.backlog) == 0
  else {
    let error = LoopError.last(doing)
    close(descriptor)
    throw error
  }
  return descriptor
}
