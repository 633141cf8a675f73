/// The two binary forms that are served (PROTOCOL 0.1).
public enum Generation: Sendable {
  case one, two
}
