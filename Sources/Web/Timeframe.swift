import Ambient
import Configuration
import Model
import Server
import Views

/// Which stretch of time charts show.
struct Timeframe {
    /// Those that a link stands for.
    static let named: [(name: String, words: String)] = [
        ("1h", "1 hour"), ("6h", "6 hours"), ("24h", "24 hours"), ("7d", "7 days"),
    ]
    private static let shortest = TimeSpan.minutes(5)

    let from: Timestamp
    let until: Timestamp
    /// `6h` where it reaches to now; nil: it stands still.
    let span: String?

    /// Of `range=6h`, or of `from=` and `to=` by a reader's clocks; an hour without any.
    init(_ query: inout Query, now: Timestamp, _ zone: Zone) throws(Problem) {
        // A field of a form that was left empty was not filled in.
        func given(_ name: String, _ query: inout Query) throws(Problem) -> String? {
            try query.one(name).flatMap { $0.isEmpty ? nil : $0 }
        }
        let range = try given("range", &query)
        let first = try given("from", &query)
        let last = try given("to", &query)
        guard first != nil || last != nil else {
            let name = range ?? "1h"
            guard let span = TimeSpan(name), span >= Timeframe.shortest, span <= PastRange.longest else {
                throw .badRequest(
                    "'range' is a span of 5m to 31d, such as \(Timeframe.named.map(\.name).joined(separator: ", ")), not '\(Shown.id(name))'"
                )
            }
            (from, until, self.span) = (now - span, now, name)
            return
        }
        guard range == nil else { throw .badRequest("give 'range', or 'from' and 'to', and not both") }
        guard let first else { throw .badRequest("say also since when: 'from', such as 2026-11-21T09:00") }
        let begin = try Timeframe.moment("from", first, zone)
        let end = try last.map { text throws(Problem) in try Timeframe.moment("to", text, zone) } ?? now
        guard begin < now else {
            throw .badRequest("'from' lies in the future: it is \(zone.text(now)) now")
        }
        guard begin < end else {
            throw .badRequest("'to' lies before 'from', or at the same time: \(zone.text(begin)) to \(zone.text(end))")
        }
        let shown = min(end, now)
        guard shown - begin <= PastRange.longest else {
            throw .badRequest("charts show at most 31 days at once, and these are \((shown - begin).brief)")
        }
        guard shown - begin >= Timeframe.shortest else {
            throw .badRequest("charts show minutes: choose at least five of them")
        }
        (from, until, span) = (begin, shown, nil)
    }

    /// `2026-11-21T09:00` and `2026-11-21 09:00:30` by a zone's clocks; with `Z` or an offset by those.
    private static func moment(_ name: String, _ text: String, _ zone: Zone) throws(Problem) -> Timestamp {
        var text = text.split(separator: " ", omittingEmptySubsequences: true).joined(separator: "T")
        if text.utf8.count == 10 { text += "T00:00" }
        if let moment = Timestamp(rfc3339: text) { return moment }
        if text.utf8.count == 16 { text += ":00" }
        guard text.utf8.count <= 40, let local = Timestamp(rfc3339: text + "Z") else {
            throw .badRequest("'\(name)' is a moment such as 2026-11-21T09:00, not '\(Shown.id(text))'")
        }
        // The offset of a moment close by, and then of the moment itself: another only within hours of a change of clocks.
        let near = local - .seconds(Double(zone.offset(at: local)))
        return local - .seconds(Double(zone.offset(at: near)))
    }

    /// The first page with this time.
    var link: String {
        if let span { return span == "1h" ? "/" : "/?range=\(PercentEncoding.encode(span.utf8))" }
        return "/?from=\(PercentEncoding.encode(from.description.utf8))&to=\(PercentEncoding.encode(until.description.utf8))"
    }

    /// For a field of a form: `2026-11-21T09:00`.
    static func field(_ moment: Timestamp, _ zone: Zone) -> String {
        "\(zone.day(moment))T\(zone.clock(moment).prefix(5))"
    }

    /// `the last hour`
    var words: String {
        guard let span else { return "a time of your own" }
        return "the last " + (Timeframe.named.first { $0.name == span }.map { $0.words == "1 hour" ? "hour" : $0.words } ?? span)
    }
}

/// By whose clocks a reader reads: a choice of the page, kept in the reader's browser and nowhere else.
enum ZoneChoice {
    static let cookie = "mozaiks-ops-zone"
    /// Offered; any other name can be typed.
    static let offered = [
        "UTC", "America/Los_Angeles", "America/New_York", "America/Sao_Paulo", "Europe/London", "Europe/Berlin",
        "Africa/Johannesburg", "Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney",
    ]

    /// The zone that a query names; nil where it names none. Throws for what is no zone.
    static func asked(_ query: inout Query, _ environment: Environment) throws(Problem) -> Zone? {
        guard let name = try query.one("zone"), !name.isEmpty else { return nil }
        do throws(ZoneFile.Failure) {
            return try ZoneFile.zone(name, in: environment)
        } catch {
            // Its words hold a path of this machine.
            throw .badRequest(
                "'zone' is a time zone such as UTC, +02:00 or Europe/Berlin, and '\(Shown.id(name))' is none that is known here")
        }
    }

    /// What the reader chose before. What is no zone is none: a cookie is nothing that somebody typed.
    static func kept(_ request: ServerRequest, _ environment: Environment) -> Zone? {
        for field in request.headerValues("Cookie") where field.count < 4_096 {
            for pair in field.split(separator: UInt8(ascii: ";")) {
                let text = String(decoding: pair.drop { $0 == UInt8(ascii: " ") }, as: UTF8.self)
                guard text.utf8.starts(with: (cookie + "=").utf8) else { continue }
                return try? ZoneFile.zone(PercentDecoding.text(text.utf8.dropFirst(cookie.utf8.count + 1)) ?? "", in: environment)
            }
        }
        return nil
    }

    static func header(_ zone: Zone) -> (name: String, value: String) {
        ("Set-Cookie", "\(cookie)=\(PercentEncoding.encode(zone.name.utf8)); Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax")
    }
}
