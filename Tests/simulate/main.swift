import Glibc
import SimulationKit

// simulate [--seed N] [--count N] [--steps N] [--only engine|server] [--without ACT,ACT...]
// [--trace yes]: runs seeds of the engine and of the server core, and prints one digest over all of
// them. A broken invariant stops the process and names its seed. ACTs are named in
// ActWeights.swift.
var seed: UInt64 = 1
var count = 100
var steps = 400
var only = ""
var traces = false
var weights = ActWeights()
var arguments = Array(CommandLine.arguments.dropFirst())
while arguments.count >= 2 {
  switch arguments[0] {
  case "--seed": seed = UInt64(arguments[1]) ?? seed
  case "--count": count = Int(arguments[1]) ?? count
  case "--steps": steps = Int(arguments[1]) ?? steps
  case "--only": only = arguments[1]
  case "--trace": traces = arguments[1] == "yes"
  case "--without":
    for act in arguments[1].split(separator: ",") where !weights.leaveOut(act) {
      fatalError("unknown act \(act)")
    }
  default: fatalError("unknown option \(arguments[0])")
  }
  arguments.removeFirst(2)
}

/// The seed in hand, for the case that an invariant of the engine stops the process.
nonisolated(unsafe) var current = seed
for trap in [SIGILL, SIGTRAP] {
  signal(trap) { number in
    let text = "seed \(current)\n"
    _ = write(2, text, text.utf8.count)
    signal(number, SIG_DFL)
    raise(number)
  }
}

var digest = Digest()
for number in seed..<seed + UInt64(count) {
  current = number
  if only != "server" {
    let engine = EngineWorld(seed: number, weights: weights)
    engine.traces = traces
    engine.run(steps: steps)
    digest.add(engine.digest)
  }
  if only != "engine" {
    let server = ServerWorld(seed: number)
    server.run(steps: steps)
    digest.add(server.digest)
  }
}
print("\(count) seeds from \(seed), digest \(String(digest.value, radix: 16))")
