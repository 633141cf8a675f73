import SimulationKit
import Testing

@Suite struct `The engine in simulation` {
  @Test(arguments: 0..<6) func `keeps its invariants`(_ group: UInt64) {
    // A broken invariant stops the process and names the seed.
    for seed in group * 40 + 1...group * 40 + 40 {
      let world = EngineWorld(seed: seed)
      world.run(steps: 400)
    }
  }

  @Test func `is the same each time`() {
    let digests = (0..<2).map { _ in
      let world = EngineWorld(seed: 4711)
      world.run(steps: 500)
      return world.digest.value
    }
    #expect(digests[0] == digests[1])
  }
}
