import CSimdJSON
import Glibc
import Model

/// Reads a perf body (`/metrics/perf/aggregate`, or the bare array of `/metrics/perf/chats`) in place.
///
/// The bytes are changed while they are read and are as before when the call returns. Besides the table it takes a few
/// times `chunk` of memory, whatever the size of the body.
public enum PerfDecoder {
    /// Bytes that are read at a time: about a fifth of a millisecond's work.
    static let chunk = 1 << 18

    public static func decode(_ body: Body) throws(MalformedBody) -> PerfTable {
        try decode(body, chunk: chunk)
    }

    /// What one answer may list. More is no runtime that a process of moderate memory could follow; of such an answer
    /// nothing is read, since a part would be taken for the whole. Real chats are about 300 bytes long, so that the
    /// default limit on bodies comes first.
    static let chatLimit = 1 << 19
    static let appLimit = 1 << 16

    static func decode(_ body: Body, chunk: Int) throws(MalformedBody) -> PerfTable {
        try body.storage.withBytes { (bytes) throws(MalformedBody) in try decode(bytes, chunk: chunk) }
    }

    private static func decode(_ bytes: UnsafeMutableRawBufferPointer, chunk: Int) throws(MalformedBody) -> PerfTable {
        guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), !bytes.isEmpty else {
            throw MalformedBody("an empty body")
        }
        guard let reader = csimdjson_perf_create(base, bytes.count, chunk) else { throw MalformedBody(noMemory) }
        defer { csimdjson_perf_destroy(reader) }
        var table = PerfTable()
        reading: while true {
            var chats: UnsafePointer<csimdjson_chat>?
            var count = 0
            let code = csimdjson_perf_next(reader, &chats, &count)
            switch code {
            case CSIMDJSON_OK:
                let chats = UnsafeBufferPointer(start: chats, count: count)
                guard table.chats.count + count <= chatLimit else { throw tooMany(chatLimit, "chats") }
                guard chats.allSatisfy({ $0.app < appLimit }) else { throw tooMany(appLimit, "apps") }
                append(chats, to: &table.chats, of: bytes.count, reader)
                // On a machine with one core the gate waits for the same one: a large body is read in turns with it,
                // instead of for as long as the kernel lets a busy thread run (4 ms at 250 Hz).
                sched_yield()
            case CSIMDJSON_DONE: break reading
            default: throw malformed(code, at: csimdjson_perf_finish(reader).error_offset)
            }
        }
        let summary = csimdjson_perf_finish(reader)
        table.apps = (0..<summary.apps).map { AppID(bytes: name($0, csimdjson_perf_app, reader)) }
        table.workflows = (0..<summary.workflows).map { name($0, csimdjson_perf_workflow, reader) }
        table.skippedChats = summary.skipped_chats
        table.malformedFields = summary.malformed_fields
        if summary.has_totals { table.totals = PerfTotals(summary) }
        return table
    }

    private static func append(
        _ chats: UnsafeBufferPointer<csimdjson_chat>, to table: inout ContiguousArray<PerfChat>, of total: Int,
        _ reader: OpaquePointer
    ) {
        if table.count + chats.count > table.capacity {
            // Chats of one body are about equally long: the first piece tells how many there will be, so that the table
            // neither doubles beyond its need nor is copied again and again.
            let read = max(csimdjson_perf_position(reader), 1)
            let expected = Double(table.count + chats.count) * (Double(total) / Double(read)) * 1.02
            table.reserveCapacity(max(min(Int(min(expected, 1e9)), chatLimit), table.count + chats.count))
        }
        for chat in chats { table.append(PerfChat(chat)) }
    }

    private static func name(
        _ index: Int,
        _ get: (OpaquePointer?, Int, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, UnsafeMutablePointer<Int>?) -> Void,
        _ reader: OpaquePointer
    ) -> [UInt8] {
        var start: UnsafePointer<UInt8>?
        var length = 0
        get(reader, index, &start, &length)
        return Array(UnsafeBufferPointer(start: start, count: length))
    }

    private static func tooMany(_ limit: Int, _ what: String) -> MalformedBody {
        MalformedBody("it lists more than \(limit) \(what), of which none are read")
    }

    private static let noMemory = "no memory left to read it"

    private static func malformed(_ code: csimdjson_code, at offset: Int) -> MalformedBody {
        let what =
            switch code {
            case CSIMDJSON_EMPTY: "an empty body"
            case CSIMDJSON_BAD_UTF8: "bytes that are not UTF-8"
            case CSIMDJSON_UNCLOSED_STRING: "a string that does not end"
            case CSIMDJSON_CONTROL_CHARACTER: "a control character inside a string"
            case CSIMDJSON_TOO_DEEP: "nested too deep"
            case CSIMDJSON_NO_CHATS: "JSON without an array of chats"
            case CSIMDJSON_NO_MEMORY: noMemory
            case CSIMDJSON_TOO_LARGE: "larger than 4 GB"
            case CSIMDJSON_TOO_LONG: "more than \(CSIMDJSON_LONGEST >> 20) MiB without an end in one chat, or beside the chats"
            default: "not JSON"
            }
        return MalformedBody("\(what), at or behind byte \(offset)")
    }
}

extension PerfChat {
    fileprivate init(_ chat: csimdjson_chat) {
        // The bits are the same on both sides: `PerfDecoderTests` checks each.
        self.init(
            key: StableHash(high: chat.key_high, low: chat.key_low), app: chat.app, user: chat.user,
            workflow: chat.workflow, startedAt: chat.started_at, endedAt: chat.ended_at,
            runtimeSeconds: chat.runtime_sec, lastTurnSeconds: chat.last_turn_sec, cost: chat.cost,
            agentTurns: chat.agent_turns, toolCalls: chat.tool_calls, errors: chat.errors,
            promptTokens: chat.prompt_tokens, completionTokens: chat.completion_tokens,
            present: Fields(rawValue: chat.present))
    }
}

extension PerfTotals {
    fileprivate init(_ summary: csimdjson_perf_summary) {
        let values = summary.totals
        func total(_ which: csimdjson_total, _ value: Int64) -> Int64? {
            summary.present >> which.rawValue & 1 == 1 ? value : nil
        }
        self.init(
            activeChats: total(CSIMDJSON_TOTAL_ACTIVE_CHATS, values.0),
            trackedChats: total(CSIMDJSON_TOTAL_TRACKED_CHATS, values.1),
            agentTurns: total(CSIMDJSON_TOTAL_AGENT_TURNS, values.2),
            toolCalls: total(CSIMDJSON_TOTAL_TOOL_CALLS, values.3),
            errors: total(CSIMDJSON_TOTAL_ERRORS, values.4),
            promptTokens: total(CSIMDJSON_TOTAL_PROMPT_TOKENS, values.5),
            completionTokens: total(CSIMDJSON_TOTAL_COMPLETION_TOKENS, values.6),
            cost: summary.present >> CSIMDJSON_TOTALS.rawValue & 1 == 1 ? summary.cost : nil)
    }
}

extension StableHash {
    /// The hash of an id's bytes, as `PerfTable` holds it.
    public init(of bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        var words: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &words) { words in
            csimdjson_stable_hash(bytes, bytes.count, words.bindMemory(to: UInt64.self).baseAddress)
        }
        self.init(high: words.1, low: words.0)
    }
}
