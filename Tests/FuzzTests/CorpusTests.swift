import Foundation
import FuzzKit
import Testing

/// The fuzzers' inputs that are kept, tried once each: each stops the process if a property fails.
@Suite struct `The fuzzers' inputs` {
  @Test(arguments: FuzzTarget.allCases) func `break nothing`(_ target: FuzzTarget) throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fixtures/fuzz/\(target.rawValue)")
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    #expect(!files.isEmpty)
    for file in files { [UInt8](try Data(contentsOf: file)).withUnsafeBytes { target.run($0) } }
  }
}
