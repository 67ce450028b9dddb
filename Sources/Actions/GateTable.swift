import Model

/// What runs of a runtime's apps, as its last poll showed it.
public struct OpenRuns: Hashable, Sendable {
    /// One app's.
    public struct App: Hashable, Sendable {
        /// Runs that really run: neither stalled ones nor ghosts. Nil when that is not known.
        public var active: Int?
        /// Where that is not known since figures contradict each other: so many run at the least.
        public var least: Int?
        /// How many starts of the app were ever seen, if that is known: what it grew by has shown up.
        public var starts: Int64?
        /// The chats that have not ended, by the hashes of their ids; nil when that is not known.
        public var chats: Set<StableHash>?
        /// Those of them that may be in `active`, where that is worked out from figures: what the gate saw of their websockets
        /// then goes before it. Nil where the runtime itself tells what runs, and where it is not known.
        public var standing: Set<StableHash>?

        public init(
            active: Int?, least: Int? = nil, starts: Int64? = nil, chats: Set<StableHash>? = [], standing: Set<StableHash>? = nil
        ) {
            self.active = active
            self.least = least
            self.starts = starts
            self.chats = chats
            self.standing = standing
        }
    }

    /// When that poll was sent. A start allowed later may be in the count already; it is counted again until the next
    /// poll, so that a limit is never exceeded.
    public let at: Timestamp
    /// Apps of which nothing runs may be left out.
    public let apps: [AppID: App]

    public init(at: Timestamp, apps: [AppID: App]) {
        self.at = at
        self.apps = apps
    }

    /// Counts only, and no chats.
    public init(at: Timestamp, byApp: [AppID: Int]) {
        self.init(at: at, apps: byApp.mapValues { App(active: $0) })
    }
}

/// What the gate enforces until it gets the next table: leases in force and the counts they need. Immutable, and
/// deciding is a pure function of it, the clock and the starts allowed before.
public struct GateTable: Sendable {
    /// What stands against one app.
    struct Restraints: Sendable {
        struct Restraint: Sendable {
            let lease: String
            let effect: Effect
            let createdAt: Timestamp
            let expiresAt: Timestamp
        }

        var all: [Restraint] = []
        var running = OpenRuns.App(active: 0)
        var limitsStarts: Bool { all.contains { $0.effect.limits != nil } }
    }

    struct Runtime: Sendable {
        var apps: [AppID: Restraints] = [:]
        var openRunsAt: Timestamp?
        /// Whether it is one process: what that counts itself is all that runs.
        var isSingle = false
    }

    var runtimes: [String: Runtime] = [:]
    /// Counts of open runs older than this are not enforced by.
    let staleAfter: TimeSpan
    /// After so long without a word of the monitor nothing is enforced any more; nil: whatever it takes.
    public let unattendedAfter: TimeSpan?
    /// After how long a sender that met the limit of open runs is asked to come again: about one poll.
    let pollInterval: TimeSpan
    let texts: GateTexts

    /// - Parameters:
    ///   - runtimes: all watched runtimes; a request about any other is let through and counted.
    ///   - leases: leases of any state; those that are neither intended nor in force, and shadows, are left out.
    ///   - openRuns: by runtime. A runtime whose open runs are not known is left out.
    ///   - single: those of them that are one process.
    public init(
        runtimes: [String], leases: [Lease] = [], openRuns: [String: OpenRuns] = [:], single: Set<String> = [],
        staleAfter: TimeSpan = .minutes(2), unattendedAfter: TimeSpan? = nil, pollInterval: TimeSpan = .seconds(10),
        texts: GateTexts = GateTexts()
    ) {
        self.staleAfter = staleAfter
        self.unattendedAfter = unattendedAfter
        self.pollInterval = pollInterval
        self.texts = texts
        for name in runtimes {
            self.runtimes[name] = Runtime(openRunsAt: openRuns[name]?.at, isSingle: single.contains(name))
        }
        for lease in leases where lease.isWanted {
            // One tenant, however its id is spelt in the figures.
            let (name, app) = (lease.key.runtime, lease.key.app.stored)
            // A runtime that is no longer watched: listed here, it would make "the only one" two, and open the gate to all.
            guard var runtime = self.runtimes[name] else { continue }
            var restraints = runtime.apps[app] ?? Restraints()
            restraints.all.append(
                .init(
                    lease: lease.id, effect: lease.effect, createdAt: lease.createdAt, expiresAt: lease.expiresAt))
            if let running = openRuns[name]?.apps[lease.key.app] { restraints.running = running }
            runtime.apps[app] = restraints
            self.runtimes[name] = runtime
        }
    }

    /// The runtimes that are watched.
    public var runtimeNames: some Collection<String> { runtimes.keys }

    /// The runtime a proxy means: the one it names, or the only one there is.
    public func runtime(named name: String?) -> String? {
        if let name { return runtimes[name] == nil ? nil : name }
        return runtimes.count == 1 ? runtimes.first?.key : nil
    }

    /// How far back the starts of an app must be known to decide about the next one.
    public var memory: TimeSpan { max(.minutes(1), staleAfter) }

    /// The apps whose starts must be remembered one by one.
    public func limitedApps() -> [(runtime: String, app: AppID)] {
        runtimes.flatMap { name, runtime in
            runtime.apps.filter(\.value.limitsStarts).map { (runtime: name, app: $0.key) }
        }
    }

    /// The apps' runs that really ran at the last poll, their starts seen by then, and when it was sent: nil where it is not known.
    public func figures(runtime: String, app: AppID) -> (at: Timestamp, starts: Int64?)? {
        guard let known = runtimes[runtime], let at = known.openRunsAt, let restraints = known.apps[app] else { return nil }
        return (at, restraints.running.starts)
    }

    /// The chats of an app that may be among those that ran at the last poll; see ``OpenRuns/App/standing``.
    public func standing(runtime: String, app: AppID) -> Set<StableHash>? { runtimes[runtime]?.apps[app]?.running.standing }

    /// Whether anything stands against an app.
    public func restrains(runtime: String, app: AppID) -> Bool { runtimes[runtime]?.apps[app] != nil }

    /// Whether a chat of an app under a lease ran on at the last poll. What runs goes on, however old the poll is: a chat that
    /// has ended since costs one start, one that was cut off a person's work.
    public func runs(runtime: String, app: AppID, chat: StableHash) -> Bool {
        runtimes[runtime]?.apps[app]?.running.chats?.contains(chat) ?? false
    }

    /// A start is surely in the runtime's figures when they were asked for so much later: it goes through the proxy first.
    public static let settling = TimeSpan.seconds(5)

    /// Decides about one start.
    ///
    /// Of several leases that refuse, the one that refuses longest answers. A lease that cannot be enforced does not
    /// stop the others from refusing.
    /// - Parameters:
    ///   - runtime: one that ``runtime(named:)`` returned.
    ///   - pack: nil when the request does not say.
    ///   - isInChat: the request is about one chat, which is not known to run: a new one, one that ended, or, where the last
    ///     poll cannot know it yet, one that runs. With such a doubt it is let through.
    ///   - starts: the app's allowed starts of the last ``memory``; empty when none were remembered.
    ///   - elsewhere: starts that other monitors' gates let in of the app.
    ///   - pending: how many of them are not in the runtime's figures yet; nil counts those since the last poll.
    ///   - most: at most so many of the runs that ran at the last poll can be running, by what the gate saw; nil: it does not know.
    ///   - answering: since when the gate answers: what began while it did not was let in, and is remembered by nobody.
    ///   - running: how many runs of the app hold a place right now, where whoever asks knows that: of a runtime that is one process
    ///     it goes before all figures, which are as old as the last poll.
    public func decide(
        runtime: String, app: AppID, pack: PackID?, isInChat: Bool = false, now: Timestamp, starts: StartWindow,
        elsewhere: StartWindow = StartWindow(), pending: Int? = nil, most: Int? = nil, answering: Timestamp? = nil,
        running told: Int? = nil
    ) -> GateDecision {
        guard let known = runtimes[runtime] else { return .allow(.failedOpen(.unknownRuntime)) }
        guard let restraints = known.apps[app] else { return .allow(.free) }
        var refusal: GateRefusal?
        var doubt: GateDoubt?
        var concerned = false
        for restraint in restraints.all {
            if let disabled = restraint.effect.pack {
                guard let pack else {
                    doubt = doubt ?? .workflowUnknown
                    continue
                }
                if disabled != pack { continue }
            }
            concerned = true
            guard now < restraint.expiresAt else {
                doubt = doubt ?? .expiredLease
                continue
            }
            var running = restraints.running
            if let most {
                running.active = running.active.map { min($0, most) }
                running.least = running.least.map { min($0, most) }
            }
            for outcome in outcomes(
                restraint, running, at: known.openRunsAt, now: now, starts: starts, elsewhere: elsewhere, pending: pending,
                told: known.isSingle ? told : nil)
            {
                switch outcome {
                case .doubt(let reason): doubt = doubt ?? reason
                case .refuse(let cause, let wait):
                    if isInChat, let reason = chatDoubt(restraint, restraints.running, at: known.openRunsAt, now: now, answering) {
                        doubt = doubt ?? reason
                        continue
                    }
                    let seconds = min(max(1, (wait.milliseconds + 999) / 1_000), 3_600)
                    guard seconds > refusal?.retryAfterSeconds ?? 0 else { continue }
                    refusal = GateRefusal(
                        lease: restraint.lease, kind: restraint.effect.kind, cause: cause,
                        retryAfterSeconds: Int(seconds), text: texts.text(cause, retryAfterSeconds: Int(seconds)))
                }
            }
        }
        if let refusal { return .refuse(refusal) }
        if let doubt { return .allow(.failedOpen(doubt)) }
        return .allow(concerned ? .withinLimits : .free)
    }

    private enum Outcome {
        case refuse(GateRefusal.Cause, wait: TimeSpan)
        case doubt(GateDoubt)
    }

    /// Why a chat that the figures do not show as open may run all the same.
    private func chatDoubt(
        _ restraint: Restraints.Restraint, _ running: OpenRuns.App, at polled: Timestamp?, now: Timestamp, _ answering: Timestamp?
    ) -> GateDoubt? {
        guard let polled, running.chats != nil else { return .openRunsUnknown }
        if now - polled > staleAfter { return .openRunsStale }
        // It may have begun between that poll and the lease, rightly; or while nobody was there to be asked.
        let known = max(restraint.createdAt, answering ?? restraint.createdAt)
        return polled < known + Self.settling ? .figuresBeforeLease : nil
    }

    private func outcomes(
        _ restraint: Restraints.Restraint, _ running: OpenRuns.App, at polled: Timestamp?, now: Timestamp, starts: StartWindow,
        elsewhere: StartWindow, pending: Int?, told: Int?
    ) -> [Outcome] {
        let untilExpiry = restraint.expiresAt - now
        switch restraint.effect {
        case .pause: return [.refuse(.paused, wait: untilExpiry)]
        case .disablePack: return [.refuse(.packDisabled, wait: untilExpiry)]
        case .throttle(let limits):
            var outcomes: [Outcome] = []
            if let limit = limits.requestsPerMinute.map({ max(1, $0) }),
                starts.count(after: now - .minutes(1)) + elsewhere.count(after: now - .minutes(1)) >= limit
            {
                // There is room again when the start that is `limit` starts ago leaves the window.
                let leaves = starts.moment(latest: limit - 1, with: elsewhere).map { $0 + .minutes(1) - now } ?? .minutes(1)
                outcomes.append(.refuse(.startsPerMinute(limit: limit), wait: min(leaves, untilExpiry)))
            }
            if let limit = limits.concurrentWorkflows.map({ max(1, $0) }) {
                if let told {
                    if told >= limit {
                        outcomes.append(.refuse(.openRuns(limit: limit, open: told), wait: min(pollInterval, untilExpiry)))
                    }
                } else if let polled, let active = running.active ?? running.least {
                    let open = active + (pending ?? starts.count(after: polled)) + elsewhere.count(after: polled)
                    if now - polled > staleAfter {
                        outcomes.append(.doubt(.openRunsStale))
                    } else if open >= limit {
                        outcomes.append(
                            .refuse(.openRuns(limit: limit, open: open), wait: min(pollInterval, untilExpiry)))
                    } else if running.active == nil {
                        outcomes.append(.doubt(.openRunsUnknown))
                    }
                } else {
                    outcomes.append(.doubt(.openRunsUnknown))
                }
            }
            return outcomes
        }
    }
}
