/// What a connection registered as (PROTOCOL 1.4).
public enum Role: Sendable {
  case client, worker
}
