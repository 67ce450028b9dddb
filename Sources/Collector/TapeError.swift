import Glibc

/// Why a tape cannot be read or written, and where.
public struct TapeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file, or a name for what is not one.
    public let file: String
    /// The line, from 1; nil when the whole file is meant.
    public let line: Int?
    public let what: String
    /// What to do about it.
    public let hint: String?
    /// Whether the same may work a moment later: a full disk may, a wrong line never.
    public let isRetryable: Bool

    public init(file: String, line: Int? = nil, _ what: String, hint: String? = nil, isRetryable: Bool = false) {
        self.file = file
        self.line = line
        self.what = what
        self.hint = hint
        self.isRetryable = isRetryable
    }

    /// Why a line could not be written.
    init(writing file: String, _ code: Int32) {
        let hint =
            "a limit on the size of files lets it grow no further: raise it (LimitFSIZE= of the service, ulimit -f), or begin another"
        self.init(
            file: file, "cannot write: \(String(cString: strerror(code)))", hint: code == EFBIG ? hint : nil, isRetryable: code == ENOSPC)
    }

    public var description: String {
        let place = line.map { "\(file):\($0)" } ?? file
        return "\(place): \(what)" + (hint.map { " (\($0))" } ?? "")
    }
}
