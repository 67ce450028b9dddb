import Ambient
import Collector
import Configuration
import Cycle
import Digest
import Journal
import Model
import Policy
import Server
import Synchronization
import Views

/// What people and programs see of the daemon over HTTP, the page and the documents behind it; and where they say what they want.
///
/// Each answer comes from a journal opened for reading and is kept for a second: however many look, the disk is read about once a
/// second, by one reader and one more for what takes long, and neither a cycle nor the gate waits for anybody.
public final class Face: Sendable {
    /// So long what came of an order is told to whoever gave it.
    private static let news = TimeSpan.minutes(15)
    /// Bytes of an order, or of a form. A policy to try is longer.
    static let mostSaid = 16 << 10
    /// The largest body that any request here has: a policy as browsers encode it. Each connection may hold one in memory.
    public static let longestBody = 160 << 10
    /// The longest address: of a filter with an id of 4 kB, percent-encoded.
    public static let longestTarget = 16 << 10
    /// All header fields of a request together: what proxies let through (nginx: 32 kB), and room for the answer's in the memory
    /// of a connection.
    public static let longestHeaders = 24 << 10

    let folder: StateFolder
    let surroundings: Mutex<Overview.Surroundings>
    /// What of the daemon that shows this stands still, in words. In a structure: a function that is itself the value of a mutex is
    /// wrapped once more each time it is read.
    private struct Standstills {
        var stuck: (@Sendable () -> [String])?
    }
    private let standstills = Mutex(Standstills())
    let keeper: Gatekeeper
    let clock: any Clock
    let kept = AnswerShelf()
    let desk = Desk()
    private let shelf = PastShelf()
    let lab: PolicyLab
    let environment: Environment

    /// - Parameters:
    ///   - isLoopback: whether the listener can be reached from this machine alone.
    ///   - token: what readers must show, wherever they are; nil: on loopback nothing, elsewhere nobody may read.
    ///   - publicURL: where people reach it, without a slash at the end.
    ///   - proxies: who names people for us.
    ///   - proxySecret: what they show besides; nil: their address is enough.
    ///   - environment: says where the machine's time zones lie.
    public init(
        _ folder: StateFolder, _ surroundings: Overview.Surroundings, isLoopback: Bool, token: CachedSecret?,
        publicURL: String?, proxies: TrustedProxies? = nil, proxySecret: CachedSecret? = nil,
        environment: Environment = Environment([:]), clock: any Clock
    ) {
        self.environment = environment
        lab = PolicyLab(folder)
        self.folder = folder
        self.surroundings = Mutex(surroundings)
        keeper = Gatekeeper(
            isLoopback: isLoopback, token: token, publicURL: publicURL, tokens: TokenFile(folder), proxies: proxies,
            proxySecret: proxySecret,
            clock: clock)
        self.clock = clock
    }

    /// Whether a `public_url` says that people come from elsewhere, through a proxy, so that reading needs a token: one by which this
    /// machine calls itself does not.
    package static func isForTheWorld(publicURL: String) -> Bool { Gatekeeper.isForTheWorld(publicURL: publicURL) }

    /// From here on what is stuck in the daemon stands in the verdict: the journal alone tells it a minute later.
    package func hear(_ stuck: @escaping @Sendable () -> [String]) { standstills.withLock { $0.stuck = stuck } }

    /// After a reload: channels, hours and clocks may be others.
    public func follow(_ surroundings: Overview.Surroundings) { self.surroundings.withLock { $0 = surroundings } }

    /// Answers one request: the handler of an ``HTTPServer``.
    public func answer(_ request: ServerRequest) -> ServerResponse {
        let isPage = !request.path.utf8.starts(with: "/api".utf8)
        do {
            guard !Face.holdsToken(request.target) else {
                throw Problem.badRequest(
                    "a token stands in the address, where logs and histories keep it: revoke it (mozaiks-ops token revoke) and send the next as a header"
                )
            }
            switch request.method {
            case "GET", "HEAD": return try read(request)
            case "POST": return try post(request)
            default: throw Face.wrongMethod(request)
            }
        } catch let problem as Problem {
            return isPage ? Page.problem(problem, then: Face.origin(request), isForm: request.method == "POST") : problem.response
        } catch {
            // The journal's words hold a path of this machine; they stand in the log of whoever runs the daemon.
            let isOrder = request.method == "POST" && !request.path.isSame(as: Page.lab)
            let problem = Problem(
                status: 503, title: isOrder ? "Not taken" : "Not readable",
                detail: isOrder
                    ? "the journal cannot be written now, so nothing was asked for: press again, or send it again, in a moment; 'mozaiks-ops doctor' says why"
                    : "the journal cannot be read now: 'mozaiks-ops doctor' says why", headers: [("Retry-After", "5")]
            )
            return isPage ? Page.problem(problem, then: Face.origin(request), isForm: request.method == "POST") : problem.response
        }
    }

    /// The page to come back to, with what its address asks for: of a form the one that it stood on.
    private static func origin(_ request: ServerRequest) -> String {
        guard request.method == "POST", var fields = try? Fields(form: request), let then = try? fields.text("then") else {
            let whole = String(decoding: request.target, as: UTF8.self)
            return Page.place(whole).isSame(as: whole) ? whole : request.path
        }
        return then
    }

    /// What could be a token of ours, also encoded in part: its beginning with most of what must follow. An app may be called so.
    private static func holdsToken(_ target: [UInt8]) -> Bool {
        let text = String(decoding: target, as: UTF8.self)
        return [text, PercentDecoding.text(text.utf8) ?? text].contains { AccessToken.stands(in: $0) }
    }

    static func wrongMethod(_ request: ServerRequest) -> Problem {
        let orders =
            request.path.utf8.starts(with: API.prefix.utf8)
            && Order.Kind.at(String(request.path.dropFirst(API.prefix.count))) != nil
        let reads = !orders || request.path.hasSuffix("/silences")
        return Problem(
            status: 405, title: reads && !orders ? "Reading only" : "Wrong method",
            detail: orders ? "this is asked for with POST" : "nothing is changed at this path: docs/api.md lists where something is",
            headers: [("Allow", [reads ? "GET, HEAD" : nil, orders ? "POST" : nil].compactMap { $0 }.joined(separator: ", "))])
    }

    // MARK: - Reading

    private func read(_ request: ServerRequest) throws -> ServerResponse {
        let path = request.path
        if path == Page.signIn { return try signInPage(request) }
        if path == Page.lab { return try labPage(request) }
        if path.utf8.starts(with: API.prefix.utf8), path != API.prefix + "silences",
            Order.Kind.at(String(path.dropFirst(API.prefix.count))) != nil
        {
            throw Face.wrongMethod(request)
        }
        if comesFromElsewhere(request), let place = Page.known(path) { return Page.onceMore(place) }
        let visitor = try keeper.visitor(request)
        if path == API.events { return try events(request, visitor) }
        var response = try current(request, visitor)
        if let tag = response.headers.first(where: { $0.name == "ETag" })?.value, Face.matches(request, tag) {
            response = ServerResponse(
                status: 304, headers: response.headers.filter { $0.name != "Content-Type" }, ending: .unsent(length: response.body.count))
        }
        return response
    }

    /// Server-sent events, one at a time: what is new is told, the stream ends, and the browser asks again two seconds later, as
    /// `retry` bids it. Nobody holds a connection, so that no number of lookers, and no slow one, holds anybody up.
    private func events(_ request: ServerRequest, _ visitor: Visitor) throws -> ServerResponse {
        let query = try Query(request)
        try query.finish()
        var situation = request
        situation.target = Array((API.prefix + "situation").utf8)
        let tag =
            try current(situation, visitor).headers.first { $0.name == "ETag" }?.value.filter { $0 != "\"" && $0 != "/" && $0 != "W" } ?? ""
        let isNews = !(request.header("Last-Event-ID") ?? "").isSame(as: tag)
        let text = isNews ? "event: situation\nid: \(tag)\ndata: {\"tag\":\"\(tag)\"}\n" : ": as it was\n"
        return ServerResponse(
            status: 200,
            headers: Face.guards + [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")],
            body: Array(("retry: 2000\n" + text + "\n").utf8))
    }

    private func current(_ request: ServerRequest, _ visitor: Visitor) throws -> ServerResponse {
        let zone = ZoneChoice.kept(request, environment)
        let key = visitor.key + "\0" + (zone?.name ?? "") + "\0" + String(decoding: request.target, as: UTF8.self)
        return try kept.answer(key, isSlow: Face.isSlow(request), now: clock.monotonicNanoseconds()) {
            try make(request, visitor, zone)
        }
    }

    /// Whether the answer takes reading all that is remembered of apps, or much of the past.
    private static func isSlow(_ request: ServerRequest) -> Bool {
        let path = request.path
        // Charts of an hour are what everybody looks at.
        if path == "/" { return request.queryValue("range") != nil || request.queryValue("from") != nil }
        let slow = [Page.rules, Page.apps, API.prefix + "standings", API.prefix + "apps/", API.prefix + "history"]
        return slow.contains { path.utf8.starts(with: $0.utf8) }
    }

    /// Runs `body` with a journal that is open for so long.
    func reading<R>(
        _ mode: Journal.Mode, _ visitor: Visitor, _ zone: Zone? = nil, _ body: (Reading) throws -> R
    ) throws -> R {
        var surroundings = surroundings.withLock { $0 }
        surroundings.standstills = standstills.withLock { $0 }.stuck?() ?? []
        let journal = try Journal.open(folder, mode: mode, busyTimeout: .seconds(mode.writes ? 1 : 0.25))
        defer { journal.close() }
        let now = clock.now()
        let zone = zone ?? surroundings.telling.zone
        // When their token ended, by the clocks that they read by.
        var visitor = visitor
        visitor.ended = visitor.ended.map { $0.replacingMoments(by: Clocks(zone: zone, now: now).words) }
        return try body(
            Reading(
                folder: folder, journal: journal, surroundings: surroundings, now: now, visitor: visitor, zone: zone, shelf: shelf))
    }

    private func make(_ request: ServerRequest, _ visitor: Visitor, _ kept: Zone?) throws -> ServerResponse {
        let path = request.path
        var query = try Query(request)
        let isAPI = path.utf8.starts(with: API.prefix.utf8)
        let isIncident = path.utf8.starts(with: Page.incidents.utf8)
        let isApp = path.utf8.starts(with: Page.apps.utf8)
        guard isAPI || path == "/" || isIncident || isApp || path == Page.rules || path == Page.incidentList else {
            throw Problem.notFound("there is nothing at this path; the page is at /, the API below /api/v1/")
        }
        let chosen = isAPI ? nil : try ZoneChoice.asked(&query, environment)
        var response = try reading(.reader, visitor, chosen ?? kept) { reading in
            if isAPI {
                let (document, tagged) = try API.document(String(path.dropFirst(API.prefix.count)), &query, reading)
                return Face.response(document, tagged: tagged)
            }
            _ = try query.flag("here", "1")
            // While it is news: a link that somebody kept is no order that was just given.
            let asked = try query.number("asked", in: 1...Int.max).flatMap { try reading.journal.command(Int64($0)) }
                .flatMap { reading.now - $0.at < Face.news ? $0 : nil }
            let listing = path == Page.incidentList ? try IncidentListing(&query) : nil
            let frame = path == "/" ? try Timeframe(&query, now: reading.now, reading.zone) : nil
            try query.finish()
            let notice = asked.map { row in
                var outcome = CommandOutcome(row)
                // By what is known now: an app that came meanwhile is no stranger any more.
                outcome.warnings = outcome.match.map(reading.strangers)?.map(\.warning) ?? []
                if let id = outcome.approved,
                    let offer = (try? Pipeline.guardState(in: reading.journal))?.approvals.last(where: { $0.id.isSame(as: id) }),
                    let detail = try? API.incident(offer.incident, reading)
                {
                    outcome.follow(detail.incident.decisions)
                }
                return outcome
            }
            if let listing { return Page.response(try Page.list(listing, notice, reading)) }
            if isIncident {
                let detail = try API.incident(String(path.dropFirst(Page.incidents.count)), reading)
                return Page.response(try Page.incident(detail, notice, reading))
            }
            if isApp { return Page.response(try Page.app(String(path.dropFirst(Page.apps.count)), notice, reading)) }
            if path == Page.rules { return Page.response(try Page.rules(reading)) }
            guard let frame else { throw Problem.notFound("there is nothing at this path") }
            return Page.response(try Page.first(notice, frame, reading))
        }
        if let chosen { response.headers.append(ZoneChoice.header(chosen)) }
        return response
    }

    /// Whether a browser came by a link of another site, where somebody may be signed in.
    private func comesFromElsewhere(_ request: ServerRequest) -> Bool {
        request.rawQuery == nil && request.method == "GET" && request.header("Sec-Fetch-Site") == "cross-site"
            && request.header("Sec-Fetch-Dest") == "document" && keeper.sessions.hasAny(now: clock.monotonicNanoseconds())
    }

    private static func response(_ document: JSON, tagged: JSON?) -> ServerResponse {
        let tag = "\"\(SHA256.hex((tagged ?? document).serializedBytes()).prefix(32))\""
        return ServerResponse(
            status: 200,
            headers: Face.guards + [
                ("Content-Type", "application/json"), ("Cache-Control", "private, no-cache"),
                ("ETag", tagged == nil ? tag : "W/" + tag),
            ], body: Array(Shown.json(document.serialized()).utf8))
    }

    // MARK: - What every answer says

    static let unkept: [(name: String, value: String)] =
        guards + [("Content-Type", "application/json"), ("Cache-Control", "no-store")]

    /// Somewhere on this address, to be read.
    static func goTo(_ place: String, _ more: [(name: String, value: String)] = []) -> ServerResponse {
        ServerResponse(
            status: 303, headers: Face.guards + [("Location", place), ("Cache-Control", "no-store")] + more)
    }

    /// On every answer: what a browser must not do with it.
    static let guards: [(name: String, value: String)] = [
        ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin"), ("X-Frame-Options", "DENY"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ]

    /// Whether the client holds what would be sent: `If-None-Match`, compared weakly.
    private static func matches(_ request: ServerRequest, _ tag: String) -> Bool {
        func strong(_ text: some StringProtocol) -> Substring {
            text.hasPrefix("W/") ? Substring(text.dropFirst(2)) : Substring(text)
        }
        return request.headerValues("If-None-Match").contains { field in
            String(decoding: field, as: UTF8.self).split(separator: ",").contains { given in
                let given = given.drop { $0 == " " }.prefix { $0 != " " }
                return given == "*" || strong(given).isSame(as: strong(tag))
            }
        }
    }
}

extension Journal.Mode {
    fileprivate var writes: Bool {
        if case .reader = self { return false }
        return true
    }
}
