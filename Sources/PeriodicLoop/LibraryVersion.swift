internal import CUV

extension Loop {
  /// The version of libuv that runs.
  public static var libraryVersion: String { String(cString: uv_version_string()) }
}
