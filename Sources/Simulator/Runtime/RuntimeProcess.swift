import Model

/// What one process of the runtime keeps in memory, and the bodies it answers with. Nothing is ever evicted.
struct RuntimeProcess: Sendable {
    /// When the event counters were made: `data.created`, the restart marker.
    let created: Instant
    /// In the order in which they were first seen.
    private(set) var chats: [SimulatedChat] = []
    /// Chats without an end.
    private(set) var openCount = 0
    /// Open chats whose client is connected.
    private(set) var websockets = 0
    /// `chat.usage_delta`: LLM calls.
    private(set) var usageDeltas: Int64 = 0
    private(set) var completions: Int64 = 0
    private var eventsProcessed: Int64 = 1
    /// What its page of metrics counts, shown or not.
    var page = SimulatedPage()
    /// A value got in that has no JSON form.
    var isPoisoned = false

    init(created: Instant) {
        self.created = created
    }

    /// Tracks a new chat and returns its index.
    mutating func start(_ chat: SimulatedChat, connected: Bool) -> Int {
        chats.append(chat)
        openCount += 1
        if connected { websockets += 1 }
        return chats.count - 1
    }

    /// Tracks a chat that ended before.
    mutating func adopt(_ chat: SimulatedChat) { chats.append(chat) }

    mutating func reserve(_ count: Int) { chats.reserveCapacity(count) }

    /// Whatever a turn did to a chat's counters.
    mutating func progress(_ index: Int, llmCalls: Int64, _ change: (inout SimulatedChat) -> Void) {
        change(&chats[index])
        usageDeltas += llmCalls
        eventsProcessed += llmCalls
    }

    /// The client's websocket drops; the chat stays open.
    mutating func disconnect(_ index: Int) {
        guard chats[index].endedAt == nil, !chats[index].isGhost else { return }
        chats[index].isGhost = true
        websockets -= 1
    }

    mutating func end(_ index: Int, at now: Instant) {
        guard chats[index].endedAt == nil else { return }
        chats[index].end(at: now)
        openCount -= 1
        if !chats[index].isGhost { websockets -= 1 }
        completions += 1
        eventsProcessed += 1
    }
}

// MARK: - Bodies

extension RuntimeProcess {
    /// `/metrics/perf/aggregate`.
    func aggregate(at now: Instant) -> [UInt8] {
        var turns: Int64 = 0
        var tools: Int64 = 0
        var errors: Int64 = 0
        var prompt: Int64 = 0
        var completion: Int64 = 0
        var cost = 0.0
        for chat in chats {
            turns += chat.turns
            tools += chat.toolCalls
            errors += chat.errors
            prompt += chat.promptTokens
            completion += chat.completionTokens
            cost += chat.cost
        }
        var out: [UInt8] = []
        out.reserveCapacity(200 + chats.count * 420)
        let totals: [(StaticString, Int64)] = [
            ("{\"active_chats\":", Int64(openCount)), (",\"tracked_chats\":", Int64(chats.count)),
            (",\"total_agent_turns\":", turns), (",\"total_tool_calls\":", tools), (",\"total_errors\":", errors),
            (",\"total_prompt_tokens\":", prompt), (",\"total_completion_tokens\":", completion),
        ]
        for (key, value) in totals {
            out += UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
            PythonText.append(value, to: &out)
        }
        out += ",\"total_cost\":".utf8
        // Python's sum() over nothing is the integer 0.
        if chats.isEmpty { out.append(48) } else { PythonText.append(cost, to: &out) }
        out += ",\"chats\":".utf8
        writeChats(at: now, to: &out)
        out.append(0x7D)
        return out
    }

    /// `/metrics/perf/chats`.
    func chatList(at now: Instant) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(2 + chats.count * 420)
        writeChats(at: now, to: &out)
        return out
    }

    /// `/metrics/perf/chats/{chat_id}`; nil when there is no such chat.
    func chat(_ chatID: [UInt8], at now: Instant) -> [UInt8]? {
        guard let chat = chats.first(where: { $0.chatID == chatID }) else { return nil }
        var out: [UInt8] = []
        chat.write(at: now, to: &out)
        return out
    }

    private func writeChats(at now: Instant, to out: inout [UInt8]) {
        out.append(0x5B)
        for index in chats.indices {
            if index > 0 { out.append(0x2C) }
            chats[index].write(at: now, to: &out)
        }
        out.append(0x5D)
    }

    /// `/api/health` of a healthy process. `ping` in milliseconds, rounded to two decimals as the runtime does.
    /// - Parameter idle: websockets that nothing runs behind: people who left a chat open.
    func health(pingMilliseconds ping: Double, idle: Int) -> [UInt8] {
        let connections = JSON.int(Int64(websockets + idle))
        return PythonText.json([
            "status": "healthy", "mongodb": "connected", "mongodb_ping_ms": .double(Self.hundredths(ping)),
            "simple_transport": "initialized",
            "active_connections": ["websocket_connections": connections, "total_connections": connections],
            "workflows": [], "transport_groups": [:], "tools_available": false, "total_tools": 0,
            "health_check_time_ms": .double(Self.hundredths(ping + 0.02)),
        ])
    }

    /// `/metrics`.
    func metrics(at now: Instant, idle: Int) -> [UInt8] {
        page.text(
            connections: websockets + idle, chats: chats.count, created: created,
            age: Double(now.microseconds - created.microseconds) / 1_000_000)
    }

    /// `/health/active-runs`: today's constant stub, or real counts.
    func activeRuns(tracked: Bool) -> [UInt8] {
        guard tracked else {
            return PythonText.json([
                "active_count": 0, "total_runs": 0, "runs": [], "note": "Registry tracking disabled for simplicity",
            ])
        }
        let runs = chats.lazy.filter { $0.endedAt == nil }.map { chat -> JSON in
            [
                "chat_id": .string(String(decoding: chat.chatID, as: UTF8.self)), "app_id": .string(chat.app.text),
                "workflow_name": .string(String(decoding: chat.workflow, as: UTF8.self)), "status": "running",
            ]
        }
        return PythonText.json([
            "active_count": .int(Int64(openCount)), "total_runs": .int(Int64(chats.count)), "runs": .array(Array(runs)),
        ])
    }

    /// `/api/events/metrics`. The map of custom events appears with the first of them.
    func events(at now: Instant) -> [UInt8] {
        func text(_ instant: Instant) -> JSON {
            var out: [UInt8] = []
            PythonText.append(instant, to: &out)
            return .string(String(decoding: out, as: UTF8.self))
        }
        var data: JSONObject = [
            "events_processed": .int(eventsProcessed), "events_failed": 0,
            "events_by_category": ["business": .int(eventsProcessed), "ui_tool": 0], "created": text(created),
        ]
        if usageDeltas + completions > 0 {
            var byType = JSONObject()
            if usageDeltas > 0 { byType.append("chat.usage_delta", .int(usageDeltas)) }
            if completions > 0 { byType.append("chat.run_complete", .int(completions)) }
            data.append("custom_events_emitted", .int(usageDeltas + completions))
            data.append("custom_events_by_type", .object(byType))
        }
        data.append("handler_count", 2)
        data.append("timestamp", text(now))
        let later = Instant(microseconds: now.microseconds + 9)
        return PythonText.json(["status": "success", "data": .object(data), "timestamp": text(later)])
    }

    private static func hundredths(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
