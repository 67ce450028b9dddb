import Model

/// One chat against what the table remembers of it.
extension PerfPass {
    /// Whether a chat that is seen for the first time counts from zero.
    func isFresh(_ chat: PerfChat, _ identity: inout ProcessIdentity) -> Bool {
        let started = chat.present.contains(.startedAt) ? chat.startedAt : nil
        let returned = identity.observe(returned: .init(key: chat.key, startedAt: started ?? 0), at: at)
        guard previousAt != nil, !returned, !identity.isSeveral(asOf: at) else { return false }
        if sawRestart { return true }
        guard let started else { return false }
        return started >= previousClock ?? newestStart ?? .min
    }

    mutating func first(_ chat: PerfChat, slot: Int, isFresh: Bool) -> ChatRecord {
        var record = ChatRecord(key: chat.key)
        record.quietSince = at
        record.app = UInt32(truncatingIfNeeded: slot)
        record.seenAfter = UInt32(clamping: (previousAt ?? 0) / 1_000)
        if chat.present.contains(.startedAt) {
            record.startedAt = chat.startedAt
            record.flags.insert(.started)
        }
        if isFresh { record.flags.insert(.fresh) }
        var step = take(chat, &record)
        if chat.isOpen { record.flags.insert(.open) }
        if isFresh {
            // The start that another replica answered is this one.
            step.starts = others.isEmpty || !others.knows(chat.key) ? 1 : 0
            if chat.hasEnded { step.ends = 1 }
            if step.isProgress { noteProgress(&record) }
        }
        count(step, chat, slot, record)
        return record
    }

    mutating func again(_ chat: PerfChat, slot: Int, _ record: inout ChatRecord) {
        var step = take(chat, &record)
        record.app = UInt32(truncatingIfNeeded: slot)
        if chat.present.contains(.startedAt) {
            record.startedAt = chat.startedAt
            record.flags.insert(.started)
        }
        if step.isProgress {
            record.quietSince = at
            noteProgress(&record)
        }
        let wasOpen = record.flags.contains(.open)
        if wasOpen, chat.hasEnded {
            step.ends = 1
            record.flags.remove(.open)
            if record.flags.contains(.ghost) {
                record.flags.remove(.ghost)
                mistakes += 1
            } else if record.flags.contains(.started) {
                endedBegan.append(record.startedAt)
            }
        } else if !wasOpen, chat.isOpen {
            step.starts = 1
            record.flags.insert(.open)
        }
        count(step, chat, slot, record)
    }

    private mutating func noteProgress(_ record: inout ChatRecord) {
        if record.flags.contains(.ghost) {
            record.flags.remove(.ghost)
            mistakes += 1
        }
        guard record.flags.insert(.progressed).inserted, record.flags.isSuperset(of: [.fresh, .started]) else { return }
        firstProgress.append(record.startedAt)
    }

    /// What the counters of a chat grew by since last shown; they then stand as shown.
    private func take(_ chat: PerfChat, _ record: inout ChatRecord) -> AppTotals {
        let isFresh = record.flags.contains(.fresh)
        func step(
            _ field: PerfChat.Fields, _ shown: Int64, _ flag: ChatRecord.Flags, _ last: inout UInt32,
            _ flags: inout ChatRecord.Flags
        ) -> Int64 {
            guard chat.present.contains(field) else { return 0 }
            let now = Clamp.counter(shown)
            defer { last = now }
            guard flags.contains(flag) || isFresh else {
                flags.insert(flag)
                return 0
            }
            flags.insert(flag)
            return Int64(now >= last ? now - last : now)
        }
        var grown = AppTotals()
        var flags = record.flags
        grown.turns = step(.agentTurns, chat.agentTurns, .turns, &record.turns, &flags)
        grown.tools = step(.toolCalls, chat.toolCalls, .tools, &record.tools, &flags)
        grown.errors = step(.errors, chat.errors, .errors, &record.errors, &flags)
        grown.prompt = step(.promptTokens, chat.promptTokens, .prompt, &record.prompt, &flags)
        grown.completion = step(.completionTokens, chat.completionTokens, .completion, &record.completion, &flags)
        if chat.present.contains(.cost) {
            let now = Clamp.cost(chat.cost)
            if flags.contains(.cost) || isFresh {
                // Binary noise in a sum of costs is no fall.
                let isNoise = now < record.cost && record.cost - now <= 1e-9 * max(1, record.cost)
                grown.cost = now >= record.cost ? now - record.cost : (isNoise ? 0 : now)
            }
            flags.insert(.cost)
            record.cost = now
        }
        record.flags = flags
        return grown
    }
}
