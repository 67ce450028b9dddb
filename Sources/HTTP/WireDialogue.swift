/// What is said to a server that speaks no HTTP, and what its answers mean: a value that turns bytes into the next step, so
/// that every dialogue is tested without a connection. What comes in is anybody's, in pieces of any size.
public protocol WireDialogue: Sendable {
    /// When the connection is made.
    mutating func begin() -> WireStep
    /// When bytes came in, which are handed over once.
    mutating func receive(_ bytes: [UInt8]) -> WireStep
    /// When the server has closed the connection.
    mutating func end()
}

/// What a dialogue wants next.
public enum WireStep: Sendable, Equatable {
    /// To hear more.
    case listen
    /// To say this, and to hear what comes of it.
    case say([UInt8])
    /// To close the connection, after saying this.
    case done(farewell: [UInt8])

    public static let done = WireStep.done(farewell: [])
}

/// Nothing is said: that there is a connection is all that is asked.
public struct SilentDialogue: WireDialogue {
    public init() {}

    public mutating func begin() -> WireStep { .done }
    public mutating func receive(_ bytes: [UInt8]) -> WireStep { .done }
    public mutating func end() {}
}
