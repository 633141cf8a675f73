/// Where jobs are kept, in all the spellings of both generations (PROTOCOL 4.1, 4.3).
enum StoreChoice: Equatable {
  case memory
  case file(String)

  /// Every way to name a store; the first that is set counts.
  struct Names {
    var store: String?
    var driver: String?
    var directory: String?
    var path: String?
    var environmentPath: String?
  }

  /// The store that was asked for; `nil` if none was. Throws a `Failure` that says what to use
  /// instead.
  init?(_ names: Names) throws {
    if let store = names.store {
      self = try StoreChoice(store: store)
    } else if let driver = names.driver {
      self = try StoreChoice(driver: driver, directory: names.directory)
    } else if let path = names.path ?? names.environmentPath {
      self = try StoreChoice(path: path)
    } else {
      return nil
    }
  }

  private init(store: String) throws {
    if store == "memory:" {
      self = .memory
    } else if store.hasPrefix("file:") {
      self = try .at(String(store.dropFirst("file:".count)))
    } else {
      throw Failure("--store \(store): use memory: or file:PATH")
    }
  }

  private init(driver: String, directory: String?) throws {
    switch driver {
    case "memstore": self = .memory
    case "leveldb", "redis":
      let path = directory.map { "\($0).sqlite" } ?? "periodic.sqlite"
      throw Failure("--driver \(driver) is not offered: use --store file:\(path)")
    default: throw Failure("--driver \(driver) is not known: use --store memory: or file:PATH")
    }
  }

  private init(path: String) throws {
    if path == ":memory:" {
      self = .memory
    } else if path.hasPrefix("file:") {
      self = try .at(String(path.dropFirst("file:".count)))
    } else if let scheme = path.split(separator: ":").first, path.contains("://") {
      throw Failure("--path \(path): \(scheme) is not offered, use --store file:PATH")
    } else {
      self = try .at(path)
    }
  }

  /// `file://X` and `file:X` name the same file.
  private static func at(_ path: String) throws -> StoreChoice {
    let path = path.hasPrefix("//") ? String(path.dropFirst(2)) : path
    if path.isEmpty { throw Failure("a store needs a path: file:PATH") }
    return .file(path)
  }
}
