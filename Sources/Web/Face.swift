import Ambient
import Collector
import Digest
import Journal
import Model
import Monitor
import Server
import Synchronization
import Views

/// What people and programs see of the daemon over HTTP: the page, and the documents behind it. Reading only.
///
/// Each answer comes from a journal opened for reading, one at a time, and is kept for a second: however many look, the disk is
/// read about once a second, and neither a cycle nor the gate waits for anybody.
public final class Face: Sendable {
    /// How long an answer serves whoever asks the same.
    static let freshness: UInt64 = 1_000_000_000
    /// Bytes of answers that are kept; an answer beyond that is made anew each time.
    private static let mostKept = 4 << 20

    private let folder: StateFolder
    private let surroundings: Mutex<Overview.Surroundings>
    private let keeper: Gatekeeper
    private let clock: any Clock
    private let kept = Mutex<[String: (at: UInt64, response: ServerResponse)]>([:])

    /// - Parameters:
    ///   - isLoopback: whether the listener can be reached from this machine alone.
    ///   - token: what readers must show, wherever they are; nil: on loopback nothing, elsewhere nobody may read.
    ///   - publicURL: where people reach it, without a slash at the end.
    public init(
        _ folder: StateFolder, _ surroundings: Overview.Surroundings, isLoopback: Bool, token: CachedSecret?,
        publicURL: String?,
        clock: any Clock
    ) {
        self.folder = folder
        self.surroundings = Mutex(surroundings)
        keeper = Gatekeeper(isLoopback: isLoopback, token: token, publicURL: publicURL)
        self.clock = clock
    }

    /// After a reload: channels, hours and clocks may be others.
    public func follow(_ surroundings: Overview.Surroundings) { self.surroundings.withLock { $0 = surroundings } }

    /// Answers one request: the handler of an ``HTTPServer``.
    public func answer(_ request: ServerRequest) -> ServerResponse {
        let isPage = !request.path.utf8.starts(with: "/api".utf8)
        do {
            guard request.method == "GET" || request.method == "HEAD" else {
                throw Problem(
                    status: 405, title: "Reading only", detail: "nothing is changed over HTTP: use the command line",
                    headers: [("Allow", "GET, HEAD")])
            }
            try keeper.check(request)
            var response = try current(request)
            if let tag = response.headers.first(where: { $0.name == "ETag" })?.value, Face.matches(request, tag) {
                response = ServerResponse(status: 304, headers: response.headers.filter { $0.name != "Content-Type" })
            }
            return response
        } catch let problem as Problem {
            return isPage ? Page.problem(problem) : problem.response
        } catch {
            // The journal's words hold a path of this machine; they stand in the log of whoever runs the daemon.
            let problem = Problem(
                status: 503, title: "Not readable",
                detail: "the journal cannot be read now: 'mozaiks-ops doctor' says why", headers: [("Retry-After", "5")]
            )
            return isPage ? Page.problem(problem) : problem.response
        }
    }

    private func current(_ request: ServerRequest) throws -> ServerResponse {
        let key = String(decoding: request.target, as: UTF8.self)
        let now = clock.monotonicNanoseconds()
        // Held while it reads: whoever asks the same waits for the answer instead of reading once more.
        return try kept.withLock { kept in
            if let known = kept[key], now &- known.at < Face.freshness { return known.response }
            let response = try make(request)
            kept = kept.filter { now &- $0.value.at < Face.freshness }
            let size = kept.reduce(response.body.count + key.utf8.count) {
                $0 + $1.value.response.body.count + $1.key.utf8.count
            }
            if size <= Face.mostKept { kept[key] = (now, response) }
            return response
        }
    }

    private func make(_ request: ServerRequest) throws -> ServerResponse {
        let path = request.path
        var query = try Query(request)
        let isAPI = path.utf8.starts(with: API.prefix.utf8)
        let isIncident = path.utf8.starts(with: Page.incidents.utf8)
        guard isAPI || path == "/" || isIncident else {
            throw Problem.notFound("there is nothing at this path; the page is at /, the API below /api/v1/")
        }
        let journal = try Journal.open(folder, mode: .reader, busyTimeout: .seconds(0.25))
        defer { journal.close() }
        let reading = Reading(
            folder: folder, journal: journal, surroundings: surroundings.withLock { $0 }, now: clock.now())
        if isAPI {
            let (document, tagged) = try API.document(String(path.dropFirst(API.prefix.count)), &query, reading)
            let tag = "\"\(SHA256.hex((tagged ?? document).serializedBytes()).prefix(32))\""
            return ServerResponse(
                status: 200,
                headers: Face.guards + [
                    ("Content-Type", "application/json"), ("Cache-Control", "private, no-cache"),
                    ("ETag", tagged == nil ? tag : "W/" + tag),
                ], body: Array(Shown.json(document.serialized()).utf8))
        }
        try query.finish()
        if isIncident {
            return Page.response(
                try Page.incident(API.incident(String(path.dropFirst(Page.incidents.count)), reading), reading))
        }
        return Page.response(try Page.first(reading))
    }

    /// On every answer: what a browser must not do with it.
    static let guards: [(name: String, value: String)] = [
        ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY"),
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
                return given == "*" || strong(given).utf8.elementsEqual(strong(tag).utf8)
            }
        }
    }
}
