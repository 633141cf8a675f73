/// The bytes that begin every frame: "\0REQ" towards the server, "\0RES" from it.
enum Magic {
  static let request: UInt32 = 0x0052_4551
  static let response: UInt32 = 0x0052_4553
}
