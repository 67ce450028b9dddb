import JSONParsing
import Model

/// Reads a tape from front to back, one line at a time. Strict: a wrong line is an error with its number. Only a last
/// line that the recorder could not finish is left out, with a warning.
public struct TapeReader: ~Copyable {
    public let header: TapeHeader
    /// Engine state at the beginning of the tape, where it starts in the middle of things.
    public let state: JSON?
    /// What was left out. Complete once `next()` has returned nil.
    public private(set) var warnings: [String] = []

    private let file: String
    private let source: TapeLineSource
    private let parser: JSONParser
    private var lineNumber: Int
    /// The second line, when it is no state.
    private var early: TapeLine?

    /// A tape may hold bodies and states of any size that was worth recording.
    private static let limits = JSONParser.Limits(bytes: 1 << 30, depth: 256)

    public init(path: String) throws(TapeError) {
        try self.init(TapeLineSource(TapeFile(reading: path)), file: path)
    }

    /// Reads from an open descriptor, which stays open.
    public init(descriptor: Int32, name: String) throws(TapeError) {
        try self.init(TapeLineSource(TapeFile(descriptor, name: name)), file: name)
    }

    private init(_ source: TapeLineSource, file: String) throws(TapeError) {
        let beginning = try Beginning(source, file: file)
        self.file = file
        self.source = source
        parser = JSONParser(limits: TapeReader.limits)
        header = beginning.header
        state = beginning.state
        early = beginning.early
        warnings = beginning.warnings
        lineNumber = beginning.lines
    }

    /// The first line, and the second one as far as it must be looked at.
    private struct Beginning {
        let header: TapeHeader
        var state: JSON?
        var early: TapeLine?
        var warnings: [String] = []
        var lines = 1

        init(_ source: TapeLineSource, file: String) throws(TapeError) {
            let parser = JSONParser(limits: TapeReader.limits)
            guard let first = try source.next() else { throw TapeError(file: file, "an empty file is no tape") }
            header = try TapeLineParser(file: file, number: 1).header(first.bytes, parser)
            guard let second = try source.next() else { return }
            lines = 2
            let line = TapeLineParser(file: file, number: 2)
            do {
                state = try line.state(second.bytes, parser)
                if state == nil { early = try line.line(second, of: header, parser) }
            } catch {
                if second.isComplete { throw error }
                warnings.append(TapeReader.warning(file, 2))
            }
        }
    }

    /// The next exchange or tick; nil at the end.
    public mutating func next() throws(TapeError) -> TapeLine? {
        if let early {
            self.early = nil
            return early
        }
        guard let line = try source.next() else { return nil }
        lineNumber += 1
        do {
            return try TapeLineParser(file: file, number: lineNumber).line(line, of: header, parser)
        } catch {
            if line.isComplete { throw error }
            warnings.append(TapeReader.warning(file, lineNumber))
            return nil
        }
    }

    private static func warning(_ file: String, _ line: Int) -> String {
        "\(file):\(line): the last line is incomplete and was left out"
    }
}
