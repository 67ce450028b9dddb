import Model
import Server

/// The routes that the simulated runtime has.
enum Route: Equatable {
    case health, activeRuns, aggregate, chats, events, token, page
    case chat(id: [UInt8])
    case start(app: AppID, workflow: [UInt8])

    /// Nil: 404. As Starlette does, the path is decoded before it is matched, so an encoded slash splits a part.
    init?(rawPath: some Collection<UInt8>) {
        let path = PercentEncoding.unescape(rawPath)
        guard path.first == 0x2F else { return nil }
        let parts = path.dropFirst().split(separator: 0x2F, omittingEmptySubsequences: false).map(Array.init)
        func spells(_ names: String...) -> Bool {
            parts.count == names.count
                && zip(parts, names).allSatisfy { $1 == "*" ? !$0.isEmpty : $0.elementsEqual($1.utf8) }
        }
        if spells("api", "health") {
            self = .health
        } else if spells("health", "active-runs") {
            self = .activeRuns
        } else if spells("metrics", "perf", "aggregate") {
            self = .aggregate
        } else if spells("metrics", "perf", "chats") {
            self = .chats
        } else if spells("metrics", "perf", "chats", "*") {
            self = .chat(id: parts[3])
        } else if spells("api", "events", "metrics") {
            self = .events
        } else if spells("api", "chats", "*", "*", "start") {
            self = .start(app: AppID(bytes: Self.repaired(parts[2])), workflow: Self.repaired(parts[3]))
        } else if spells("metrics") || spells("metrics", "prometheus") {
            self = .page
        } else if path.elementsEqual(IdentityProvider.tokenPath.utf8) {
            self = .token
        } else {
            return nil
        }
    }

    /// UTF-8, with U+FFFD for what is none, as uvicorn decodes paths.
    private static func repaired(_ part: [UInt8]) -> [UInt8] { Array(String(decoding: part, as: UTF8.self).utf8) }

    /// The only method that the route takes.
    var method: String {
        switch self {
        case .start, .token: "POST"
        default: "GET"
        }
    }

    /// How the tally names it: no ids, so that it stays small.
    var tallyName: String {
        switch self {
        case .health: "/api/health"
        case .activeRuns: "/health/active-runs"
        case .aggregate: "/metrics/perf/aggregate"
        case .chats: "/metrics/perf/chats"
        case .chat: "/metrics/perf/chats/{chat_id}"
        case .events: "/api/events/metrics"
        case .start: "/api/chats/{app_id}/{workflow_name}/start"
        case .token: IdentityProvider.tokenPath
        case .page: "/metrics"
        }
    }
}
