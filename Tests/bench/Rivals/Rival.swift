import Glibc

/// A kind of server, how it is started so that it acknowledges only what is on the disk, and how it
/// is driven.
struct Rival {
  let name: String
  /// The program and its arguments, for a data directory that exists and the socket in it.
  let command: (_ directory: String, _ socket: String) -> [String]
  let drive: (Workload, _ socket: String, pid_t) -> Measurement
  /// Jobs of a measurement, in parts of the usual number: one that syncs for each job takes long.
  var share = 1.0

  static func all(daemon: String) -> [Rival] {
    [
      periodic(PeriodicDialect.name, daemon),
      Rival(
        name: RedisDialect.name,
        command: { directory, socket in
          // No rewriting of its file meanwhile, which would only cost it time.
          [
            "redis-server", "--port", "0", "--unixsocket", socket, "--dir", directory,
            "--appendonly", "yes", "--appendfsync", "always", "--save", "",
            "--auto-aof-rewrite-percentage", "0",
          ]
        }, drive: { Generator<RedisDialect>($0, path: $1).run(server: $2) }),
      Rival(
        name: BeanstalkDialect.name,
        command: { directory, socket in
          ["beanstalkd", "-l", "unix:\(socket)", "-b", directory, "-f", "0"]
        }, drive: { Generator<BeanstalkDialect>($0, path: $1).run(server: $2) }, share: 0.05),
    ]
  }

  /// A daemon of ours: several programs can be compared.
  static func periodic(_ name: String, _ daemon: String) -> Rival {
    Rival(
      name: name,
      command: { directory, socket in
        [
          daemon, "-d", "-H", "unix://\(socket)", "--store", "file:\(directory)/jobs",
          "--log-level", "error",
        ]
      }, drive: { Generator<PeriodicDialect>($0, path: $1).run(server: $2) })
  }

  /// Starts a new server on an empty directory, measures, and ends it.
  func measure(_ workload: Workload, in directory: String) -> Measurement {
    run(["rm", "-rf", directory])
    run(["mkdir", "-p", directory])
    let socket = "\(directory)/s"
    let process = spawn(command(directory, socket), log: "\(directory)/log")
    running = process
    while !Link<RedisDialect>.answers(at: socket) {
      usleep(10_000)
      if waitpid(process, nil, WNOHANG) != 0 {
        quit("\(name) does not start: see \(directory)/log")
      }
    }
    var warmUp = workload
    warmUp.jobs = max(1000, Int(Double(workload.jobs) * share / 20))
    _ = drive(warmUp, socket, process)
    var real = workload
    real.jobs = max(1000, Int(Double(workload.jobs) * share))
    let result = drive(real, socket, process)
    // What it kept is of no use any more.
    endServer()
    run(["rm", "-rf", directory])
    return result
  }
}

/// The server that is being measured; one at a time, on the one thread there is.
nonisolated(unsafe) private var running: pid_t = 0

/// Ends the server that is being measured, if there is one.
func endServer() {
  guard running > 0 else { return }
  kill(running, SIGKILL)
  waitpid(running, nil, 0)
  running = 0
}

/// Runs a command to its end.
private func run(_ command: [String]) {
  var status: Int32 = 0
  waitpid(spawn(command, log: nil), &status, 0)
  if status != 0 { quit("\(command.joined(separator: " ")) failed") }
}

/// Starts a program; what it prints goes to the file `log`.
private func spawn(_ command: [String], log: String?) -> pid_t {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  if let log {
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
  }
  var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
  defer { for argument in arguments { free(argument) } }
  var process: pid_t = 0
  let code = posix_spawnp(&process, command[0], &actions, nil, &arguments, environ)
  if code != 0 { quit("\(command[0]): \(String(cString: strerror(code)))") }
  return process
}
