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
        case ("history"?, 1): return (try history(&query, reading), nil)
        case ("leases"?, 1): return (try leases(&query, reading), nil)
        case ("approvals"?, 1): return (try approvals(&query, reading), nil)
        case ("silences"?, 1): return (try silences(&query, reading), nil)
        case ("messages"?, 1): return (try messages(&query, reading), nil)
        case ("audit"?, 1): return (try audit(&query, reading), nil)
        case ("policy"?, 1): return (try policy(&query, reading), nil)
        case ("standings"?, 1): return (try standings(&query, reading), nil)
        case ("rules"?, 1):
            try query.finish()
            return (try rules(reading), nil)
        default: throw Problem.notFound("there is nothing at this path: docs/api.md lists what there is")
        }
    }

    static func situation(_ reading: Reading) throws -> (JSON, JSON?) {
        let document = try Overview(reading.folder, reading.journal, reading.surroundings, now: reading.now).document
        guard var object = document.object else { return (document, nil) }
        // Ages, and the moment: with them no two answers are ever alike.
        object["at"] = nil
        object["line"] = nil
        object["runtimes"] = .array(
            (document["runtimes"]?.array ?? []).map { runtime in
                guard var object = runtime.object else { return runtime }
                object["age_ms"] = nil
                return .object(object)
            })
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
        filter.since = try query.moment("since", now: reading.now)
        filter.until = try query.moment("until", now: reading.now)
        filter.after = try query.one("cursor").map { text throws(Problem) in try place(text) }
        let limit = try query.number("limit", in: 1...200) ?? 50
        try query.finish()
        let (list, next) = try page(filter, limit, reading)
        return [
            "schema": "mozaiks.ops/incidents/v1", "incidents": list.document,
            "unreadable": .int(Int64(list.damaged.count)), "next_cursor": .optional(next),
        ]
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
            case .ambiguousID: throw Problem(status: 409, title: "Several", detail: error.message)
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

    private static func history(_ query: inout Query, _ reading: Reading) throws -> JSON {
        guard let runtime = try query.one("runtime") else { throw Problem.badRequest("name a runtime: runtime=shared") }
        let until = min(try query.moment("until", now: reading.now) ?? reading.now, reading.now)
        // Of itself it begins with a minute: the same minutes are the same answer, and have the same tag.
        let since = try query.moment("since", now: reading.now) ?? Timestamp(minute: (until - .hours(1)).minute)
        let names = try query.one("signal").map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        try query.finish()
        guard since < until, until - since <= .hours(24) else {
            throw Problem.badRequest("'since' lies before 'until', by at most 24 hours: ask for longer times day by day")
        }
        let signals = try names?.map { name throws(Problem) in try signal(name) } ?? RuntimeHistory.signals
        // One that was polled and whose first minute is not over yet is known, and has none.
        let known = try reading.journal.historyRuntimes().contains { $0.runtime.isSame(as: runtime) }
        let isSeen = try known || RuntimeSight.all(in: reading.journal) { _ in }.contains { $0.summary.runtime.isSame(as: runtime) }
        guard isSeen else { throw Problem.notFound("there is no history of a runtime '\(Shown.id(runtime))'") }
        let history = try RuntimeHistory(
            reading.journal, runtime: runtime, signals, now: reading.now, until: until, span: until - since)
        return [
            "schema": "mozaiks.ops/history/v1", "runtime": .string(runtime), "since": .moment(since),
            "step_ms": .int(60_000),
            "series": .array((history?.series ?? []).map(\.document)),
        ]
    }

    private static func signal(_ name: String) throws(Problem) -> Signal {
        let known = Signal.table.filter { $0.subjects.contains(.runtime) }
        guard let found = known.first(where: { $0.name.isSame(as: name) }) else {
            throw .badRequest(
                "'signal' is one of \(known.map(\.name).joined(separator: ", ")), or several parted by commas, not '\(Shown.id(name))'")
        }
        return found.signal
    }

    private static func leases(_ query: inout Query, _ reading: Reading) throws -> JSON {
        let all = try query.flag("all")
        let limit = try query.number("limit", in: 1...1_000) ?? 200
        try query.finish()
        let rows = try reading.journal.leases(states: all ? [] : [.intended, .inForce, .reverting], limit: limit)
        let leases = rows.compactMap { row in
            (try? JSON(parsing: Array(row.document.utf8))).flatMap { try? Lease(document: $0) }
        }
        return [
            "schema": "mozaiks.ops/leases/v1", "leases": .array(leases.map(\.document)),
            "unreadable": .int(Int64(rows.count - leases.count)),
        ]
    }

    private static func approvals(_ query: inout Query, _ reading: Reading) throws -> JSON {
        let all = try query.flag("all")
        try query.finish()
        let state = try Pipeline.guardState(in: reading.journal)
        let approvals = all ? state.approvals : state.waitingApprovals(at: reading.now)
        return ["schema": "mozaiks.ops/approvals/v1", "approvals": .array(approvals.map(\.document))]
    }

    private static func silences(_ query: inout Query, _ reading: Reading) throws -> JSON {
        let all = try query.flag("all")
        try query.finish()
        let silences = try KeptDecisions(reading.journal).telling.silences.filter { all || $0.isActive(reading.now) }
        return [
            "schema": "mozaiks.ops/silence-list/v1",
            "silences": .array(
                silences.map { silence in
                    guard var object = silence.document.object else { return silence.document }
                    object["active"] = .bool(silence.isActive(reading.now))
                    return .object(object)
                }),
        ]
    }

    private static func messages(_ query: inout Query, _ reading: Reading) throws -> JSON {
        let states = try query.words("state", OutboxRow.State.self)
        guard states.count <= 1 else { throw Problem.badRequest("'state' is one state here") }
        let channel = try query.one("channel")
        let named = try query.one("incident")
        let before = try query.one("cursor").map { text throws(Problem) -> Int64 in
            guard let id = Int64(text), id > 0 else {
                throw .badRequest(
                    "'cursor' is none that was given out: take 'next_cursor' as it stands, or leave it out")
            }
            return id
        }
        let limit = try query.number("limit", in: 1...200) ?? 50
        try query.finish()
        let detail = try named.map { try incident($0, reading).incident }
        let rows = try reading.journal.outbox(
            incident: detail?.id, digests: detail?.digests ?? [], state: states.first, channel: channel, before: before,
            limit: limit + 1)
        let page = rows.prefix(limit)
        return [
            "schema": "mozaiks.ops/messages/v1", "messages": .array(page.map(\.document)),
            "next_cursor": rows.count > limit ? page.last.map { .string("\($0.id)") } ?? .null : .null,
        ]
    }

    /// Oldest first, as a chain is read.
    private static func audit(_ query: inout Query, _ reading: Reading) throws -> JSON {
        let since = try query.moment("since", now: reading.now)
        let until = try query.moment("until", now: reading.now)
        let after = try query.one("cursor").map { text throws(Problem) -> Int64 in
            guard let seq = Int64(text), seq > 0 else {
                throw .badRequest("'cursor' is none that was given out: take 'next_cursor' as it stands, or leave it out")
            }
            return seq
        }
        let limit = try query.number("limit", in: 1...200) ?? 50
        try query.finish()
        let first = try since.map { try reading.journal.firstAuditRow(since: $0).map { $0 - 1 } ?? .max } ?? 0
        let all = try reading.journal.audit(after: max(first, after ?? 0), limit: limit + 1)
        let rows = until.map { until in Array(all.prefix { $0.entry.at < until }) } ?? all
        let page = rows.prefix(limit)
        return [
            "schema": "mozaiks.ops/audit-list/v1", "rows": .array(page.map(\.document)),
            "next_cursor": rows.count > limit ? page.last.map { .string("\($0.seq)") } ?? .null : .null,
        ]
    }
}
