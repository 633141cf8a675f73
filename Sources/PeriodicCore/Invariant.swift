/// Stops the process when something that must hold does not.
///
/// For bugs of this library only: what a peer, a caller or the world does wrong is a value or a
/// typed error. `precondition` prints no text in an optimised build, so this does.
@inlinable
public func invariant(
  _ condition: @autoclosure () -> Bool, _ what: @autoclosure () -> String,
  file: StaticString = #fileID, line: UInt = #line
) {
  if !condition() { fatalError("invariant broken: \(what())", file: file, line: line) }
}
