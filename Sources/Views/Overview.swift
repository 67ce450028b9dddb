import Cycle
import Engine
import Guard
import JSONParsing
import Journal
import Model
import Notify
import Policy
import Telling

/// How things stand by a journal, at one moment.
public struct Overview {
    public let now: Timestamp
    public let folder: StateFolder
    /// Who watches at this moment; nil: nobody does.
    public let holder: EngineHolder?
    /// Who would take over; of a folder nobody.
    public let standbys: [EngineHolder]
    /// Which of several monitors it is, what it watches and what others do; nil where it is the only one.
    public let shard: (own: Shard, watches: [String], elsewhere: [RuntimeElsewhere])?
    public let sights: [RuntimeSight]
    /// What the configuration names and nothing was ever seen of: it is being looked at for the first time, or no engine knows it.
    public let unseen: [WatchedRuntime]
    /// The weightiest first, then the oldest.
    public let open: [Incident]
    /// What may become an incident: true already, and not for long enough to tell anybody.
    public let begun: [Begun]
    public let shortIDs: [String: String]
    /// When an incident whose condition is not true any more is over at the earliest, by its id; nil where no rule says so.
    public let overFrom: [String: Timestamp]
    /// By incident: why nobody is told of it, or nothing is done.
    public let circumstances: [String: [String]]
    /// By id: of which nobody is told anew.
    public let heldBack: Set<String>
    public let leases: [Lease]
    /// By lease: whether anything was seen to hold the app to it.
    public let leaseSights: [String: LeaseSight]
    public let approvals: [Approval]
    public let silences: [Silence]
    /// Hours of maintenance that hold now.
    public let maintenance: [String]
    public let channels: [ChannelCounts]
    public let troubles: [ChannelTrouble]
    /// Whether the configuration was read and names no channel: then nobody is told of anything.
    public let isWithoutChannels: Bool
    /// What people asked for and no engine has taken yet.
    public let waiting: [CommandRow]
    /// What could not be read, or is not known without the configuration.
    public let notes: [String]
    public let zone: Zone
    public let maxAge: TimeSpan?
    private let standstills: [String]

    /// What the journal does not know and whoever looks may.
    public struct Surroundings: Sendable {
        /// Nil where the configuration cannot be read.
        public var environment: String?
        public var telling = TellingSettings()
        /// Names of the configured channels.
        public var channels: [String] = []
        /// Polls older than this tell nothing of now; nil: some intervals.
        public var maxAge: TimeSpan?
        /// Why what the journal shows is of before, a line each, where the engine says so itself.
        public var standstills: [String] = []
        /// What rules are judged with; nil: where a rule stands cannot be shown.
        public var settings: MonitorSettings?

        public init(
            environment: String? = nil, telling: TellingSettings = TellingSettings(), channels: [String] = [],
            maxAge: TimeSpan? = nil, settings: MonitorSettings? = nil
        ) {
            self.settings = settings
            self.environment = environment
            self.telling = telling
            self.channels = channels
            self.maxAge = maxAge
        }
    }

    /// Reads it all; what cannot be read is named in the notes.
    public init(_ folder: StateFolder, _ journal: Journal, _ surroundings: Surroundings, now: Timestamp)
        throws(JournalError)
    {
        self.now = now
        self.folder = folder
        maxAge = surroundings.maxAge
        standstills = surroundings.standstills
        let telling = surroundings.telling
        zone = telling.zone
        holder = journal.engineHolder
        standbys = ((try? journal.monitors()) ?? []).filter { !$0.isEngine && !$0.wasEngine && !$0.isSilent }.map(\.who)
        isStopped = journal.killSwitch
        var notes: [String] = []
        sights = try RuntimeSight.all(in: journal) { notes.append("what was seen of \($0) cannot be read") }
        // Whoever looks may not know what the engine was told.
        let names = sights.map(\.summary.runtime)
        unseen = (surroundings.settings?.runtimes ?? []).filter { one in !names.contains { $0.isSame(as: one.name) } }
        let kin = (try? journal.shard()) ?? nil
        if let own = surroundings.settings?.shard, let kin, Journal.fault(of: kin, for: own, in: folder) != nil {
            notes.append("this is the state of shard \(kin), and not of shard \(own): what is shown is what shard \(kin) saw")
        }
        shard = Overview.shard(surroundings, kept: kin, names)
        let kept = try? KeptDecisions(journal)
        if kept == nil { notes.append("what was decided cannot be read: silences are not shown") }
        begun = if let kept { Begun.all(kept.engine, sights, in: journal) } else { [] }
        let (incidents, damaged) = try Overview.openIncidents(in: journal)
        if damaged > 0 {
            notes.append("\(damaged) open incident\(damaged == 1 ? "" : "s") in the journal cannot be read")
        }
        open = Overview.weightiestFirst(incidents)
        shortIDs = ShortNames.of(open, in: journal)
        let endings = open.compactMap { incident in incident.quietSince.map { (incident, $0) } }
        let policies = endings.isEmpty ? nil : PolicySet.inForce(in: journal)
        overFrom = Dictionary(
            endings.compactMap { incident, quiet in
                policies?.rule(incident.rule, for: incident.subject).map { (incident.id, quiet + $0.clearAfter) }
            }
        ) { first, _ in first }
        let environment = surroundings.environment ?? sights.first?.environment ?? TellingSettings.production
        let moment = now
        circumstances = Dictionary(
            open.map { ($0.id, kept?.circumstances(of: $0, environment: environment, telling, now: moment) ?? []) }
        ) { first, _ in first }
        let (told, isHeld) = (circumstances, { kept?.isHeldBack($0, environment: environment, telling, now: moment) == true })
        heldBack = Set(open.filter { told[$0.id]?.isEmpty == false && isHeld($0) }.map(\.id))
        leases = try journal.leases(states: [.intended, .inForce, .reverting]).compactMap { row in
            (try? JSON(parsing: Array(row.document.utf8))).flatMap { try? Lease(document: $0) }
        }.filter { !$0.shadow }
        leaseSights = LeaseSight.of(leases, in: journal, known: incidents)
        let guardState = try? Pipeline.guardState(in: journal)
        if guardState == nil { notes.append("what the guard remembers cannot be read: approvals are not shown") }
        approvals = guardState?.waitingApprovals(at: now) ?? []
        silences = (kept?.telling.silences ?? []).filter { $0.isActive(moment) }
        maintenance = Overview.maintenance(telling, at: moment)
        troubles = try journal.channelTroubles()
        isWithoutChannels = surroundings.environment != nil && surroundings.channels.isEmpty
        channels = Overview.channels(try journal.channelCounts(), configured: surroundings.channels)
        waiting = try journal.waitingCommands()
        self.notes = notes
    }

    /// The part of many that is looked at: as the configuration has it, else as the journal does.
    private static func shard(_ surroundings: Surroundings, kept: Shard?, _ names: [String])
        -> (own: Shard, watches: [String], elsewhere: [RuntimeElsewhere])?
    {
        guard let settings = surroundings.settings, let own = settings.shard else { return kept.map { ($0, names, []) } }
        return (own, settings.runtimes.map(\.name), settings.elsewhere)
    }

    /// Of those that weigh the same what is true comes before what is not any more: who reads the first alone would believe that
    /// all is ending. Then the oldest.
    private static func weightiestFirst(_ incidents: [Incident]) -> [Incident] {
        incidents.sorted { a, b in
            guard a.severity == b.severity else { return a.severity > b.severity }
            let (isEnding, isOther) = (a.quietSince != nil, b.quietSince != nil)
            guard isEnding == isOther else { return !isEnding }
            return a.openedAt != b.openedAt ? a.openedAt < b.openedAt : a.id < b.id
        }
    }

    /// In the order of the journal; and how many of them cannot be read.
    private static func openIncidents(in journal: Journal) throws(JournalError) -> (incidents: [Incident], damaged: Int) {
        var damaged = 0
        let rows = try journal.incidents(IncidentFilter(statuses: [.open, .acknowledged], limit: 10_000)) { _ in
            damaged += 1
        }
        let incidents = rows.compactMap { row in
            (try? JSON(parsing: Array(row.document.utf8))).flatMap { try? Incident(document: $0) }
        }
        return (incidents, damaged + rows.count - incidents.count)
    }

    private static func maintenance(_ telling: TellingSettings, at moment: Timestamp) -> [String] {
        telling.maintenance.enumerated().filter { $1.hours.holds(moment, in: telling.zone) }.map { index, window in
            "maintenance[\(index)], \(window.hours) \(telling.zone): \(window.match)"
                + (window.comment.isEmpty ? "" : ", \(Shown.comment(window.comment))")
        }
    }

    /// Those that something was sent through, and those that are configured and wait for the first.
    private static func channels(_ counted: [ChannelCounts], configured: [String]) -> [ChannelCounts] {
        let unused = configured.filter { name in !counted.contains { $0.channel.isSame(as: name) } }
        return (counted + unused.map { ChannelCounts(unused: $0) }).sorted { $0.channel.precedes($1.channel) }
    }

    /// Whether the kill switch is on; nil where that cannot be found out, and then the engine takes no action either.
    public let isStopped: Bool?

    /// What there is to say of the kill switch; nil while it is off.
    public var stop: String? {
        switch isStopped {
        case true?: "Actions are stopped: none until 'mozaiks-ops actions resume'"
        case nil: "Whether actions are stopped cannot be read: none is taken until it can"
        case false?: nil
        }
    }

    /// Since when nobody has polled, in words, where that is too long ago to know how things are.
    private var stale: String? {
        if !standstills.isEmpty { return standstills.joined(separator: "; ") }
        guard let oldest = sights.min(by: { $0.polledAt < $1.polledAt }) else {
            return holder == nil
                ? "nothing was polled yet, and no engine runs"
                : "the engine (\(holder?.description ?? "")) has polled nothing yet"
        }
        // A clock that was set back is no reason to know nothing.
        let late = sights.filter { sight in
            // A daemon writes what it sees every ten seconds, or as often as it polls: where nothing comes, what is there is
            // old.
            let limit =
                holder == nil
                ? max(sight.isOfDaemon ? .minutes(2) : .minutes(10), sight.interval * 6)
                : max(.minutes(1), sight.interval * 4)
            return now - sight.polledAt > maxAge ?? limit
        }
        guard !late.isEmpty else { return nil }
        let who =
            holder == nil
            ? "no engine runs"
            : "an engine runs (\(holder?.description ?? "")) and does not poll, or cannot write its journal"
        let what =
            late.count == sights.count ? "" : " \(late.map { Shown.id($0.summary.runtime) }.joined(separator: ", "))"
        return "\(who): the last poll\(what) was at \(clock(oldest.polledAt)) \(zone.mark(oldest.polledAt)), as the journal has it"
    }

    /// That the daemon that saw all this has ended, before that is so long ago that nothing is known; nil where one runs.
    public var leftBehind: String? {
        guard holder == nil, stale == nil, let newest = sights.max(by: { $0.polledAt < $1.polledAt }), newest.isOfDaemon else { return nil }
        return "no engine runs; what stands here is what the last one left at \(clock(newest.polledAt)) \(zone.mark(newest.polledAt))"
    }

    /// Of an incident whose condition is not true any more: when it is over.
    /// - Parameter moment: writes a moment by the reader's clocks.
    public func end(of incident: Incident, _ moment: (Timestamp) -> String) -> String {
        // What is not seen meanwhile counts for nothing, so it may take longer.
        guard let over = overFrom[incident.id], over > now else { return "it is over once that stays so" }
        return "it is over at \(moment(over)) at the earliest, if that stays so"
    }

    /// `2 runtimes, 1 host and 3 services`, and whether that is one thing.
    public var watchedCounts: (text: String, isOne: Bool) {
        let parts = WatchedKind.allCases.compactMap { kind -> String? in
            let count = sights.count { $0.summary.kind == kind }
            guard count > 0 || kind == .runtime && sights.isEmpty else { return nil }
            return "\(count) \(kind.rawValue)\(count == 1 ? "" : "s")"
        }
        let first = parts.dropLast().joined(separator: ", ")
        let last = parts.last ?? ""
        return (first.isEmpty ? last : "\(first) and \(last)", sights.count == 1)
    }

    /// The strictest mode of all runtimes; nil before the first poll.
    public var mode: Mode? { sights.map(\.mode).min() }
    /// Why it is no stronger one, and where that is set.
    public var modePlace: String? { sights.first { $0.mode == mode }?.modePlace }

    public var verdict: StatusVerdict {
        StatusVerdict(
            summaries: sights.map(\.summary), at: now, open: open, stale: stale, begun: Begun.sentence(begun, at: now, clock),
            notices: isWithoutChannels ? ["nobody is told: no channel is configured"] : [])
    }

    /// `10:03:20`; of another day `2026-11-21 10:03:20`. By the configured clocks.
    public func clock(_ moment: Timestamp) -> String {
        let day = zone.day(moment)
        return (day == zone.day(now) ? "" : day + " ") + zone.clock(moment)
    }

    /// What it brought about and is not over.
    public func leases(of incident: Incident) -> [Lease] {
        leases.filter { $0.holders.contains { $0.incident == incident.id } }
    }
    /// The newest yes or no to it that no engine has taken yet.
    public func answer(to approval: Approval) -> CommandRow? {
        waiting.last { row in
            guard row.kind == Commands.approve || row.kind == Commands.deny else { return false }
            let about = (try? JSON(parsing: Array(row.arguments.utf8)))?["approval"]?.string
            return about?.isSame(as: approval.id) == true
        }
    }
    /// What it asks of people.
    public func approvals(of incident: Incident) -> [Approval] { approvals.filter { $0.incident == incident.id } }
}

extension ChannelCounts {
    /// A channel that nothing was ever sent to.
    fileprivate init(unused name: String) { self.init(channel: name, pending: 0, dead: 0, sent: 0, lastSent: nil) }
}

// MARK: - As a document

extension Overview {
    /// What `status -o json` and `/api/v1/situation` say.
    public var document: OutputDocument {
        var engine: JSONObject = [
            "running": .bool(holder != nil), "pid": holder?.pid.map { .int(Int64($0)) } ?? .null,
            "since": .moment(holder?.since),
        ]
        if !standbys.isEmpty { engine.append("standing_by", .array(standbys.map { .string("\($0)") })) }
        var members: JSONObject = [
            "status": .string(verdict.word.lowercased()),
            "line": .string(verdict.line),
            "at": .moment(now), "engine": .object(engine), "state": .string(folder.path),
            "actions_stopped": isStopped.map(JSON.bool) ?? .null,
            "runtimes": .array(sights.map(\.document)),
            "incidents": .array(
                open.map { incident in
                    guard var object = incident.document.object else { return incident.document }
                    object.append("short_id", .optional(shortIDs[incident.id]))
                    object.append("circumstances", .array((circumstances[incident.id] ?? []).map(JSON.string)))
                    return .object(object)
                }),
            "begun": .array(begun.map(\.document)),
            "leases": .array(
                leases.map { lease in
                    guard var object = lease.document.object else { return lease.document }
                    object.append("seen", .optional(leaseSights[lease.id]?.rawValue))
                    return .object(object)
                }),
            "approvals": .array(approvals.map(\.document)),
            "silences": .array(silences.map(\.document)), "maintenance": .array(maintenance.map(JSON.string)),
            "channels": .array(
                channels.map { channel in
                    let trouble = troubles.first { $0.channel.isSame(as: channel.channel) }
                    return [
                        "name": .string(channel.channel), "sent": .int(Int64(channel.sent)),
                        "pending": .int(Int64(channel.pending)),
                        "dead": .int(Int64(channel.dead)), "last_sent": .moment(channel.lastSent),
                        "trouble": .optional(trouble?.reason),
                    ]
                }),
            "commands_waiting": .array(
                waiting.map {
                    ["id": .int($0.id), "at": .moment($0.at), "by": .string($0.actor), "kind": .string($0.kind)]
                }),
            "notes": .array(notes.map(JSON.string)),
        ]
        if let shard {
            members.append(
                "shard",
                [
                    "number": .int(Int64(shard.own.number)), "count": .int(Int64(shard.own.count)), "watches": .strings(shard.watches),
                    "elsewhere": .array(shard.elsewhere.map { ["runtime": .string($0.name), "shard": .int(Int64($0.shard.number))] }),
                ])
        }
        return OutputDocument(.status, members)
    }
}
