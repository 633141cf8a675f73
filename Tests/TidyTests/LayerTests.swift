import Foundation
import Testing

/// One row of ARCHITECTURE.md's table.
struct Layer: Equatable {
  var name: String
  var mayImport: Set<String>

  /// The rows of the table that begins with `| target |`.
  static func table(in document: String) -> [Layer] {
    let lines = document.split(separator: "\n", omittingEmptySubsequences: false)
    guard let head = lines.firstIndex(where: { $0.hasPrefix("| target |") }) else { return [] }
    return lines[(head + 2)...].prefix { $0.hasPrefix("|") }.map { line in
      let cells = line.split(separator: "|", omittingEmptySubsequences: false)
      return Layer(
        name: quoted(cells[1]).first ?? "", mayImport: Set(cells.count > 3 ? quoted(cells[3]) : []))
    }
  }

  /// What stands between backquotes.
  private static func quoted(_ cell: Substring) -> [String] {
    cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
      .filter { $0.offset % 2 == 1 }.map { String($0.element) }
  }

  /// Imports of other layers that the table does not allow.
  func violations(in source: String, of path: String, among layers: Set<String>) -> [String] {
    imports(in: source).filter { layers.contains($0) && !mayImport.contains($0) && $0 != name }
      .map { "\(path) imports \($0)" }
  }
}

/// The modules that a source imports.
func imports(in source: String) -> [String] {
  source.split(separator: "\n").compactMap { line in
    let words = line.split(separator: " ")
    guard let place = words.firstIndex(of: "import"), place + 1 < words.count,
      words[..<place].allSatisfy({ ["public", "internal", "private", "@testable"].contains($0) })
    else { return nil }
    return String(words[place + 1])
  }
}

@Suite struct `The layers` {
  let layers: [Layer]
  let names: Set<String>

  init() throws {
    layers = Layer.table(in: try Repository.text("ARCHITECTURE.md"))
    names = Set(layers.map(\.name))
  }

  @Test func `of the table are those of Package.swift and of Sources`() throws {
    let folders = try FileManager.default.contentsOfDirectory(
      atPath: Repository.root.appendingPathComponent("Sources").path)
    #expect(Set(folders) == names)
    let package = try Repository.text("Package.swift")
    for name in names { #expect(package.contains("\"\(name)\""), "\(name) is a target") }
  }

  @Test func `import only what the table allows`() throws {
    for layer in layers {
      for path in Repository.files("Sources/\(layer.name)") {
        let found = layer.violations(
          in: try Repository.text(path), of: path, among: names)
        #expect(found == [])
      }
    }
  }

  @Test func `below the command line know no Foundation, Dispatch or Concurrency`() throws {
    for layer in layers where layer.name != "periodic" {
      for path in Repository.files("Sources/\(layer.name)") {
        let source = try Repository.text(path)
        let found = Set(imports(in: source)).intersection([
          "Foundation", "FoundationEssentials", "Dispatch", "Synchronization", "_Concurrency",
        ])
        #expect(found == [], "\(path)")
      }
    }
  }

  @Test func `that are pure know no system`() throws {
    for name in ["PeriodicCore", "PeriodicEngine", "PeriodicWire", "PeriodicServer"] {
      for path in Repository.files("Sources/\(name)") {
        #expect(!imports(in: try Repository.text(path)).contains("Glibc"), "\(path)")
      }
    }
  }

  @Test func `are checked: a planted violation is seen`() {
    let document = "| target | duty | may import |\n| --- | --- | --- |\n| `A` | x | `B` |\n"
    let layer = Layer.table(in: document)
    #expect(layer == [Layer(name: "A", mayImport: ["B"])])
    let source = "public import B\nimport C\n// import D\nimport Glibc\n"
    #expect(layer[0].violations(in: source, of: "p", among: ["A", "B", "C"]) == ["p imports C"])
  }
}
