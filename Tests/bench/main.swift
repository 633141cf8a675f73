import Glibc
import PeriodicCore
import PeriodicWire

// bench MODE SOCKET [--option value ...]: a single-threaded load generator for one server.
//   run   producers submit, workers grab and finish; jobs/s and server CPU a job (--pid)
//   fill  submits --count jobs --ahead seconds ahead
//   drop  drops the function
//   ping  sends PING every millisecond for --seconds, latency counted from the scheduled time
guard CommandLine.arguments.count >= 3 else {
  print("usage: bench run|fill|drop|ping SOCKET [--option value ...]")
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

switch mode {
case "run":
  let bench = MainJobBench(
    path: path, producers: option("producers", 4), window: option("window", 64),
    workers: option("workers", 4), grabs: option("grabs", 64), jobs: option("jobs", 400_000),
    payload: option("payload", 100), server: Int32(option("pid", 0)))
  bench.run()
case "fill":
  fill(
    path: path, count: option("count", 1_000_000), ahead: option("ahead", 3600),
    payload: option("payload", 100), window: option("window", 512))
case "drop": drop(path: path)
case "ping": ping(path: path, seconds: option("seconds", 10))
default:
  print("unknown mode \(mode)")
  exit(2)
}
