import PeriodicCore
import PeriodicLoop
import PeriodicStore

/// An option of a server. To add one: a row here, a property in the daemon's DaemonOptions, a field
/// at the end of periodic_server_options, and a line where PeriodicC reads it; tests tell what is
/// missing.
public typealias ServerOption = OptionRow<ServerOptions>

extension ServerOption {
  /// All of them, in the order of docs/CONFIGURATION.md.
  public static let all: [ServerOption] = [
    store, reserve, sync, maxJobs, maxBytes, maxFunctionJobs, maxFunctionBytes, cache, socketMode,
    socketOwner, authFile, clientsAdminister, registrationDeadline, idleTimeout, hook, hookQueue,
    hookLogInterval,
  ]

  public static let store = ServerOption(
    option: "store", field: "store", variables: ["PERIODIC_PATH"],
    kind: .text(form: "memory: or file:PATH", standard: "memory:") { options, text in
      guard text != "memory:" else {
        options.store = .memory
        return true
      }
      let path = text.dropFirst("file:".count)
      // file://X and file:X name the same file.
      let name = path.hasPrefix("//") ? path.dropFirst(2) : path
      guard text.hasPrefix("file:"), !name.isEmpty else { return false }
      options.store = .sqlite(path: String(name))
      return true
    },
    valueName: "store", meaning: "Where jobs are kept: memory: or file:PATH (SQLite).",
    beyond: "In memory everything goes with the server.")

  public static let reserve = ServerOption(
    option: "reserve", field: "reserve_bytes",
    kind: .number(
      .init(\.storeReserve, 0...65_536 << 20, .mebibytes, field: .bytes, minusOneIsNone: true)),
    valueName: "MiB",
    meaning: """
      MiB that a store file keeps free beside it, in PATH.reserve, for when the disk is full.
      """,
    more:
      "New jobs are refused then; jobs that are kept can still be ended and removed. 0 is none.",
    beyond: "Made only where as much again is free.")

  public static let sync = ServerOption(
    option: "sync", field: "sync",
    kind: .text(
      form: "always, batch, batch:MS (from 1 to \(StoreSync.intervals.upperBound)) or off",
      standard: "always"
    ) { options, text in
      guard let sync = StoreSync(text) else { return false }
      options.sync = sync
      return true
    },
    valueName: "mode",
    meaning: "How hard a store file keeps what is acknowledged: always, batch[:ms] or off.",
    more: """
      always: on stable storage before the reply leaves. batch: handed to the system before that, \
      and synced at most this many milliseconds later, \(StoreSync.usualInterval) if not given; a \
      power cut takes what was not synced yet, a crash of the process nothing. off: when the \
      system likes.
      """)

  public static let maxJobs = ServerOption(
    option: "max-jobs", field: "max_jobs",
    kind: .number(.init(\.limits.jobs, 1...Int.max, .count)), valueName: "jobs",
    meaning: "Jobs that are kept at most.", beyond: "What is new is refused; replacing goes on.")

  public static let maxBytes = ServerOption(
    option: "max-bytes", field: "max_bytes",
    kind: .number(.init(\.limits.bytes, 1...Int.max, .bytes)), valueName: "bytes",
    meaning: "Bytes of all names and workloads that are kept at most; no limit if not given.",
    beyond: "What is new, or larger than what it replaces, is refused.")

  public static let maxFunctionJobs = ServerOption(
    option: "max-function-jobs", field: "max_function_jobs",
    kind: .number(.init(\.limits.functionJobs, 1...Int.max, .count)), valueName: "jobs",
    meaning: "Jobs of each function that are kept at most; no limit if not given.",
    beyond: "As for all jobs.")

  public static let maxFunctionBytes = ServerOption(
    option: "max-function-bytes", field: "max_function_bytes",
    kind: .number(.init(\.limits.functionBytes, 1...Int.max, .bytes)), valueName: "bytes",
    meaning: """
      Bytes of each function's names and workloads that are kept at most; no limit if not given.
      """,
    beyond: "As for all jobs.")

  public static let cache = ServerOption(
    option: "cache", field: "cache_bytes",
    kind: .number(.init(\.limits.cacheBytes, 0...1 << 40, .mebibytes, field: .bytes)),
    valueName: "MiB",
    meaning: "MiB of workloads that a server with a store file keeps in memory.",
    more: """
      Beyond it, and for jobs that are due later than in ten seconds, only the name and the time \
      are in memory; the rest is read back before their turn.
      """)

  public static let socketMode = ServerOption(
    option: "socket-mode", field: "socket_mode",
    kind: .number(.init(\.socketFile.mode, 0...0o777, .octal)), valueName: "mode",
    meaning: "Permissions of Unix sockets, octal.",
    beyond: "Who may not write to the socket cannot connect.")

  public static let socketOwner = ServerOption(
    option: "socket-owner", field: "socket_owner",
    kind: .text(form: "USER, USER:GROUP or :GROUP", standard: nil) {
      options, text throws(OptionError) in
      (options.socketFile.user, options.socketFile.group) = try SocketOwner.numbers(text)
      return true
    },
    valueName: "owner", meaning: "Owner of Unix sockets: user, or user:group.",
    more: "By name or number.", fallback: "the process's own")

  public static let authFile = ServerOption(
    option: "auth-file", field: "auth_file",
    kind: .text(form: "a path", standard: nil) { options, text in
      options.identityFile = text
      return true
    },
    valueName: "file", meaning: "Who may do what: lines of `role name token func1,func2`.",
    more: """
      Roles are client, worker and admin. Read again when it changes. Without one, whoever can \
      connect can do everything.
      """,
    beyond: "A file that cannot be read at the start, or has a line that is none, is an error.")

  public static let clientsAdminister = ServerOption(
    option: "clients-administer", field: "clients_administer",
    kind: .flag { options, isSet in options.clientsAdminister = isSet }, valueName: "",
    meaning: "Let identities of the role client dump, load, change settings and shut down, too.",
    beyond: "Otherwise only an admin may.")

  public static let registrationDeadline = ServerOption(
    option: "registration-deadline", field: "registration_timeout_ms",
    kind: .number(
      .init(\.limits.registrationDeadline, 1...3_600_000, .seconds, field: .milliseconds)),
    valueName: "seconds",
    meaning: "Seconds that a connection has to say what it speaks and who it is.",
    beyond: "It is closed.")

  public static let idleTimeout = ServerOption(
    option: "idle-timeout", field: "idle_timeout_s",
    kind: .number(.init(\.limits.generation1Idle, 0...Int(Int32.max) * 1000, .seconds)),
    valueName: "seconds",
    meaning: "Seconds of silence after which a generation 1 connection is closed; 0 is never.",
    more: "The older daemon's --timeout, which is taken as well.", beyond: "It is closed.")

  public static let hook = ServerOption(
    option: "hook", field: "hook",
    kind: .text(form: "udp://host:port, tcp://host:port or persist", standard: nil) {
      options, text in
      guard let hook = EventHook(text) else { return false }
      options.hook = hook
      return true
    },
    valueName: "target",
    meaning: "Where to tell what happens: udp://host:port, tcp://host:port or persist.",
    more: """
      A line `event:name:seconds` for each event, or a row of the table `metrics` in the store's \
      file. \(hookQueue.variables.joined(separator: " and ")) say how many may wait \
      (\(EventHook(.persist).queueLimit)), \
      \(hookLogInterval.variables.joined(separator: " and ")) how often to log that more were \
      dropped (\(EventHook(.persist).dropLogInterval)).
      """,
    beyond: "`persist` without a store file is an error.")

  public static let hookQueue = ServerOption(
    option: nil, field: "hook_queue",
    variables: ["PERIODIC_SOCKET_HOOK_QUEUE_MAX_SIZE", "PERIODIC_METRIC_QUEUE_MAX_SIZE"],
    kind: .number(.init(\.hookQueue, 1...Int.max, .count)), valueName: "events",
    meaning: "Events of a hook that may wait.", beyond: "Further ones are dropped.")

  public static let hookLogInterval = ServerOption(
    option: nil, field: "hook_drop_log_every",
    variables: ["PERIODIC_SOCKET_HOOK_DROP_LOG_EVERY", "PERIODIC_METRIC_DROP_LOG_EVERY"],
    kind: .number(.init(\.hookLogInterval, 1...Int.max, .count)), valueName: "events",
    meaning: """
      The log speaks of the first event of a hook that is dropped, and again after so many.
      """)
}
