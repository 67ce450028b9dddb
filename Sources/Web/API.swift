import Cycle
import Guard
import JSONParsing
import Journal
import Model
import Policy
import Server
import Views

/// What is read for one request.
struct Reading {
    let folder: StateFolder
    let journal: Journal
    let surroundings: Overview.Surroundings
    let now: Timestamp
    let visitor: Visitor
    /// By whose clocks the reader reads.
    let zone: Zone
    let shelf: PastShelf

    /// What is known of names; empty: nothing is.
    var runtimes: [String] { surroundings.settings?.runtimes.map(\.name) ?? [] }
    /// What any of them is called: `runtime, host or service`.
    var noun: String { WatchedKind.any(of: surroundings.settings?.runtimes.map(\.kind) ?? []) }
    /// What other shards watch.
    var elsewhere: [RuntimeElsewhere] { surroundings.settings?.elsewhere ?? [] }
    /// What names nothing that there is in a silence's filter, or nothing that is watched here.
    func strangers(in match: IncidentMatch) -> [KnownNames.Stranger] {
        guard !match.isEmpty else { return [] }
        let settings = surroundings.settings
        let names = KnownNames(
            environment: settings?.environment, runtimes: settings?.runtimes, elsewhere: elsewhere, policies: try? API.policies(self))
        let apps = match.apps.isEmpty ? [] : KnownNames.apps(seenIn: journal, on: settings?.runtimes.map(\.name))
        return names.strangers(in: match, apps: apps) + names.elsewhere(in: match)
    }

    /// Throws for a name that a filter has and nothing else: where nothing is found, nobody would notice that it is mistyped.
    func refuseStrangers(app: AppID? = nil, rule: String? = nil, runtime: String? = nil) throws(Problem) {
        guard let stranger = strangers(in: IncidentMatch(app: app, rule: rule, runtime: runtime)).first else { return }
        throw stranger.kind == .app ? .notFound(stranger.whole) : .badRequest(stranger.whole)
    }

    /// What names nothing in the filter of a list in which nothing stands.
    func strangers(in filter: IncidentFilter) throws(JournalError) -> [KnownNames.Stranger] {
        strangers(in: try filter.unheard(in: journal))
    }

    var clocks: Clocks { Clocks(zone: zone, now: now) }
}

/// The documents below `/api/v1/`. docs/api.yaml describes them; a test holds both together.
enum API {
    static let prefix = "/api/v1/"
    static let events = prefix + "events"

    /// The document at a path below `prefix`; for the tag, what of it changes when nothing happened is left out.
    static func document(_ path: String, _ query: inout Query, _ reading: Reading) throws -> (
        document: JSON, tagged: JSON?
    ) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        switch (parts.first.map(String.init), parts.count) {
        case ("situation"?, 1):
            try query.finish()
            return try situation(reading)
        case ("incidents"?, 1): return (try incidents(&query, reading), nil)
        case ("incidents"?, 2):
            try query.finish()
            let detail = try incident(String(parts[1]), reading)
            return (detail.whole(reading.present([detail.incident])[detail.incident.id]), nil)
        case ("commands"?, 2):
            try query.finish()
            return (try command(String(parts[1]), reading), nil)
        case ("apps"?, 2):
            try query.finish()
            return (try app(String(parts[1]), reading), nil)
        case ("history"?, 1): return (try history(&query, reading), nil)
        case ("leases"?, 1): return (try leases(&query, reading), nil)
        case ("approvals"?, 1): return (try approvals(&query, reading), nil)
        case ("silences"?, 1): return (try silences(&query, reading), nil)
        case ("messages"?, 1): return (try messages(&query, reading), nil)
        case ("audit"?, 1): return (try audit(&query, reading), nil)
        case ("policy"?, 1): return (try policy(&query, reading), nil)
        case ("standings"?, 1): return (try standings(&query, reading), nil)
        case ("rules"?, 1): return (try rules(&query, reading), nil)
        default: throw Problem.notFound("there is nothing at this path: docs/api.md lists what there is")
        }
    }

    static func situation(_ reading: Reading) throws -> (JSON, JSON?) {
        let document = try Overview(reading.folder, reading.journal, reading.surroundings, now: reading.now).document.json
        guard var object = document.object else { return (document, nil) }
        // Ages, and the moment: with them no two answers are ever alike.
        object["at"] = nil
        object["line"] = nil
        return (document, .object(object))
    }

    // MARK: - Incidents

    static func incidents(_ query: inout Query, _ reading: Reading) throws -> JSON {
        var filter = IncidentFilter()
        filter.severities = Set(try query.words("severity", Severity.self))
        filter.statuses = Set(try query.words("state", Incident.Status.self))
        filter.app = try query.one("app").map { AppID($0) }
        filter.rule = try query.one("rule")
        filter.runtime = try query.one("runtime")
        (filter.since, filter.until) = try query.range(now: reading.now)
        filter.after = try query.one("cursor").map { text throws(Problem) in try place(text) }
        let limit = try query.number("limit", in: 1...200) ?? 50
        try query.finish()
        let (list, next) = try page(filter, limit, reading)
        // Of a rule that is no more there may be some; apps come and go, so one that nobody has seen is no mistake for certain.
        let strangers = list.incidents.isEmpty && filter.after == nil ? try reading.strangers(in: filter) : []
        if let refused = strangers.first(where: { $0.kind != .app }) { throw Problem.badRequest(refused.whole) }
        return list.document(next: next, notes: strangers.map(\.whole)).json
    }

    /// A page of incidents, and the cursor of the next; nil: it is the last.
    static func page(_ filter: IncidentFilter, _ limit: Int, _ reading: Reading) throws -> (list: IncidentList, next: String?) {
        var filter = filter
        // One more tells whether there is another page. Rows that cannot be read stand in a page like others, so rows count.
        filter.limit = limit + 1
        let rows = try reading.journal.incidents(filter) { _ in }
        filter.limit = limit
        let list = try IncidentList(reading.journal, filter)
        let next = rows.count > limit ? rows.prefix(limit).last : nil
        return (list, next.map { "\($0.openedAt.milliseconds).\($0.id)" })
    }

    static func place(_ text: String) throws(Problem) -> IncidentFilter.Place {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let moment = Int64(parts[0]), (0...253_402_300_799_999).contains(moment),
            !parts[1].isEmpty, parts[1].utf8.count <= 64,
            parts[1].utf8.allSatisfy({ (48...57).contains($0) || (97...122).contains($0) || $0 == UInt8(ascii: "-") })
        else {
            throw .badRequest("'cursor' is none that was given out: take 'next_cursor' as it stands, or leave it out")
        }
        return IncidentFilter.Place(openedAt: Timestamp(milliseconds: moment), id: String(parts[1]))
    }

    /// By its id as it stands in a path, still encoded.
    static func incident(_ encoded: String, _ reading: Reading) throws -> IncidentDetail {
        guard let named = PercentDecoding.text(encoded.utf8), !named.isEmpty, named.utf8.count <= 128 else {
            throw Problem.notFound("that is no id of an incident")
        }
        do {
            return try IncidentDetail(
                named, reading.journal, reading.surroundings, now: reading.now, withMessages: true)
        } catch let error as JournalError {
            switch error.cause {
            case .unknownID: throw Problem.notFound("there is no incident '\(Shown.id(named))'")
            case .ambiguousID: throw Problem.several(named, "incident", hint: error.hint)
            default: throw error
            }
        }
    }

    // MARK: - The rest

    private static func command(_ number: String, _ reading: Reading) throws -> JSON {
        guard number.utf8.count <= 18, number.utf8.allSatisfy({ (48...57).contains($0) }), let id = Int64(number),
            let row = try reading.journal.command(id)
        else { throw Problem.notFound("there is no command of that number, or it is long done") }
        return CommandOutcome(row).document
    }
}
