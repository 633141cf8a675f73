internal import CUV
internal import Glibc
public import PeriodicCore

/// A program that is run with some bytes on its standard input, and whose output is collected.
///
/// For programs, not for a library's hosts: libuv watches SIGCHLD while a child lives.
public final class ChildProcess {
  /// How it ended.
  public struct Exit: Equatable, Sendable {
    /// What it passed to `exit`; 0 if a signal ended it.
    public var status: Int32
    /// The signal that ended it, or 0.
    public var signal: Int32

    public init(status: Int32, signal: Int32) {
      self.status = status
      self.signal = signal
    }

    public var isSuccess: Bool { status == 0 && signal == 0 }
  }

  private let loop: Loop
  private var process: Handle<uv_process_t>?
  private var standardInput: DescriptorWatch?
  private var standardOutput: DescriptorWatch?
  private var pending: ArraySlice<UInt8>
  private let leadsGroup: Bool
  private var keepsInput: Bool
  private var output: ((Bytes) -> Void)?
  private var ended: ((Exit) -> Void)?
  public let id: Int32

  /// Starts `arguments`; the first is the program, looked for in PATH. An argument is any bytes but
  /// zero, at which it would end.
  ///
  /// `input` is written to its standard input, which is closed then; a program that does not read
  /// it is no error. `output` is called on the loop with what it writes to its standard output, in
  /// pieces that lie in the loop's buffer. `ended` is called once, after the last output: when the
  /// program has ended and what it wrote has been read. What its own children write later is lost.
  /// Standard error is the caller's.
  ///
  /// With `keepsInput` the standard input stays open after `input`, for `send`, until `closeInput`.
  ///
  /// With `leadsGroup` it has a session and process group of its own, and `kill` reaches all of
  /// that.
  public init(
    _ loop: Loop, _ arguments: [[UInt8]], environment: [String]? = nil, input: [UInt8] = [],
    keepsInput: Bool = false, leadsGroup: Bool = true, output: @escaping (Bytes) -> Void,
    ended: @escaping (Exit) -> Void
  ) throws(LoopError) {
    guard let program = arguments.first else {
      throw LoopError(UV_EINVAL.rawValue, saying: "start a program: no name was given")
    }
    let doing = "start \(String(decoding: program, as: UTF8.self))"
    let toChild = try makePipe(doing, parentWrites: true)
    let fromChild: Pipe
    do {
      fromChild = try makePipe(doing, parentWrites: false)
    } catch {
      toChild.close()
      throw error
    }
    let process: Handle<uv_process_t>
    do {
      process = try spawn(
        loop, arguments, environment, leadsGroup, doing,
        descriptors: (toChild.child, fromChild.child))
    } catch {
      toChild.close()
      fromChild.close()
      throw error
    }
    close(toChild.child)
    close(fromChild.child)
    self.loop = loop
    self.process = process
    self.leadsGroup = leadsGroup
    self.keepsInput = keepsInput
    self.output = output
    self.ended = ended
    pending = input[...]
    id = uv_process_get_pid(process.raw)
    process.setOwner(self)
    try watch(toChild.parent, fromChild.parent)
  }

  deinit { letGo() }

  /// Sends a signal to the program, or to its whole group if it leads one. Nothing once it has
  /// ended.
  public func kill(_ signal: Int32) {
    guard process != nil else { return }
    // Fails only when nobody is left, which is what was wanted.
    _ = Glibc.kill(leadsGroup ? -id : id, signal)
  }

  /// Writes more to the standard input, after what waits there. Nothing once that is closed.
  public func send(_ bytes: [UInt8]) {
    pending += bytes
    write()
  }

  /// Closes the standard input when everything has been written.
  public func closeInput() {
    keepsInput = false
    write()
  }

  /// Forgets the program, which goes on: neither `output` nor `ended` is called any more.
  public func letGo() {
    ended = nil
    output = nil
    standardInput?.close()
    standardOutput?.close()
    process?.close()
    process = nil
  }

  private func watch(_ input: Int32, _ output: Int32) throws(LoopError) {
    do {
      let reader = try DescriptorWatch(loop, output)
      standardOutput = reader
      reader.onReady { [unowned self] _, _ in read() }
      reader.watch(reads: true)
    } catch {
      close(input)
      kill(SIGKILL)
      throw error
    }
    do {
      let writer = try DescriptorWatch(loop, input)
      standardInput = writer
      writer.onReady { [unowned self] _, _ in write() }
      write()
    } catch {
      kill(SIGKILL)
      throw error
    }
  }

  private func write() {
    guard let standardInput else { return }
    while !pending.isEmpty {
      let sent = pending.withUnsafeBytes { writeWithoutSignal(standardInput.descriptor, $0) }
      if sent < 0 && errno == EINTR { continue }
      if sent < 0 && errno == EAGAIN {
        standardInput.watch(writes: true)
        return
      }
      if sent < 0 {
        keepsInput = false
        break
      }
      pending = pending.dropFirst(sent)
    }
    pending = []
    if keepsInput { return standardInput.watch(writes: false) }
    standardInput.close()
    self.standardInput = nil
  }

  /// Hands over one piece of output; false when there is none now.
  @discardableResult
  private func read() -> Bool {
    guard let standardOutput else { return false }
    let count = Glibc.read(standardOutput.descriptor, loop.input.baseAddress, loop.input.count)
    if count > 0 {
      output?(Bytes(rebasing: Bytes(loop.input)[..<count]))
      return true
    }
    if count < 0 && (errno == EAGAIN || errno == EINTR) { return errno == EINTR }
    standardOutput.close()
    self.standardOutput = nil
    return false
  }

  fileprivate func exited(_ exit: Exit) {
    // Bounded by what a pipe holds, unless its own children keep writing.
    for _ in 0..<64 where !read() { break }
    let ended = ended
    letGo()
    ended?(exit)
  }
}

/// Both ends of a pipe; the parent's does not block.
private struct Pipe {
  var child: Int32
  var parent: Int32

  func close() {
    Glibc.close(child)
    Glibc.close(parent)
  }
}

private func makePipe(_ doing: String, parentWrites: Bool) throws(LoopError) -> Pipe {
  var ends: (uv_file, uv_file) = (-1, -1)
  let nonBlocking = Int32(UV_NONBLOCK_PIPE.rawValue)
  let status = withUnsafeMutablePointer(to: &ends) {
    $0.withMemoryRebound(to: uv_file.self, capacity: 2) {
      uv_pipe($0, parentWrites ? 0 : nonBlocking, parentWrites ? nonBlocking : 0)
    }
  }
  if status != 0 { throw LoopError(status, doing) }
  return parentWrites
    ? Pipe(child: ends.0, parent: ends.1) : Pipe(child: ends.1, parent: ends.0)
}

private func spawn(
  _ loop: Loop, _ arguments: [[UInt8]], _ environment: [String]?, _ leadsGroup: Bool,
  _ doing: String, descriptors: (input: Int32, output: Int32)
) throws(LoopError) -> Handle<uv_process_t> {
  var files = (uv_stdio_container_t(), uv_stdio_container_t(), uv_stdio_container_t())
  files.0.flags = UV_INHERIT_FD
  files.0.data.fd = descriptors.input
  files.1.flags = UV_INHERIT_FD
  files.1.data.fd = descriptors.output
  files.2.flags = UV_INHERIT_FD
  files.2.data.fd = STDERR_FILENO
  var status: Int32 = 0
  let process = try Handle<uv_process_t>(loop, doing) { uv, raw in
    status = withUnsafeMutablePointer(to: &files) { files in
      files.withMemoryRebound(to: uv_stdio_container_t.self, capacity: 3) { files in
        withCStrings(arguments) { arguments in
          withCStrings((environment ?? []).map { Array($0.utf8) }) { variables in
            var options = uv_process_options_t()
            options.file = UnsafePointer(arguments[0])
            options.args = arguments
            options.env = environment == nil ? nil : variables
            options.flags = leadsGroup ? UInt32(UV_PROCESS_DETACHED.rawValue) : 0
            options.stdio_count = 3
            options.stdio = files
            options.exit_cb = { raw, status, signal in
              handleOwner(raw, as: ChildProcess.self)?.exited(
                ChildProcess.Exit(status: Int32(truncatingIfNeeded: status), signal: signal))
            }
            return uv_spawn(uv, raw, &options)
          }
        }
      }
    }
    // libuv has registered the handle even when the program could not be started.
    return 0
  }
  loop.watchChanged = true
  if status != 0 {
    process.close()
    throw LoopError(status, doing)
  }
  return process
}

/// Lends `strings` as C has them: each ends in a zero byte, the list in a null pointer.
private func withCStrings<Result>(
  _ strings: [[UInt8]], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(
    capacity: strings.count + 1)
  for (index, string) in strings.enumerated() {
    list[index] = (string + [0]).withUnsafeBytes { bytes in
      strdup(bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self))
    }
  }
  list[strings.count] = nil
  defer {
    for index in strings.indices { free(list[index]) }
    list.deallocate()
  }
  return body(list)
}

/// Writes to a pipe; when nobody reads it any more that is EPIPE, and no signal.
private func writeWithoutSignal(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  var pipeSignal = sigset_t()
  var before = sigset_t()
  var waiting = sigset_t()
  sigemptyset(&pipeSignal)
  sigaddset(&pipeSignal, SIGPIPE)
  pthread_sigmask(SIG_BLOCK, &pipeSignal, &before)
  sigpending(&waiting)
  let sent = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
  let code = errno
  if sent < 0 && code == EPIPE && sigismember(&waiting, SIGPIPE) == 0 {
    var now = timespec()
    _ = sigtimedwait(&pipeSignal, nil, &now)
  }
  pthread_sigmask(SIG_SETMASK, &before, nil)
  errno = code
  return sent
}
