import Glibc
import PeriodicCore
import PeriodicWire

// bench MODE SOCKET [--option value ...]: a single-threaded load generator for one server.
//   run   producers submit, workers grab and finish; jobs/s and server CPU a job (--pid)
//   fill  submits --count jobs --ahead seconds ahead
//   ready  waits until the server serves
//   drop  drops the function
//   ping  sends PING every millisecond for --seconds, latency counted from the scheduled time
//   rivals  SOCKET is a directory on a disk: the daemon side by side with Redis and beanstalkd
guard CommandLine.arguments.count >= 3 else {
  print("usage: bench run|fill|ready|drop|ping|rivals SOCKET [--option value ...]")
  exit(2)
}
let mode = CommandLine.arguments[1]
let path = CommandLine.arguments[2]

/// The value of `--name`, or what stands for it when it is not given.
func option(_ name: String, _ standard: Int) -> Int {
  let arguments = CommandLine.arguments
  guard let place = arguments.firstIndex(of: "--\(name)"), place + 1 < arguments.count else {
    return standard
  }
  return Int(arguments[place + 1]) ?? standard
}

func option(_ name: String, _ standard: String) -> String {
  let arguments = CommandLine.arguments
  guard let place = arguments.firstIndex(of: "--\(name)"), place + 1 < arguments.count else {
    return standard
  }
  return arguments[place + 1]
}

/// Prints Markdown, and writes what was measured to the file `--json`.
func compare() {
  // A server must not outlive who measures it.
  for number in [SIGINT, SIGTERM] {
    signal(number) { _ in
      endServer()
      _exit(1)
    }
  }
  let wanted = option("servers", "periodic,redis,beanstalkd").split(separator: ",")
  let daemon = option("daemon", ".build/release/periodic-cli")
  var rivals = Rival.all(daemon: daemon).filter { wanted.contains(Substring($0.name)) }
  let other = option("against", "")
  if !other.isEmpty { rivals.append(.periodic("other", other)) }
  let comparison = Comparison(
    directory: path, rounds: option("rounds", 5), jobs: option("jobs", 300_000),
    payload: option("payload", 100), rivals: rivals)
  let results = comparison.run()
  print(results.map(\.markdown).joined(separator: "\n"))
  if let file = fopen(option("json", "/dev/null"), "w") {
    fputs("[\(results.map(\.json).joined(separator: ","))]\n", file)
    fclose(file)
  }
}

switch mode {
case "run":
  let bench = MainJobBench(
    path: path, producers: option("producers", 4), window: option("window", 64),
    workers: option("workers", 4), grabs: option("grabs", 64), jobs: option("jobs", 400_000),
    payload: option("payload", 100), server: Int32(option("pid", 0)))
  bench.run()
case "fill":
  fill(
    path: path, first: option("first", 0), count: option("count", 1_000_000),
    ahead: option("ahead", 3600),
    payload: option("payload", 100), window: option("window", 512))
case "ready": awaitReady(path: path)
case "drop": drop(path: path)
case "ping": ping(path: path, seconds: option("seconds", 10))
case "rivals": compare()
default:
  print("unknown mode \(mode)")
  exit(2)
}
