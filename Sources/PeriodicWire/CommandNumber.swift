/// The bytes that begin every frame: "\0REQ" towards the server, "\0RES" from it.
enum Magic {
  static let request: UInt32 = 0x0052_4551
  static let response: UInt32 = 0x0052_4553
}

/// The numbers of PROTOCOL 2.1.
enum CommandNumber {
  static let noop: UInt8 = 0
  static let grab: UInt8 = 1
  static let later: UInt8 = 2
  static let done: UInt8 = 3
  static let fail: UInt8 = 4
  static let assign: UInt8 = 5
  static let noJob: UInt8 = 6
  static let canDo: UInt8 = 7
  static let cannotDo: UInt8 = 8
  static let ping: UInt8 = 9
  static let pong: UInt8 = 10
  static let sleep: UInt8 = 11
  static let unknown: UInt8 = 12
  static let submit: UInt8 = 13
  static let status: UInt8 = 14
  static let drop: UInt8 = 15
  static let success: UInt8 = 16
  static let remove: UInt8 = 17
  static let dump: UInt8 = 18
  static let load: UInt8 = 19
  static let shutdown: UInt8 = 20
  static let broadcast: UInt8 = 21
  static let configGet: UInt8 = 22
  static let configSet: UInt8 = 23
  static let config: UInt8 = 24
  static let run: UInt8 = 25
  static let acquired: UInt8 = 26
  static let acquire: UInt8 = 27
  static let release: UInt8 = 28
  static let noWorker: UInt8 = 29
  static let data: UInt8 = 30
  static let receiveData: UInt8 = 31
  static let workData: UInt8 = 32
  static let assigned: UInt8 = 33
  static let unassigned: UInt8 = 34
}
