/// The two binary forms that are served (PROTOCOL 0.1).
public enum Generation: Sendable {
  case one, two
}

/// What a connection registered as (PROTOCOL 1.4).
public enum Role: Sendable {
  case client, worker
}
