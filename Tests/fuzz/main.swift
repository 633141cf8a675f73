import FuzzKit
import Glibc

#if FUZZER
import CFuzzer
#endif

// Usage: fuzz TARGET [arguments of libFuzzer, or files to try]. Built by scripts/fuzz.sh it is
// libFuzzer on one target; built without it tries each file once.

guard chosen != nil else {
  for target in FuzzTarget.allCases { print(target.rawValue) }
  exit(CommandLine.arguments.count > 1 ? 2 : 0)
}

#if FUZZER
var count = CInt(CommandLine.arguments.count - 1)
// libFuzzer sees everything but the target's name.
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv + 1
CommandLine.unsafeArgv[1] = CommandLine.unsafeArgv[0]
exit(
  LLVMFuzzerRunDriver(&count, &arguments) { start, count in
    chosen?.run(UnsafeRawBufferPointer(start: start, count: count))
    return 0
  })
#else
for path in CommandLine.arguments.dropFirst(2) {
  guard let file = fopen(path, "rb") else { exit(1) }
  var bytes = [UInt8](repeating: 0, count: 1 << 20)
  let count = fread(&bytes, 1, bytes.count, file)
  fclose(file)
  Array(bytes[..<count]).withUnsafeBytes { chosen?.run($0) }
}
#endif
