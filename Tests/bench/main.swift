import Glibc

// bench MODE ADDRESS [--option value ...]: a single-threaded load generator for one server. Prints
// one JSON object. ADDRESS is the path of a Unix socket, or tcp:PORT; --server names its kind:
// periodic, redis, beanstalkd, gearmand or echo; --pid its process, whose time and memory count.
//   run      producers submit, workers grab and finish: --jobs, --producers, --window, ...
//   slices   the same in ten slices, each with speed and memory; --ahead seconds
//   latency  from a submit to a worker that waits
//   listening  waits until the server listens
//   echo     is a server that answers each message of --payload bytes
// and for our daemon only
//   ready    waits until the server serves
//   drop     drops the function
//   ping     sends PING every millisecond, latency counted from the scheduled time
//   idle     keeps --connections that do nothing
guard CommandLine.arguments.count >= 3 else {
  quit("usage: bench run|slices|latency|listening|echo|ready|drop|ping|idle ADDRESS [--option ...]")
}
let mode = CommandLine.arguments[1]
let address = CommandLine.arguments[2]

/// The value of `--name`, or what stands for it when it is not given.
func option(_ name: String, _ standard: Int) -> Int {
  guard let text = given(name) else { return standard }
  guard let value = Int(text) else { quit("--\(name) is a number") }
  return value
}

private func given(_ name: String) -> String? {
  let arguments = CommandLine.arguments
  guard let place = arguments.firstIndex(of: "--\(name)"), place + 1 < arguments.count else {
    return nil
  }
  return arguments[place + 1]
}

func drive<Speech: Dialect>(_ kind: Speech.Type) {
  let modes = Modes<Speech>(address: address)
  switch mode {
  case "run": print(modes.run())
  case "slices": print(modes.slices())
  case "latency": print(modes.latency())
  case "listening": modes.listening()
  default: quit("unknown mode \(mode)")
  }
}

let daemon = DaemonModes(address: address)
switch mode {
case "echo": echo(address: address, payload: option("payload", 100))
case "ready": print(daemon.ready())
case "drop": print(daemon.drop())
case "ping": print(daemon.ping())
case "idle": daemon.idle()
default:
  switch given("server") ?? PeriodicDialect.name {
  case PeriodicDialect.name: drive(PeriodicDialect.self)
  case RedisDialect.name: drive(RedisDialect.self)
  case BeanstalkDialect.name: drive(BeanstalkDialect.self)
  case GearmanDialect.name: drive(GearmanDialect.self)
  case EchoDialect.name: drive(EchoDialect.self)
  case let other: quit("unknown kind of server \(other)")
  }
}
