import Model

// What happens in one run, from its start to its end.
extension SimulatedRuntime {
    /// Tracks a new run of that app and lets it live; returns the index of its chat.
    mutating func startRun(app: AppID, workflow: [UInt8], user: [UInt8], replica: Int) -> Int {
        let tenant = scenario.tenants.first { $0.app == app }
        let load = tenant?.load(at: offset) ?? Load(startsPerMinute: 0)
        var own = SplitMix64(seed: freshSeed())
        let chat = SimulatedChat(
            chatID: own.uuid(), app: app, workflow: workflow, user: user, startedAt: instant)
        let isLost = scenario.failedStartsStay && isMongoDead(replica: replica)
        let index = processes[replica].start(chat, connected: !isLost)
        let run = Run(replica: replica, generation: generations[replica], chat: index)
        tally.apps[app, default: .init()].accepted += 1
        if isLost {
            // Counted before MongoDB was asked, and never heard of again.
        } else if holds(.providerCached, replica: replica) {
            schedule(.end(run), inSeconds: own.uniform(2.2...6))
        } else if holds(.providerDown, replica: replica) {
            processes[replica].page.countFailedWorkflow()
            schedule(.end(run), inSeconds: own.uniform(0.6...2.5))
        } else if own.chance(load.ghostShare) {
            schedule(.drop(run), inSeconds: own.uniform(load.turnSeconds))
        } else {
            let turn = own.uniform(load.turnSeconds)
            schedule(.turn(run), inSeconds: turn)
            schedule(.end(run), inSeconds: max(turn + 0.05, own.uniform(load.runSeconds)))
        }
        behaviours[replica].append(Behaviour(random: own, load: load))
        return index
    }

    mutating func turn(_ run: Run) {
        guard isAlive(run), processes[run.replica].chats[run.chat].endedAt == nil else { return }
        guard !holds(.providerDown, replica: run.replica) else {
            // The run's next call to the model fails, and the run with it.
            processes[run.replica].page.countFailedWorkflow()
            return schedule(.end(run), inSeconds: 0.4)
        }
        var own = behaviours[run.replica][run.chat].random
        // The share of errors and the size of turns follow what the tenant's clients do now, not at the start.
        let app = processes[run.replica].chats[run.chat].app
        let load = scenario.tenants.first { $0.app == app }?.load(at: offset) ?? behaviours[run.replica][run.chat].load
        let counters = scenario.counters
        let calls = Int64(own.integer(1...2))
        let modelCalls = holds(.providerCached, replica: run.replica) ? 0 : calls
        var seen = (seconds: 0.0, fails: false)
        processes[run.replica].progress(run.chat, llmCalls: modelCalls) { seen = Self.count(&$0, load, counters, &own) }
        processes[run.replica].page.count(
            turnSeconds: seen.seconds, modelCalls: modelCalls, mongoSeconds: mongoSeconds(replica: run.replica), fails: seen.fails)
        schedule(.turn(run), inSeconds: own.uniform(load.turnSeconds))
        behaviours[run.replica][run.chat].random = own
    }

    mutating func end(_ run: Run) {
        guard isAlive(run), processes[run.replica].chats[run.chat].endedAt == nil else { return }
        tally.apps[processes[run.replica].chats[run.chat].app, default: .init()].ended += 1
        processes[run.replica].end(run.chat, at: instant)
    }

    /// Counts one turn where the counters live. All numbers are drawn in any case, so that dead counters change nothing
    /// else of the story.
    @discardableResult
    static func count(
        _ chat: inout SimulatedChat, _ load: Load, _ counters: LiveCounters, _ random: inout SplitMix64
    ) -> (seconds: Double, fails: Bool) {
        let seconds = random.uniform(load.turnSeconds) * random.uniform(0.3...0.9)
        let tools =
            Int64(load.toolCallsPerTurn)
            + (random.chance(load.toolCallsPerTurn.truncatingRemainder(dividingBy: 1)) ? 1 : 0)
        let fails = random.chance(load.errorShare)
        let prompt = random.integer(load.promptTokens)
        let completion = Int(Double(prompt) * random.uniform(0.1...0.35))
        let cost = (random.uniform(load.cost) * 1e6).rounded() / 1e6
        if counters.contains(.turns) {
            chat.turns += 1
            chat.lastTurnSeconds = seconds
        }
        if counters.contains(.toolCalls) { chat.toolCalls += tools }
        if counters.contains(.errors), fails { chat.errors += 1 }
        if counters.contains(.tokens) {
            chat.promptTokens += Int64(prompt)
            chat.completionTokens += Int64(completion)
        }
        if counters.contains(.cost) { chat.cost += cost }
        return (seconds, fails)
    }

    // MARK: - Faults

    /// The faults that hold now for a replica, in the order in which they were added.
    func faultsNow(replica: Int) -> [Fault] {
        faults.lazy.filter { $0.holds(at: offset, replica: replica) }.map(\.fault)
    }

    private func isMongoDead(replica: Int) -> Bool {
        faultsNow(replica: replica).contains { if case .mongoDead = $0 { true } else { false } }
    }

    /// How long MongoDB takes to answer a run now, s.
    private func mongoSeconds(replica: Int) -> Double {
        let slow = faultsNow(replica: replica).compactMap { if case .mongoSlow(let ping) = $0 { ping } else { nil } }
        return slow.map { Double($0.milliseconds) / 1_000 }.max() ?? 0.0006
    }

    func holds(_ fault: Fault, replica: Int) -> Bool { faultsNow(replica: replica).contains(fault) }

    /// Whether nothing listens there, or nobody answers.
    public func isUnreachable(replica: Int) -> Bool {
        holds(.down, replica: replica) || holds(.hang, replica: replica)
    }

    /// Whether connections to a replica are refused now.
    public func isDown(replica: Int) -> Bool { holds(.down, replica: replica) }
}
