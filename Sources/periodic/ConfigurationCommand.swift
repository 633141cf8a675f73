import ArgumentParser
import PeriodicClient
import PeriodicCore
import PeriodicRuntime

/// Prints docs/CONFIGURATION.md, which `make configuration` writes with it.
struct ConfigurationCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "configuration", abstract: "Print every option, setting and variable.",
    shouldDisplay: false)

  func run() { write(ConfigurationText.whole, to: 1) }
}

/// The tables of options as Markdown.
enum ConfigurationText {
  static var whole: String {
    introduction + "\n" + server + "\n" + daemon + "\n" + connections + "\n" + settings + "\n"
      + variables
  }

  private static let introduction = """
    # Configuration

    Made by `make configuration` from the tables that the programs check by and take their help
    from: `ServerOption.swift`, `ConnectionOption.swift` and `Settings.swift`.

    An option of the command line comes before its environment variable, that before the default.
    A setting that was stored with the jobs comes before its default. In the C structs 0 or NULL is
    the default; Python's `Server` takes the fields of `periodic_server_options` as keywords. What
    is out of bounds is refused at the start, with what was given and what is accepted: the daemon
    ends with status 2, `periodic_server_new()` returns `PERIODIC_EINVAL` and keeps the sentence for
    `periodic_loop_error()`. The other bounds of a server, and what happens at each, are in
    [limits.md](limits.md).

    """

  private static var server: String {
    section(
      "A server: `periodicd`, and `periodic_server_options` in C",
      ["option", "C field", "accepted", "default", "meaning", "at its edge"],
      ServerOption.all.map { cells($0, ServerOptions()) })
  }

  private static var daemon: String {
    section(
      "The daemon alone", ["option", "accepted", "default", "meaning"],
      DaemonOption.all.map { row in
        [names(row), row.form(on: .commandLine), row.fallback, row.meaning]
      })
        + """

        In C a program has its own log (`log`, `log_user`, `log_destroy`), and its own name.

        """
  }

  private static var connections: String {
    section(
      "A client's or worker's connection: `periodic_connection_options` in C",
      ["option", "C field", "accepted", "default", "meaning", "at its edge"],
      ConnectionOption.all.map { cells($0, ConnectionOptions()) })
  }

  private static var settings: String {
    section(
      "Settings stored with the jobs: `periodic config`, and `periodic_client_set_setting()` in C",
      ["key", "least", "default", "meaning"],
      Settings.table.map { row in
        [code(row.key), "\(row.least)", "\(row.standard)", row.meaning]
      })
        + """

        A value below the least is raised to it; the most is 4294967295. A key that the server does
        not know reads 0, and setting it is ignored.

        """
  }

  private static var variables: String {
    var rows = [
      ["PERIODIC_PORT", "The server's address, where there is no `--host`."],
      ["THREAD", "Jobs at a time of a worker program, where there is no `--threads`."],
      ["TMPDIR", "Where `periodic dump` sorts what does not fit into memory."],
    ]
    rows += ServerOption.all.flatMap(variables(of:)) + ConnectionOption.all.flatMap(variables(of:))
    return section(
      "Environment variables", ["variable", "meaning"],
      rows.sorted { $0[0] < $1[0] }.map { [code($0[0])] + $0.dropFirst() })
      + "\nAn empty variable counts as unset. The C library reads none.\n"
  }

  private static func variables<Target>(of row: OptionRow<Target>) -> [[String]] {
    row.variables.map { variable in
      if variable == "PERIODIC_PATH" {
        return [variable, "As `--store`, where no option names a store; a path alone is one, too."]
      }
      guard let option = row.option else {
        return [variable, "\(row.meaning) \(sentence(row.form(on: .commandLine)))"]
      }
      return [variable, "As `--\(option)`, where that is not given."]
    }
  }

  private static func cells<Target>(_ row: OptionRow<Target>, _ target: Target) -> [String] {
    let option = row.option == nil ? row.variables.map(code).joined(separator: ", ") : names(row)
    func both(_ cell: (OptionFace) -> String) -> String {
      let (line, field) = (cell(.commandLine), cell(.field))
      return line == field ? line : "\(line); in C \(field)"
    }
    return [
      option, row.field.map(code) ?? "", accepted(row, both),
      both { row.standard(target, on: $0) ?? row.fallback },
      row.more.isEmpty ? row.meaning : row.meaning + " " + row.more, row.beyond,
    ]
  }

  /// A flag takes nothing on the command line.
  private static func accepted<Target>(
    _ row: OptionRow<Target>, _ both: ((OptionFace) -> String) -> String
  ) -> String {
    if case .flag = row.kind { return "in C \(row.form(on: .field))" }
    return both { row.form(on: $0) }
  }

  private static func names<Target>(_ row: OptionRow<Target>) -> String {
    ([row.name] + row.aliases).map { code("--" + $0) }.joined(separator: ", ")
  }

  private static func code(_ text: String) -> String { "`\(text)`" }

  private static func sentence(_ text: String) -> String {
    text.prefix(1).uppercased() + text.dropFirst() + "."
  }

  private static func section(_ title: String, _ heads: [String], _ rows: [[String]]) -> String {
    let lines = [heads, heads.map { _ in "---" }] + rows
    let table = lines.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    return "## \(title)\n\n\(table)"
  }
}
