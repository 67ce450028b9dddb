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
/// A line is written with one system call, so that lines of several threads do not mix. Nobody who logs waits for whoever
/// reads: lines go through an `OutputQueue`. What cannot be written is lost, counted, and said once lines get through
/// again; logging never fails the program.
public final class Logger: Sendable {
    public enum Level: Int, Sendable, Comparable, CaseIterable {
        case debug, info, warning, error

        /// As the journal takes it at the beginning of a line, after syslog: `<3>` is an error.
        public var priority: String {
            switch self {
            case .debug: "<7>"
            case .info: "<6>"
            case .warning: "<4>"
            case .error: "<3>"
            }
        }

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

    public enum Format: String, Sendable, CaseIterable {
        case logfmt, json
        /// One JSON line as Google's Cloud Logging reads it.
        case gcp

        /// Where nobody names one: Cloud Run tells a service and a job who they are.
        public static func usual(in environment: Environment) -> Format {
            environment.nonEmpty("K_SERVICE") != nil || environment.nonEmpty("CLOUD_RUN_JOB") != nil ? .gcp : .logfmt
        }
    }

    /// `key=value` beside the message, in the order given.
    public typealias Fields = KeyValuePairs<String, LogValue>

    private let threshold: Level
    private let format: Format
    /// Off where the journal stamps each line itself.
    private let writesTime: Bool
    /// Whether a line begins with its priority as the journal reads it: `<3>`.
    private let writesPriority: Bool
    private let clock: any Clock
    private let sink: @Sendable ([UInt8]) -> Bool
    private let lostLines = Atomic<Int>(0)
    private let lostLater: @Sendable () -> Int

    /// - Parameters:
    ///   - lostLater: lines that the sink took and could not bring further.
    ///   - sink: takes one line with its line end; false when it could not.
    public init(
        level: Level = .info, format: Format = .logfmt, writesTime: Bool = true, writesPriority: Bool = false,
        clock: any Clock = SystemClock(), lostLater: @escaping @Sendable () -> Int = { 0 },
        sink: @escaping @Sendable ([UInt8]) -> Bool
    ) {
        threshold = level
        self.format = format
        self.writesTime = writesTime
        self.writesPriority = writesPriority
        self.clock = clock
        self.lostLater = lostLater
        self.sink = sink
    }

    /// To standard error. Where that is the journal, without a time of its own and with each line's priority.
    public static func standardError(
        level: Level = .info, format: Format = .logfmt, environment: Environment, clock: any Clock = SystemClock()
    ) -> Logger {
        let isJournal = isJournal(in: environment)
        let queue = OutputQueue.standardError
        // Says itself what the log lacks.
        let gap = { @Sendable (missing: Int) -> [UInt8] in
            LogLine(
                time: isJournal ? nil : clock.now(), level: .warning,
                message: "lines are missing here: whoever reads this log was too slow, or they could not be written",
                fields: ["lines": .integer(Int64(missing))]
            ).bytes(format, priority: isJournal)
        }
        return Logger(
            level: level, format: format, writesTime: !isJournal, writesPriority: isJournal, clock: clock,
            lostLater: { queue.lost }, sink: { queue.offer($0, notice: gap) || true })
    }

    /// Whether standard error goes to systemd's journal, which reads a line's priority from its beginning.
    public static func isJournal(in environment: Environment) -> Bool {
        isJournal(descriptor: STDERR_FILENO, stream: environment["JOURNAL_STREAM"])
    }

    /// One line in this format, for what is said beside the log.
    public static func line(_ level: Level, _ message: String, format: Format, clock: any Clock = SystemClock()) -> [UInt8] {
        LogLine(time: clock.now(), level: level, message: message, fields: [:]).bytes(format, priority: false)
    }

    /// For tests and for library use without a log.
    public static let silent = Logger(level: .error) { _ in true }

    /// Lines that could not be written.
    public var lost: Int { lostLines.load(ordering: .relaxed) + lostLater() }

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

    /// A line of a level that its subject decides, such as an incident's severity.
    public func say(_ level: Level, _ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
        if isEnabled(level) { log(level, message(), fields()) }
    }

    private func log(_ level: Level, _ message: String, _ fields: Fields) {
        let time = writesTime ? clock.now() : nil
        let line = LogLine(time: time, level: level, message: message, fields: fields)
        if !sink(line.bytes(format, priority: writesPriority)) { lostLines.add(1, ordering: .relaxed) }
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
