import PeriodicCore
import PeriodicServer
import PeriodicWire
import Testing

/// PROTOCOL 1.4, the identity check.
@Suite struct `The identities of a file` {
  private func principal(
    _ identities: Identities, _ name: StaticString, _ token: StaticString
  ) -> Principal? {
    identities.authenticate(name: name.bytes, token: token.bytes)
  }

  @Test func `are read with comments, blanks of any kind and empty lines`() throws {
    let text = "\n# all\n\tclient  ann\ttoken f,g # hers\r\n   \nworker wes token f#"
    let identities = try Identities.of(text)
    #expect(identities.count == 2)
    let ann = try #require(principal(identities, "ann", "token"))
    #expect(ann.kind == .client && ann.maySpeak(of: ("g" as StaticString).bytes))
    #expect(!ann.maySpeak(of: ("h" as StaticString).bytes))
    #expect(principal(identities, "wes", "token")?.kind == .worker)
  }

  @Test func `of one name are the last one's`() throws {
    let identities = try Identities.of("client ann one f\nadmin ann two f\n")
    #expect(identities.count == 1)
    #expect(principal(identities, "ann", "one") == nil)
    #expect(principal(identities, "ann", "two")?.kind == .admin)
  }

  @Test(arguments: [
    ("\nboss ann t f", 2, "boss is no role: client, worker or admin"),
    ("client", 1, "there is no name"),
    ("# x\n\nadmin ann", 3, "ann has no token"),
    ("client ann #t f", 1, "ann has no token"),
    ("admin ann t", 1, "ann has no functions"),
    ("client ann t ,,", 1, "ann has no functions"),
    ("client a t f\nclient ann t f, g", 2, "ann has more than a token and one list of functions"),
  ])
  func `that are wrong are refused with the line`(_ text: String, _ line: Int, _ why: String) {
    let error = #expect(throws: IdentitiesError.self) { try Identities.of(text) }
    #expect(error?.line == line)
    #expect(error?.problem.hasPrefix(why) == true, "\(error?.problem ?? "")")
  }

  @Test(arguments: ["", "t", "toke", "tokenn", "tokem", "Token", "tokentoken"] as [StaticString])
  func `need the token, all of it and nothing else`(_ token: StaticString) throws {
    let identities = try Identities.of("client ann token f")
    #expect(principal(identities, "ann", token) == nil)
    #expect(principal(identities, "nobody", token) == nil)
    #expect(principal(identities, "ann", "token") != nil)
  }

  @Test func `fit the role they have, and an admin both`() throws {
    let identities = try Identities.of("client c t f\nworker w t f\nadmin a t f")
    let fits = ["c", "w", "a"].map { (name: StaticString) in
      let found = principal(identities, name, "t")
      return [found?.fits(.client), found?.fits(.worker)]
    }
    #expect(fits == [[true, false], [false, true], [true, true]])
  }

  private let naming: [Command] = [
    .submit(job("g")), .run(job("g")), .receiveData(job("g")), .remove(key("g")),
    .drop(function: key("g").function), .canDo(function: key("g").function),
    .broadcast(function: key("g").function), .done(.key(key("g")), data: .none),
    .fail(.key(key("g"))), .later(.key(key("g")), delay: 0, step: 0),
    .workData(.key(key("g")), data: .none),
    .acquire(lock: key("l").function, capacity: 1, .key(key("g"))),
    .release(lock: key("l").function, .key(key("g"))),
  ]

  @Test func `need the function of whatever names one`() throws {
    let identities = try Identities.of("admin a t f\nworker f t f\nworker g t g")
    for (name, isAllowed) in [("a", true), ("f", false), ("g", true)] as [(StaticString, Bool)] {
      let found = try #require(principal(identities, name, "t"))
      for command in naming {
        #expect(identities.isAllowed(command, to: found, as: .worker) == isAllowed, "\(command)")
        // A worker's identity is none where a client is needed.
        #expect(identities.isAllowed(command, to: found) == (found.kind == .admin))
      }
    }
  }

  @Test(arguments: [false, true])
  func `administer if they are an admin's, or a client's where that is so`(_ option: Bool) throws {
    let text = "client c t f\nworker w t f\nadmin a t f"
    let identities = try Identities.of(text, clientsAdminister: option)
    let commands: [Command] = [
      .dump, .load(.none), .shutdown, .setSetting(key: .none, value: 1),
    ]
    for command in commands {
      let allowed = try (["a", "c", "w"] as [StaticString]).map { name in
        let found = try #require(principal(identities, name, "t"))
        let role: Role = found.kind == .worker ? .worker : .client
        return identities.isAllowed(command, to: found, as: role)
      }
      #expect(allowed == [true, option, false], "\(command)")
    }
  }
}

extension Identities {
  static func of(_ text: String, clientsAdminister: Bool = false) throws -> Identities {
    try withBytes(of: text) {
      try Identities(parsing: $0, clientsAdminister: clientsAdminister)
    }
  }
}
