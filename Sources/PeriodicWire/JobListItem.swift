public import PeriodicCore

/// What comes next in a list of jobs to load. Whatever is borrowed is good until the next call.
public enum JobListItem {
  case job(JobFields)
  /// A job that cannot be kept; the others can.
  case skipped(Refusal)
  case end
  /// The list is broken from here on. What was taken off before stays taken.
  case violation(WireViolation)
}
