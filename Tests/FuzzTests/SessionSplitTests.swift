import FuzzKit
import PeriodicCore
import Testing

/// PROTOCOL 1.7: frames may arrive in any fragmentation. However the bytes of each connection are
/// cut, and whatever turns of the server's loop lie between the pieces, every connection hears the
/// same bytes.
@Suite struct `However sessions are cut` {
  @Test(arguments: 0..<100) func `every connection hears the same`(_ seed: Int) {
    var story = SessionStory(seed: UInt64(seed))
    let acts = story.acts(20 + seed % 60)
    for control in 0..<6 {
      #expect(SessionScript(acts, UInt8(control * 41 + seed % 2)).difference == nil)
    }
  }

  @Test func `sessions are answered`() {
    let bytes = (0..<20).map { seed in
      var story = SessionStory(seed: UInt64(seed))
      return SessionScript(story.acts(60), 0).answers
    }
    #expect(bytes.allSatisfy { $0 > 400 }, "\(bytes)")
  }
}
