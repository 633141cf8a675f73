import SimulationKit
import Testing

@Suite struct `The server core in simulation` {
  @Test(arguments: 0..<6) func `keeps its promises over bytes that come in pieces`(_ group: UInt64)
  {
    // A broken promise stops the process and names the seed.
    for seed in group * 20 + 1...group * 20 + 20 {
      let world = ServerWorld(seed: seed)
      world.run(steps: 400)
    }
  }

  @Test func `is the same each time`() {
    let digests = (0..<2).map { _ in
      let world = ServerWorld(seed: 1147)
      world.run(steps: 400)
      return world.digest.value
    }
    #expect(digests[0] == digests[1])
  }
}
