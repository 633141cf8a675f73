import PeriodicRuntime

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

  /// The store that was asked for; `nil` if none was. Throws what to use instead.
  init?(_ names: Names) throws(OptionError) {
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

  /// As the table of options has it.
  var text: String {
    switch self {
    case .memory: "memory:"
    case .file(let path): "file:\(path)"
    }
  }

  private init(store: String) throws(OptionError) {
    if store == "memory:" {
      self = .memory
    } else if store.hasPrefix("file:") {
      self = try .at(String(store.dropFirst("file:".count)))
    } else {
      throw ServerOption.store.error(store)
    }
  }

  private init(driver: String, directory: String?) throws(OptionError) {
    switch driver {
    case "memstore": self = .memory
    case "leveldb", "redis":
      let path = directory.map { "\($0).sqlite" } ?? "periodic.sqlite"
      throw OptionError("--driver \(driver) is not offered: use --store file:\(path)")
    default: throw OptionError("--driver \(driver) is not known: use --store memory: or file:PATH")
    }
  }

  private init(path: String) throws(OptionError) {
    if path == ":memory:" {
      self = .memory
    } else if path.hasPrefix("file:") {
      self = try .at(String(path.dropFirst("file:".count)))
    } else if let scheme = path.split(separator: ":").first, path.contains("://") {
      throw OptionError("--path \(path): \(scheme) is not offered, use --store file:PATH")
    } else {
      self = try .at(path)
    }
  }

  /// `file://X` and `file:X` name the same file.
  private static func at(_ path: String) throws(OptionError) -> StoreChoice {
    let path = path.hasPrefix("//") ? String(path.dropFirst(2)) : path
    if path.isEmpty { throw OptionError("a store needs a path: file:PATH") }
    return .file(path)
  }
}
