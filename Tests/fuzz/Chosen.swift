import FuzzKit

/// The target that the first argument names. A global, because a C function can capture nothing.
let chosen = CommandLine.arguments.dropFirst().first.flatMap { FuzzTarget(rawValue: $0) }
