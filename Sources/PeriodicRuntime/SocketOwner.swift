import Glibc

/// Who shall own a socket's file, as an operator writes it.
enum SocketOwner {
  /// The numbers behind `user`, `user:group` or `:group`, each a name or a number; nil is left as
  /// it is.
  static func numbers(_ text: String) throws(OptionError) -> (user: UInt32?, group: UInt32?) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let user = parts[0].isEmpty ? nil : try number("user", String(parts[0]), findUser)
    let group =
      parts.count < 2 || parts[1].isEmpty ? nil : try number("group", String(parts[1]), findGroup)
    return (user, group)
  }

  private static func number(
    _ kind: String, _ name: String, _ find: (String) -> UInt32?
  ) throws(OptionError) -> UInt32 {
    if let number = UInt32(name) ?? find(name) { return number }
    throw OptionError("no \(kind) \(name)")
  }

  // The functions that end in _r: other threads of the process may look up names, too.

  private static func findUser(_ name: String) -> UInt32? {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    return withRoom { getpwnam_r(name, &entry, $0, $1, &found) } && found != nil
      ? entry.pw_uid : nil
  }

  private static func findGroup(_ name: String) -> UInt32? {
    var entry = group()
    var found: UnsafeMutablePointer<group>?
    return withRoom { getgrnam_r(name, &entry, $0, $1, &found) } && found != nil
      ? entry.gr_gid : nil
  }

  /// Asks with more and more room until the entry fits; a group may have many members.
  private static func withRoom(_ ask: (UnsafeMutablePointer<CChar>, Int) -> Int32) -> Bool {
    var size = 4096
    while true {
      let room = UnsafeMutablePointer<CChar>.allocate(capacity: size)
      defer { room.deallocate() }
      let code = ask(room, size)
      if code != ERANGE || size > 1 << 24 { return code == 0 }
      size *= 2
    }
  }
}
