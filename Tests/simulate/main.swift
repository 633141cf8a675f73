import SimulationKit

// simulate [--seed N] [--count N] [--steps N] [--only engine|server] [--without ACT,ACT...]: runs
// seeds of the engine and of the server core, and prints one digest over all of them. A broken
// invariant stops the process and names its seed. ACTs are named in ActWeights.swift.
var seed: UInt64 = 1
var count = 100
var steps = 400
var only = ""
var weights = ActWeights()
var arguments = Array(CommandLine.arguments.dropFirst())
while arguments.count >= 2 {
  switch arguments[0] {
  case "--seed": seed = UInt64(arguments[1]) ?? seed
  case "--count": count = Int(arguments[1]) ?? count
  case "--steps": steps = Int(arguments[1]) ?? steps
  case "--only": only = arguments[1]
  case "--without":
    for act in arguments[1].split(separator: ",") where !weights.leaveOut(act) {
      fatalError("unknown act \(act)")
    }
  default: fatalError("unknown option \(arguments[0])")
  }
  arguments.removeFirst(2)
}

var digest = Digest()
for number in seed..<seed + UInt64(count) {
  if only != "server" {
    let engine = EngineWorld(seed: number, weights: weights)
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
