extension Limits {
  /// Every bound that has a number, under its name in docs/limits.md.
  public var table: [(name: StaticString, value: Int)] {
    [
      ("name_bytes", Limits.nameBytes), ("frame_bytes", frameBytes), ("jobs", jobs),
      ("bytes", bytes), ("function_jobs", functionJobs), ("function_bytes", functionBytes),
      ("cache_bytes", cacheBytes), ("large_workload_bytes", largeWorkloadBytes),
      ("functions", functions), ("functions_per_connection", functionsPerConnection),
      ("grabs_per_connection", grabsPerConnection), ("runs_per_connection", runsPerConnection),
      ("waiters_per_connection", waitersPerConnection), ("locks_per_job", locksPerJob),
      ("connections", connections), ("output_pause_bytes", outputPauseBytes),
      ("output_close_bytes", outputCloseBytes), ("batch_operations", batchOperations),
      ("batch_bytes", batchBytes), ("registration_deadline", Int(registrationDeadline)),
    ]
  }
}
