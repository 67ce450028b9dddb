import Ambient
import Cycle
import Journal
import Model
import Signals

extension Core {
    /// About how long what the journal shows of a runtime may be behind: each poll that changes nothing is not worth a write.
    static let sightInterval = TimeSpan.seconds(10)

    /// Writes down what a poll showed, for whoever looks from beside.
    func noteSight(_ summary: RuntimeSummary, at now: Timestamp, _ record: inout TickRecord) {
        let settings = pipeline.settings
        gateSince = gateSince ?? now
        let asked = pipeline.signals[summary.runtime]?.gateAskedAt
        // The policy may hold back what the configuration would let happen.
        let sight = RuntimeSight(
            summary: summary, polledAt: now, interval: settings.interval, mode: min(settings.mode, pipeline.policies.defaultPolicy.mode),
            modePlace: ModeWords.place(configured: settings.mode, policy: pipeline.policies.defaultPolicy),
            environment: settings.environment, isOfDaemon: instruments != nil,
            gate: gate == nil ? nil : .init(askedAt: asked, since: gateSince ?? now))
        warnOfUnaskedGate(summary.runtime, asked, at: now)
        let quality = sight.quality + (asked == nil ? ["unasked"] : [])
        // The next poll would be too late where it comes more than half an interval after that. Polls come some milliseconds early
        // or late: without the half each second one of every ten seconds would be left out.
        let half = TimeSpan(milliseconds: settings.interval.milliseconds / 2)
        if let last = sights[summary.runtime], last.quality == quality, now >= last.at, now - last.at < Core.sightInterval - half { return }
        sights[summary.runtime] = (now, quality)
        record.states.append(sight.row)
        guard let weights = pipeline.appWeights[summary.runtime], weights.at != weighed[summary.runtime] else { return }
        weighed[summary.runtime] = weights.at
        record.states.append(weights.row(summary.runtime))
    }

    /// Once: a lease at a gate that nobody has ever asked holds nobody.
    private func warnOfUnaskedGate(_ runtime: String, _ asked: Timestamp?, at now: Timestamp) {
        guard gate != nil, asked == nil, !warnedOfGate.contains(runtime) else { return }
        let leases = pipeline.guardState.leases.filter { lease in
            (published?.holds(lease.id) ?? false) && lease.key.runtime.isSame(as: runtime) && now - lease.createdAt >= .minutes(1)
        }
        guard let lease = leases.first else { return }
        warnedOfGate.insert(runtime)
        logger.warning(
            "a lease is in force at the gate, and neither a proxy nor the extension has asked the gate yet: nobody is held to it",
            [
                "lease": .text(lease.id), "app": .text("\(lease.key.app)"), "action": .text("\(lease.effect)"),
                "hint": "have the reverse proxy, or the runtime's extension, ask the gate about starts: docs/deploy/gate.md",
                "runtime": .text(runtime),
            ])
    }

    /// Forgets what was shown of runtimes that are watched no more; once, at the first cycle.
    func forgetSights(_ record: inout TickRecord) {
        guard !areSightsCleared else { return }
        areSightsCleared = true
        guard pipeline.settings.areAllRuntimes, let keys = try? journal?.stateKeys() else { return }
        for prefix in [RuntimeSight.prefix, AppWeights.prefix] {
            let known = Set(pipeline.settings.runtimes.map { prefix + $0.name })
            for key in keys where key.utf8.starts(with: prefix.utf8) && !known.contains(key) {
                record.states.append(StateRow(key: key, bytes: nil))
            }
        }
    }

    /// What an earlier process left under a name of its own choice; nil where nothing is, or it cannot be read.
    public func remembered(_ key: String) -> [UInt8]? { (try? journal?.state(key)) ?? nil }

    /// Keeps it. False when that failed.
    public func remember(_ key: String, _ bytes: [UInt8]) -> Bool {
        var record = TickRecord()
        record.states.append(StateRow(key: key, bytes: bytes))
        unsaved.append(record)
        return flush()
    }

    /// What a tape that begins now has to hold of what went before; nil when nothing did.
    public var tapeState: JSON? { pipeline.tapeState }
}
