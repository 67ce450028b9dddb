import CPostgres
import Glibc
import Model

/// What a server or the way to it said instead of an answer.
struct PostgresFailure: Error {
    /// SQLSTATE, five letters; empty where the connection failed.
    let state: String
    /// One line of a stranger, without stored values.
    let text: String
    /// Nothing more comes over this connection.
    let isLost: Bool
}

/// One connection to a server, which never waits without end: each wait has a deadline of its own, whatever the network does.
///
/// Not Sendable: it belongs to one owner, who calls it from one thread at a time.
final class PostgresConnection {
    private let handle: OpaquePointer
    /// How long an answer may take.
    var patience: TimeSpan
    /// How much longer, once the process is to end.
    var grace = PostgresEnding.shortGrace
    private(set) var isLost = false
    /// Lost because no answer came in time: the server may still be at it.
    private(set) var isSilent = false
    /// Cuts every wait short once the process is to end.
    private let ending: PostgresEnding

    init(_ parameters: [PostgresPlace.Parameter], patience: TimeSpan, ending: PostgresEnding) throws(PostgresFailure) {
        if let fault = cpq_load() {
            throw PostgresFailure(state: "", text: String(cString: fault), isLost: true)
        }
        let connected = PostgresConnection.withStrings(parameters.map(\.name)) { names in
            PostgresConnection.withStrings(parameters.map(\.value)) { values in cpq_connect(names, values) }
        }
        guard let connected else { throw PostgresFailure(state: "", text: "no memory", isLost: true) }
        guard cpq_is_ok(connected), cpq_set_nonblocking(connected) else {
            let text = cpq_error(connected).map { String(cString: $0) } ?? ""
            cpq_finish(connected)
            throw PostgresFailure(state: "", text: PostgresConnection.line(text), isLost: true)
        }
        cpq_be_quiet(connected)
        handle = connected
        self.patience = patience
        self.ending = ending
    }

    deinit { cpq_finish(handle) }

    var socket: Int32 { cpq_socket(handle) }
    /// Sends what is not sent yet; false while something is left.
    func flush() -> Bool { cpq_flush(handle) == 0 }
    var backendPID: Int32 { cpq_backend_pid(handle) }
    var serverVersion: Int32 { cpq_server_version(handle) }
    func parameter(_ name: String) -> String? { cpq_parameter(handle, name).map { String(cString: $0) } }

    // MARK: Sending

    func enterPipeline() throws(PostgresFailure) { try require(cpq_enter_pipeline(handle)) }
    func exitPipeline() throws(PostgresFailure) { try require(cpq_exit_pipeline(handle)) }
    func sync() throws(PostgresFailure) { try require(cpq_sync(handle)) }

    func sendScript(_ text: String) throws(PostgresFailure) { try require(cpq_send_query(handle, text)) }

    func sendPrepare(_ name: String, _ sql: String, _ kinds: [SQLValue.Kind]) throws(PostgresFailure) {
        let types = kinds.map(PostgresConnection.type)
        try require(cpq_send_prepare(handle, name, sql, Int32(types.count), types))
    }

    func sendPrepared(_ name: String, _ values: [SQLValue]) throws(PostgresFailure) {
        // One buffer for all values: an empty one must have an address, since none means NULL.
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for value in values {
            switch value {
            case .null: break
            case .int(let value): withUnsafeBytes(of: value.bigEndian) { bytes += $0 }
            case .text(let text): bytes += PostgresText.stored(text)
            case .bytes(let value): bytes += value
            }
            ends.append(bytes.count)
        }
        bytes.append(0)
        let formats = [Int32](repeating: 1, count: values.count)
        let isSent = bytes.withUnsafeBytes { buffer in
            var start = 0
            var (pointers, lengths): ([UnsafePointer<CChar>?], [Int32]) = ([], [])
            for (value, end) in zip(values, ends) {
                if case .null = value {
                    pointers.append(nil)
                } else {
                    pointers.append(buffer.baseAddress?.advanced(by: start).assumingMemoryBound(to: CChar.self))
                }
                lengths.append(Int32(end - start))
                start = end
            }
            return cpq_send_prepared(handle, name, Int32(values.count), pointers, lengths, formats)
        }
        try require(isSent)
    }

    private static func type(of kind: SQLValue.Kind) -> UInt32 {
        switch kind {
        case .int: 20
        case .text: 25
        case .bytes: 17
        }
    }

    // MARK: Receiving

    /// The next result, nil at the end of one statement's.
    func result() throws(PostgresFailure) -> PostgresResult? {
        let began = PostgresDatabase.now()
        while cpq_is_busy(handle) {
            let pending = cpq_flush(handle)
            try require(pending >= 0)
            let now = PostgresDatabase.now()
            let deadline = ending.deadline(began, patience, grace: grace)
            guard now < deadline else {
                isSilent = true
                throw lost("no answer within \(TimeSpan(milliseconds: Int64(clamping: (now - began) / 1_000_000)).brief)")
            }
            var events = pollfd(
                fd: cpq_socket(handle), events: Int16(pending > 0 ? POLLIN | POLLOUT : POLLIN), revents: 0)
            let ready = poll(&events, 1, Int32(clamping: min((deadline - now) / 1_000_000 + 1, PostgresEnding.look)))
            if ready > 0 { try require(cpq_consume(handle)) }
        }
        guard let result = cpq_result(handle) else {
            try require(cpq_is_ok(handle))
            return nil
        }
        return PostgresResult(result)
    }

    private func require(_ isDone: Bool) throws(PostgresFailure) {
        guard isDone, cpq_is_ok(handle) else {
            throw lost(cpq_error(handle).map { PostgresConnection.line(String(cString: $0)) } ?? "the connection is gone")
        }
    }

    func lost(_ text: String) -> PostgresFailure {
        isLost = true
        return PostgresFailure(state: "", text: text, isLost: true)
    }

    // MARK: Words

    /// What libpq says in several lines, as one: a stranger's text.
    static func line(_ text: String) -> String {
        Shown.line(text.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " || $0 == "\t" } }.joined(separator: "; "))
    }

    /// Texts as C wants them: pointers that end with nil, good for the time of a call.
    private static func withStrings<R>(_ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> R) -> R {
        let copies = texts.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return (copies.map { UnsafePointer($0) } + [nil]).withUnsafeBufferPointer { buffer in
            // It holds the nil at least.
            body(buffer.baseAddress!)
        }
    }
}

/// The answer to one statement.
final class PostgresResult {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { cpq_clear(handle) }

    enum Kind { case done, rows, sync, skipped, failed }

    var kind: Kind {
        switch cpq_status(handle) {
        case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: .done
        case PGRES_TUPLES_OK: .rows
        case PGRES_PIPELINE_SYNC: .sync
        case PGRES_PIPELINE_ABORTED: .skipped
        default: .failed
        }
    }

    var failure: PostgresFailure {
        let state = cpq_state(handle).map { String(cString: $0) } ?? ""
        // What a class 22 complains of is a value, which it shows.
        let text = state.hasPrefix("22") ? "a value is not of its column's type" : cpq_message(handle).map { String(cString: $0) } ?? ""
        return PostgresFailure(state: state, text: PostgresConnection.line(text), isLost: state.hasPrefix("08") || state.hasPrefix("57P"))
    }

    var rowCount: Int32 { cpq_rows(handle) }
    var changedCount: Int { cpq_changed(handle).flatMap { Int(String(cString: $0)) } ?? 0 }

    func isNull(_ row: Int32, _ column: Int32) -> Bool { cpq_is_null(handle, row, column) }

    func int(_ row: Int32, _ column: Int32) -> Int64 {
        let bytes = raw(row, column)
        guard let first = bytes.first else { return 0 }
        // Two, four or eight bytes, the most significant first, or one of a truth value.
        return bytes.dropFirst().reduce(Int64(Int8(bitPattern: first))) { $0 << 8 | Int64($1) }
    }

    /// Of a text as it was before it was stored.
    func bytes(_ row: Int32, _ column: Int32) -> [UInt8] {
        let bytes = Array(raw(row, column))
        return cpq_type(handle, column) == 17 ? bytes : PostgresText.kept(bytes)
    }

    private func raw(_ row: Int32, _ column: Int32) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: cpq_value(handle, row, column), count: Int(cpq_length(handle, row, column)))
    }
}

/// Texts of PostgreSQL hold every letter but U+0000. It is written as two others, the first of which stands for nothing
/// (U+FDD0); that one is written as two as well, so that what comes back is what was kept, byte by byte.
enum PostgresText {
    private static let mark: [UInt8] = [0xEF, 0xB7, 0x90]

    static func stored(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard bytes.contains(0) || bytes.contains(0xEF) else { return bytes }
        var out: [UInt8] = []
        var rest = bytes[...]
        while let byte = rest.first {
            if byte == 0 {
                out += mark + [UInt8(ascii: "0")]
                rest.removeFirst()
            } else if byte == mark[0], rest.starts(with: mark) {
                out += mark + [UInt8(ascii: "d")]
                rest.removeFirst(3)
            } else {
                out.append(byte)
                rest.removeFirst()
            }
        }
        return out
    }

    static func kept(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(0xEF) else { return bytes }
        var out: [UInt8] = []
        var rest = bytes[...]
        while let byte = rest.first {
            if byte == mark[0], rest.count > 3, rest.starts(with: mark) {
                out += rest[rest.startIndex + 3] == UInt8(ascii: "0") ? [0] : mark
                rest.removeFirst(4)
            } else {
                out.append(byte)
                rest.removeFirst()
            }
        }
        return out
    }
}
