import Ambient
import Glibc
import Model
import Synchronization
import Views

/// What the program prints, and what became of it.
///
/// A command waits for its reader, as commands do. The daemon waits for nobody: its lines go through queues, and those
/// that find no room are counted. A reader that goes away never ends the program; the exit code stays what the work
/// earned. Whatever else keeps a result from being written is said on standard error and is a failure.
enum Output {
    private struct State {
        var isDaemon = false
        var hasResult = false
        /// Nobody reads standard output any more.
        var isUnread = false
        /// Why results could not be written.
        var failure: Int32?
        /// Texts of several lines that we were given, as the screen would show them, and each as one line.
        var given: [(lines: String, line: String)] = []
    }

    private static let state = Mutex(State())
    private static let journal = Atomic<Bool>(false)
    /// Whether what is said on standard error goes to systemd's journal.
    static var speaksToJournal: Bool {
        get { journal.load(ordering: .relaxed) }
        set { journal.store(newValue, ordering: .relaxed) }
    }

    private static let cloud = Atomic<Bool>(false)
    /// How the log is written. What is said beside it is one line of it where Cloud Logging reads that; else text for people.
    static var remarksFormat: Logger.Format {
        get { cloud.load(ordering: .relaxed) ? .gcp : .logfmt }
        set { cloud.store(newValue == .gcp, ordering: .relaxed) }
    }

    /// How long the end of the daemon waits for whoever reads its lines.
    private static let patience = 1.0

    /// From here on nothing waits for a reader.
    static func becomeDaemon() { state.withLock { $0.isDaemon = true } }

    /// What the operator wrote (arguments, variables, and so paths and names that are made of them) is shown as it is, but on one
    /// line: a line end in a file's name must not make a line of its own that says something else.
    static func keepOnOneLine(_ texts: [String]) {
        var all: [(lines: String, line: String)] = []
        for text in texts where text.utf8.contains(0x0A) {
            let trimmed = Output.trimmed(text)
            for text in [text, trimmed]
            where text.utf8.contains(0x0A) && !trimmed.isEmpty && !all.contains(where: { $0.lines == Shown.screen(text) }) {
                all.append((Shown.screen(text), Shown.cell(text)))
            }
        }
        // The longest first: a part of one may be another.
        state.withLock { $0.given = all.sorted { $0.lines.utf8.count > $1.lines.utf8.count } }
    }

    private static func trimmed(_ text: String) -> String {
        let isBlank: (UInt8) -> Bool = { $0 <= 0x20 }
        return String(decoding: Array(text.utf8.drop(while: isBlank).reversed().drop(while: isBlank).reversed()), as: UTF8.self)
    }

    fileprivate static func onItsLines(_ text: String) -> String {
        let given = state.withLock { $0.given }
        return given.reduce(text) { $0.replacing(bytesOf: $1.lines, with: $1.line) }
    }

    /// To standard output, in full.
    fileprivate static func result(_ bytes: [UInt8]) {
        // What was said before stands before it, where both go to one place.
        let isDaemon = state.withLock { $0.isDaemon }
        drainErrors(isDaemon ? 0 : nil)
        state.withLock { $0.hasResult = true }
        guard state.withLock({ !$0.isUnread && $0.failure == nil }) else { return }
        note(Descriptor.write(bytes, to: STDOUT_FILENO, unless: { ProcessSignal.isEndAsked }).code)
    }

    /// Whether anything of a result was printed.
    static var hasResult: Bool { state.withLock { $0.hasResult } }

    /// Whether a result could not be written, or nobody reads any more.
    static var isLost: Bool { state.withLock { $0.isUnread || $0.failure != nil } }

    private static func note(_ code: Int32) {
        guard code != 0 else { return }
        state.withLock { if code == EPIPE || code == ECANCELED { $0.isUnread = true } else { $0.failure = $0.failure ?? code } }
    }

    /// Nil: however long it takes, unless the end of a command that would go on for ever is asked for.
    private static func drainErrors(_ seconds: Double?) {
        if let seconds {
            OutputQueue.standardError.drain(atMost: seconds)
        } else {
            while !OutputQueue.standardError.drain(atMost: 0.1), OutputQueue.standardError.isDraining, !ProcessSignal.isEndAsked {}
        }
    }

    /// To standard error. There is nobody left to tell that this failed.
    fileprivate static func remark(_ bytes: [UInt8]) {
        if state.withLock({ $0.isDaemon }) {
            OutputQueue.standardError.offer(bytes)
        } else {
            drainErrors(nil)
            _ = Descriptor.write(bytes, to: STDERR_FILENO, unless: { ProcessSignal.isEndAsked })
        }
    }

    /// Waits for what is still on its way, as long as it may take. The exit code: the one that was earned, but
    /// `failure` instead of success when results were lost.
    static func end(_ earned: ExitCode, failure: ExitCode) -> ExitCode {
        let isDaemon = state.withLock { $0.isDaemon }
        if isDaemon { OutputQueue.standardOutput.drain(atMost: patience) }
        // Some file systems say only now that there was no room.
        if close(STDOUT_FILENO) != 0, errno != EBADF { note(errno) }
        let code = state.withLock { $0.failure }
        if let code { complain("the result could not be written: \(String(cString: strerror(code)))", hint: nil) }
        drainErrors(isDaemon ? patience : nil)
        return code != nil && earned == .ok ? failure : earned
    }
}

/// Says something besides the result, on standard error. The journal finds it by its level.
func remark(_ text: String, _ level: Logger.Level) {
    let safe = Shown.screen(text)
    if Output.remarksFormat == .gcp {
        let lines = safe.split(separator: "\n", omittingEmptySubsequences: true)
        return write(String(decoding: Logger.line(level, lines.joined(separator: "\n"), format: .gcp), as: UTF8.self), to: STDERR_FILENO)
    }
    guard Output.speaksToJournal else { return write(safe, to: STDERR_FILENO) }
    let lines = safe.split(separator: "\n", omittingEmptySubsequences: true)
    write(lines.map { "\(level.priority)\($0)\n" }.joined(), to: STDERR_FILENO)
}

/// Writes in full. Why not is remembered for `Output.end`.
func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
    let text = Output.onItsLines(text)
    descriptor == STDERR_FILENO ? Output.remark(Array(text.utf8)) : Output.result(Array(text.utf8))
}

/// A document for programs, to standard output.
func write(_ document: OutputDocument) { write(Shown.json(document.json.serialized(pretty: true)) + "\n") }
