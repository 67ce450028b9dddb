import Model

/// One chat as a runtime process tracks it.
struct SimulatedChat: Sendable {
    let chatID: [UInt8]
    let app: AppID
    let workflow: [UInt8]
    let user: [UInt8]
    let startedAt: Instant
    private(set) var endedAt: Instant?
    /// The websocket is gone: no progress, and no end.
    var isGhost = false
    var turns: Int64 = 0
    var toolCalls: Int64 = 0
    var errors: Int64 = 0
    var promptTokens: Int64 = 0
    var completionTokens: Int64 = 0
    /// USD; sums carry binary noise, as the runtime's do.
    var cost = 0.0
    /// Seconds; nil before the first turn that was counted.
    var lastTurnSeconds: Double?
    /// The members that no longer change, already written: bodies repeat every chat on every poll.
    private(set) var written: [UInt8]

    init(chatID: [UInt8], app: AppID, workflow: [UInt8], user: [UInt8], startedAt: Instant) {
        self.chatID = chatID
        self.app = app
        self.workflow = workflow
        self.user = user
        self.startedAt = startedAt
        written = []
        written.reserveCapacity(240)
        func put(_ text: StaticString) {
            written += UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        }
        put("{\"chat_id\":")
        PythonText.append(quoted: chatID, to: &written)
        put(",\"app_id\":")
        PythonText.append(quoted: app.bytes, to: &written)
        put(",\"workflow_name\":")
        PythonText.append(quoted: workflow, to: &written)
        put(",\"user_id\":")
        PythonText.append(quoted: user, to: &written)
        put(",\"started_at\":\"")
        PythonText.append(startedAt, to: &written)
        put("\",\"ended_at\":")
    }

    /// Ends the chat; a second end changes nothing.
    mutating func end(at instant: Instant) {
        guard endedAt == nil else { return }
        endedAt = instant
        written.append(0x22)
        PythonText.append(instant, to: &written)
        written += "\",\"runtime_sec\":".utf8
        PythonText.appendSeconds(microseconds: instant - startedAt, to: &written)
    }

    /// Appends the chat as `/metrics/perf/chats/{chat_id}` shows it.
    func write(at now: Instant, to out: inout [UInt8]) {
        func put(_ text: StaticString) {
            out += UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        }
        out += written
        if endedAt == nil {
            put("null,\"runtime_sec\":")
            PythonText.appendSeconds(microseconds: max(0, now - startedAt), to: &out)
        }
        put(",\"agent_turns\":")
        PythonText.append(turns, to: &out)
        put(",\"tool_calls\":")
        PythonText.append(toolCalls, to: &out)
        put(",\"errors\":")
        PythonText.append(errors, to: &out)
        put(",\"last_turn_duration_sec\":")
        if let lastTurnSeconds { PythonText.append(lastTurnSeconds, to: &out) } else { put("null") }
        put(",\"prompt_tokens\":")
        PythonText.append(promptTokens, to: &out)
        put(",\"completion_tokens\":")
        PythonText.append(completionTokens, to: &out)
        put(",\"cost\":")
        PythonText.append(cost, to: &out)
        out.append(0x7D)
    }
}
