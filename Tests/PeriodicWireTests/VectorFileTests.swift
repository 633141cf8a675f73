import Testing

/// What the suites with `Vector` in their names can read. Whatever else the file holds fails here,
/// so that nothing in it is passed over.
@Suite struct `Vector file` {
  @Test func `has vectors`() {
    #expect(!Vector.all.isEmpty)
    #expect(Set(Vector.all.map(\.id)).count == Vector.all.count)
  }

  @Test(arguments: Vector.all) func `holds only what is tested`(_ vector: Vector) throws {
    let fields = try #require(
      Known.contexts["\(vector.generation) \(vector.direction) \(vector.context)"], "a new kind")
    if vector.valid {
      #expect(Set(vector.decoded.members.keys).subtracting(fields) == [])
      #expect(vector.expect == nil)
    } else {
      #expect(vector.direction == "c2s")
      #expect(vector.decoded.members.isEmpty)
      #expect(vector.expect != nil)
    }
    #expect((vector.hex == nil) != (vector.generator == nil))
    if let hex = vector.hex {
      #expect(hex.utf8.count == 2 * vector.bytes.count, "hexadecimal digits, two a byte")
    }
  }

  @Test(arguments: Vector.all.filter { $0.decoded["number"] != nil })
  func `calls each command by its name`(_ vector: Vector) throws {
    let number = try #require(vector.decoded["number"]?.number)
    let limit = vector.generation == 1 ? 20 : 35
    let expected = number < limit ? Known.commands[number] : "?"
    #expect(vector.decoded["command"]?.text == expected)
    if vector.context == "registration-reply" {
      #expect(Int(vector.bytes[12]) == number)
    } else if vector.generation == 2 {
      #expect(Int(vector.bytes[16]) == number)
    }
  }

  @Test(arguments: Vector.all.filter { $0.generator != nil })
  func `generates what its sums say`(_ vector: Vector) {
    #expect(vector.bytes.count == vector.length)
    #expect(sha256(vector.bytes) == vector.sha256)
  }

  @Test func `sums are those of the standard`() {
    #expect(
      sha256(Array("abc".utf8))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }
}

/// What every test together reads.
private enum Known {
  /// Which fields are read, by generation, direction and context.
  static let contexts: [String: Set<String>] = [
    "1 c2s first-bytes": ["protocol", "decided_after_bytes"],
    "1 c2s registration": ["client_type"],
    "1 c2s packet": [
      "msgid", "command", "number", "func", "json", "handle", "delay", "data",
      "header_is_utf8_mangled",
    ],
    "1 s2c packet": ["msgid", "command", "number", "handle", "json"],
    "1 s2c text-reply": ["msgid", "text", "rows", "json"],
    "1 s2c bare-text": ["text"],
    "2 c2s first-bytes": ["protocol", "decided_after_bytes"],
    "2 c2s registration": ["client_type", "auth_name", "auth_token"],
    "2 c2s packet": [
      "msgid", "command", "number", "func", "name", "job", "jobs", "data", "delay", "step", "lock",
      "max", "key", "value",
    ],
    "2 s2c packet": [
      "msgid", "command", "number", "data", "job", "jobs", "rows", "value", "acquired",
    ],
    "2 s2c registration-reply": ["command", "number", "connection_id"],
  ]

  /// The names of PROTOCOL 2.1, by number.
  static let commands = [
    "NOOP", "GRAB_JOB", "SCHED_LATER", "WORK_DONE", "WORK_FAIL", "JOB_ASSIGN", "NO_JOB", "CAN_DO",
    "CANT_DO", "PING", "PONG", "SLEEP", "UNKNOWN", "SUBMIT_JOB", "STATUS", "DROP_FUNC", "SUCCESS",
    "REMOVE_JOB", "DUMP", "LOAD", "SHUTDOWN", "BROADCAST", "CONFIG_GET", "CONFIG_SET", "CONFIG",
    "RUN_JOB", "ACQUIRED", "ACQUIRE", "RELEASE", "NO_WORKER", "DATA", "RECV_DATA", "WORK_DATA",
    "JOB_ASSIGNED", "JOB_UNASSIGNED",
  ]
}
