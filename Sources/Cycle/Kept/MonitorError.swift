/// Why the monitor cannot start or go on.
public struct MonitorError: Error, Sendable, CustomStringConvertible {
    public let what: String
    public let why: String
    public let hint: String?

    public init(what: String, why: String, hint: String? = nil) {
        self.what = what
        self.why = why
        self.hint = hint
    }

    public var description: String { "\(what): \(why)" + (hint.map { " (\($0))" } ?? "") }
}
