import Glibc
import PeriodicCore
import PeriodicStore
import PeriodicStoreSQLite

// A process of its own over a SQLite store, for tests and measurements:
//   storetool write FILE MODE BATCHES       apply batches; say "ID NANOSECONDS" for each one kept
//   storetool hold FILE                     open it, say "open", keep it until input ends
//   storetool fork FILE                     open it, and try it in a child made by fork
//   storetool list FILE                     open it, and say the id of each job
//   storetool fill FILE                     write up to a limit of the system, then go on below it
//   storetool bench DIRECTORY               measure writing and loading

let arguments = CommandLine.arguments
do {
  switch arguments.dropFirst().first {
  case "write" where arguments.count == 5:
    guard let batches = UInt64(arguments[4]), let sync = StoreSync(arguments[3]) else { usage() }
    try Writer(path: arguments[2], sync: sync).write(batches)
  case "hold" where arguments.count == 3:
    let store = SQLiteStore(path: arguments[2])
    try store.open()
    say("open")
    while readLine() != nil {}
    store.close()
  case "fork" where arguments.count == 3: try Forker(path: arguments[2]).run()
  case "list" where arguments.count == 3:
    let store = SQLiteStore(path: arguments[2])
    try store.open()
    try store.load { if case .job(let stored) = $0 { say("\(stored.id.number)") } }
    store.close()
  case "fill" where arguments.count == 3: try Filler(path: arguments[2]).fill()
  case "bench" where arguments.count == 3:
    try Benchmark(directory: arguments[2]).run()
  default: usage()
  }
} catch {
  print("storetool: \(error)")
  exit(1)
}

func usage() -> Never {
  print(
    "usage: storetool write FILE always|batch|off BATCHES"
      + " | hold FILE | fork FILE | list FILE | fill FILE | bench DIRECTORY")
  exit(2)
}

/// Writes one line at once: a reader waits for it, and the process may be killed right after.
func say(_ line: String) {
  let text = line + "\n"
  if Glibc.write(1, text, text.utf8.count) < 0 { exit(1) }
}
