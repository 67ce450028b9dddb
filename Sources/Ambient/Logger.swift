import Glibc
import Model
import Synchronization

/// One value beside a log message.
public enum LogValue: Sendable, Equatable {
    case text(String)
    case integer(Int64)
    case number(Double)
    case flag(Bool)
}

extension LogValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral
{
    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(booleanLiteral value: Bool) { self = .flag(value) }
    public init(_ value: some BinaryInteger) { self = .integer(Int64(clamping: value)) }
    /// Whatever prints itself: an error, a timestamp. A `Secret` prints as `***`.
    public init(_ value: some CustomStringConvertible) { self = .text(value.description) }
}

/// Lines about what the program does, for the person who runs it. Data never goes here.
///
/// A line is written with one system call, so that lines of several threads do not mix. What cannot be written is
/// lost and counted; logging never fails the program.
public final class Logger: Sendable {
    public enum Level: Int, Sendable, Comparable, CaseIterable {
        case debug, info, warning, error

        public var name: String {
            switch self {
            case .debug: "debug"
            case .info: "info"
            case .warning: "warn"
            case .error: "error"
            }
        }

        /// Reads `debug`, `info`, `warn`, `warning` and `error`.
        public init?(_ text: String) {
            if text == "warning" {
                self = .warning
            } else if let level = Self.allCases.first(where: { $0.name == text }) {
                self = level
            } else {
                return nil
            }
        }

        public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    public enum Format: String, Sendable {
        case logfmt, json
    }

    /// `key=value` beside the message, in the order given.
    public typealias Fields = KeyValuePairs<String, LogValue>

    private let threshold: Level
    private let format: Format
    /// Off where the journal stamps each line itself.
    private let writesTime: Bool
    private let clock: any Clock
    private let sink: @Sendable ([UInt8]) -> Bool
    private let lostLines = Atomic<Int>(0)

    /// - Parameter sink: takes one line with its line end; false when it could not.
    public init(
        level: Level = .info, format: Format = .logfmt, writesTime: Bool = true, clock: any Clock = SystemClock(),
        sink: @escaping @Sendable ([UInt8]) -> Bool
    ) {
        threshold = level
        self.format = format
        self.writesTime = writesTime
        self.clock = clock
        self.sink = sink
    }

    /// To standard error, without a time of its own when that is the journal.
    public static func standardError(
        level: Level = .info, format: Format = .logfmt, environment: Environment, clock: any Clock = SystemClock()
    ) -> Logger {
        Logger(
            level: level, format: format,
            writesTime: !isJournal(descriptor: STDERR_FILENO, stream: environment["JOURNAL_STREAM"]), clock: clock
        ) { line in
            var written = 0
            while written < line.count {
                let count = line.withUnsafeBytes { buffer in
                    write(STDERR_FILENO, buffer.baseAddress.map { $0 + written }, buffer.count - written)
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                written += count
            }
            return true
        }
    }

    /// For tests and for library use without a log.
    public static let silent = Logger(level: .error) { _ in true }

    /// Lines that could not be written.
    public var lost: Int { lostLines.load(ordering: .relaxed) }

    /// Whether lines of this level are written, for callers whose fields are costly to make.
    public func isEnabled(_ level: Level) -> Bool { level >= threshold }

    public func debug(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        if isEnabled(.debug) { log(.debug, message(), fields()) }
    }

    public func info(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        if isEnabled(.info) { log(.info, message(), fields()) }
    }

    public func warning(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        if isEnabled(.warning) { log(.warning, message(), fields()) }
    }

    public func error(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        log(.error, message(), fields())
    }

    private func log(_ level: Level, _ message: String, _ fields: Fields) {
        let time = writesTime ? clock.now() : nil
        let line = LogLine(time: time, level: level, message: message, fields: fields)
        if !sink(format == .json ? line.json() : line.logfmt()) { lostLines.add(1, ordering: .relaxed) }
    }

    /// systemd names the journal's socket as `device:inode`; it is ours only if the descriptor still is that socket.
    static func isJournal(descriptor: Int32, stream: String?) -> Bool {
        guard let parts = stream?.split(separator: ":"), parts.count == 2,
            let device = UInt64(parts[0]), let inode = UInt64(parts[1])
        else { return false }
        var status = stat()
        return fstat(descriptor, &status) == 0 && UInt64(status.st_dev) == device && UInt64(status.st_ino) == inode
    }
}
