import Testing

/// What is not tidy in one source, each a sentence.
func untidiness(_ source: String) -> [String] {
  var found: [String] = []
  let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
  if lines.count > 401 { found.append("\(lines.count - 1) lines, 400 are allowed") }
  for (index, line) in lines.enumerated() {
    let place = "line \(index + 1)"
    if line.count > 100 { found.append("\(place) has \(line.count) characters") }
    if line.last == " " || line.last == "\t" { found.append("\(place) ends in a blank") }
    if line.contains("\t") { found.append("\(place) has a tab") }
    // Put together so that this very file does not say them.
    for word in ["TO" + "DO", "FIX" + "ME", "try" + "!", "as" + "! "] where line.contains(word) {
      found.append("\(place) says \(word)")
    }
  }
  return found + longFunctions(lines)
}

/// Functions of more than 60 lines, by the indentation of their first and last line.
private func longFunctions(_ lines: [Substring]) -> [String] {
  var found: [String] = []
  var open: (start: Int, indent: Int, name: Substring)?
  for (index, line) in lines.enumerated() {
    let indent = line.prefix { $0 == " " }.count
    let words = line.split(separator: " ")
    if let function = open, words == ["}"], indent == function.indent {
      let length = index - function.start + 1
      if length > 60 { found.append("\(function.name) has \(length) lines, 60 are allowed") }
      open = nil
    } else if let place = words.firstIndex(of: "func"), place + 1 < words.count,
      words[0] != "//", words[0] != "///", !line.hasSuffix("}"),
      indent <= open?.indent ?? indent
    {
      open = (index, indent, words[place + 1])
    }
  }
  return found
}

@Suite struct `The sources` {
  @Test(arguments: ["Sources", "Tests"]) func `are tidy`(_ folder: String) throws {
    let found = try Repository.files(folder).flatMap { path in
      untidiness(try Repository.text(path)).map { "\(path): \($0)" }
    }
    #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
  }

  @Test func `of C and Python have lines of at most 120 characters`() throws {
    let files =
      Repository.files("Sources", ending: ".c") + Repository.files("Sources", ending: ".h")
      + Repository.files("include", ending: ".h") + Repository.files("bindings", ending: ".py")
      + Repository.files("Tests", ending: ".py") + Repository.files("examples", ending: ".c")
    for path in files {
      for line in try Repository.text(path).split(separator: "\n") {
        #expect(line.count <= 120 && line.last != " ", "\(path): \(line)")
      }
    }
  }

  @Test func `are checked: planted untidiness is seen`() {
    let long = String(repeating: "x", count: 101)
    #expect(untidiness(long) == ["line 1 has 101 characters"])
    #expect(untidiness("a ") == ["line 1 ends in a blank"])
    #expect(untidiness("// TO" + "DO") == ["line 1 says TO" + "DO"])
    let function = "func f() {\n" + String(repeating: "  x\n", count: 59) + "}\n"
    #expect(untidiness(function) == ["f() has 61 lines, 60 are allowed"])
    #expect(untidiness("func f() {\n" + String(repeating: "  x\n", count: 58) + "}\n") == [])
  }
}
