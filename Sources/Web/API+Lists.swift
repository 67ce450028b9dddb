import Cycle
import Digest
import Guard
import JSONParsing
import Journal
import Model
import Telling
import Views

/// Lists by page.
extension API {
    private static let noCursor = "'cursor' is none that was given out: take 'next_cursor' as it stands, or leave it out"

    /// What lists may be asked for whose rows have moments.
    private struct Asked {
        let since: Timestamp?
        let until: Timestamp?
        let limit: Int
        let after: IncidentFilter.Place?

        init(_ query: inout Query, now: Timestamp) throws(Problem) {
            (since, until) = try query.range(now: now)
            limit = try query.number("limit", in: 1...1_000) ?? 200
            after = try query.one("cursor").map { text throws(Problem) in try API.place(text) }
        }
    }

    static func leases(_ query: inout Query, _ reading: Reading) throws -> JSON {
        let all = try query.flag("all")
        let asked = try Asked(&query, now: reading.now)
        try query.finish()
        let rows = try reading.journal.leases(
            states: all ? [] : [.intended, .inForce, .reverting], since: asked.since, until: asked.until,
            after: asked.after.map { (createdAt: $0.openedAt, id: $0.id) }, limit: asked.limit + 1)
        let page = rows.prefix(asked.limit)
        let leases = page.compactMap { row in
            (try? JSON(parsing: Array(row.document.utf8))).flatMap { try? Lease(document: $0) }
        }
        let next = rows.count > asked.limit ? page.last.map { "\($0.createdAt.milliseconds).\($0.id)" } : nil
        return [
            "schema": "mozaiks.ops/leases/v1", "leases": .array(leases.map(\.document)),
            "unreadable": .int(Int64(page.count - leases.count)), "next_cursor": .optional(next),
        ]
    }

    static func approvals(_ query: inout Query, _ reading: Reading) throws -> JSON {
        let all = try query.flag("all")
        let asked = try Asked(&query, now: reading.now)
        try query.finish()
        let state = try Pipeline.guardState(in: reading.journal)
        let (page, next) = API.page(all ? state.approvals : state.waitingApprovals(at: reading.now), asked) { ($0.offeredAt, $0.id) }
        return ApprovalList(page).document(next: next).json
    }

    static func silences(_ query: inout Query, _ reading: Reading) throws -> JSON {
        let all = try query.flag("all")
        let asked = try Asked(&query, now: reading.now)
        try query.finish()
        let silences = try KeptDecisions(reading.journal).telling.silences.filter { all || $0.isActive(reading.now) }
        let (page, next) = API.page(silences, asked) { ($0.createdAt, $0.id) }
        return [
            "schema": "mozaiks.ops/silence-list/v1",
            "silences": .array(page.map { $0.document(at: reading.now) }), "next_cursor": .optional(next),
        ]
    }

    /// Of what is held in memory the page behind a cursor, newest first; of the same moment by id.
    private static func page<T>(_ all: [T], _ asked: Asked, _ place: (T) -> (at: Timestamp, id: String)) -> (page: [T], next: String?) {
        let sorted = all.map { (item: $0, place: place($0)) }.filter { _, place in
            guard asked.since.map({ place.at >= $0 }) ?? true, asked.until.map({ place.at < $0 }) ?? true else { return false }
            guard let after = asked.after else { return true }
            return place.at != after.openedAt ? place.at < after.openedAt : after.id.precedes(place.id)
        }.sorted { a, b in a.place.at != b.place.at ? a.place.at > b.place.at : a.place.id.precedes(b.place.id) }
        let page = sorted.prefix(asked.limit)
        let next = sorted.count > asked.limit ? page.last.map { "\($0.place.at.milliseconds).\($0.place.id)" } : nil
        return (page.map(\.item), next)
    }

    /// A part of what stands in an order of its own, such as that of a policy.
    struct Slice {
        private let limit: Int
        private let cursor: String?

        init(_ query: inout Query) throws(Problem) {
            limit = try query.number("limit", in: 1...1_000) ?? 1_000
            cursor = try query.one("cursor")
            guard let cursor else { return }
            guard cursor.utf8.count == 32, cursor.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
                throw .badRequest(API.noCursor)
            }
        }

        /// What stands behind the cursor, and the cursor of what is left.
        /// - Parameter name: by which an item is told from all others.
        func of<T>(_ all: [T], name: (T) -> String) throws(Problem) -> (part: [T], next: String?) {
            func digest(_ item: T) -> String { String(SHA256.hex(Array(name(item).utf8)).prefix(32)) }
            var rest = all[...]
            if let cursor {
                guard let last = all.firstIndex(where: { digest($0).isSame(as: cursor) }) else {
                    throw Problem(
                        status: 409, title: "Gone", detail: "what the page before ended with is there no more: begin anew, without 'cursor'"
                    )
                }
                rest = all[(last + 1)...]
            }
            let part = Array(rest.prefix(limit))
            return (part, rest.count > part.count ? part.last.map(digest) : nil)
        }
    }

    /// What lists may be asked for whose rows have numbers.
    private struct Numbered {
        let since: Timestamp?
        let until: Timestamp?
        let limit: Int
        let cursor: Int64?

        init(_ query: inout Query, now: Timestamp) throws(Problem) {
            (since, until) = try query.range(now: now)
            limit = try query.number("limit", in: 1...200) ?? 50
            cursor = try query.one("cursor").map { text throws(Problem) -> Int64 in
                guard let number = Int64(text), number > 0 else { throw .badRequest(API.noCursor) }
                return number
            }
        }
    }

    static func messages(_ query: inout Query, _ reading: Reading) throws -> JSON {
        let states = try query.words("state", OutboxRow.State.self)
        guard states.count <= 1 else { throw Problem.badRequest("'state' is one state here") }
        let channel = try query.one("channel")
        let named = try query.one("incident")
        let asked = try Numbered(&query, now: reading.now)
        try query.finish()
        let detail = try named.map { try incident($0, reading).incident }
        let rows = try reading.journal.outbox(
            incident: detail?.id, digests: detail?.digests ?? [], state: states.first, channel: channel, since: asked.since,
            until: asked.until, before: asked.cursor, limit: asked.limit + 1)
        if let channel, rows.isEmpty, asked.cursor == nil { try refuse(channel: channel, reading) }
        let page = rows.prefix(asked.limit)
        return [
            "schema": "mozaiks.ops/messages/v1", "messages": .array(page.map(\.document)),
            "next_cursor": .optional(rows.count > page.count ? page.last.map { "\($0.id)" } : nil),
        ]
    }

    /// Throws for a channel that is neither configured nor was ever sent anything, where it is known which are.
    private static func refuse(channel: String, _ reading: Reading) throws {
        let known = reading.surroundings.channels + (try reading.journal.channelCounts()).map(\.channel)
        guard reading.surroundings.environment != nil, !known.contains(where: { $0.isSame(as: channel) }) else { return }
        let hint = known.isEmpty ? "none is configured" : KnownNames.meant(channel, among: Set(known).inByteOrder())
        throw Problem.badRequest("there is no channel '\(Shown.id(channel))'; \(hint)")
    }

    /// Oldest first, as a chain is read.
    static func audit(_ query: inout Query, _ reading: Reading) throws -> JSON {
        let asked = try Numbered(&query, now: reading.now)
        try query.finish()
        let first = try asked.since.map { try reading.journal.firstAuditRow(since: $0).map { $0 - 1 } ?? .max } ?? 0
        let all = try reading.journal.audit(after: max(first, asked.cursor ?? 0), limit: asked.limit + 1)
        let rows = asked.until.map { until in Array(all.prefix { $0.entry.at < until }) } ?? all
        let page = rows.prefix(asked.limit)
        return [
            "schema": "mozaiks.ops/audit-list/v1", "rows": .array(page.map(\.document)),
            "next_cursor": .optional(rows.count > page.count ? page.last.map { "\($0.seq)" } : nil),
        ]
    }
}
