import Ambient
import HTTP
import Model

/// Looks at what speaks no HTTP.
struct WireProbes: Sendable {
    let wire: WireClient
    let clock: any Clock
    /// For all calls of a look together. Monotonic nanoseconds.
    private let deadline: UInt64

    init(wire: WireClient, timeout: TimeSpan, clock: any Clock) {
        self.wire = wire
        self.clock = clock
        deadline = clock.monotonicNanoseconds() + UInt64(max(1, timeout.milliseconds)) * 1_000_000
    }

    private typealias TLS = ServiceCheck.TLSCheck

    private func call<Dialogue: WireDialogue>(_ place: ServicePlace, _ tls: TLS?, _ dialogue: Dialogue) async -> WireOutcome<Dialogue> {
        var call = WireCall(host: place.host, port: place.port)
        let now = clock.monotonicNanoseconds()
        call.timeoutMs = deadline > now ? max(1, Int((deadline - now) / 1_000_000)) : 1
        if let tls { (call.isEncrypted, call.verifiesPeer, call.tls) = (true, tls.verifies, tls.files) }
        return await wire.call(call, dialogue)
    }

    /// What the call itself came to; nil where it is for the dialogue to say.
    private func result<Dialogue>(_ outcome: WireOutcome<Dialogue>, _ standing: ProbeResult.Standing?) -> ProbeResult {
        var result = standing.map { ProbeResult($0) } ?? outcome.error.map { ProbeResult($0) } ?? .down(.closed, WireProbes.closed)
        result.phases = outcome.phases
        result.certificateEnd = outcome.certificateEnd
        // Of one that closed without a word only the connection was timed, and that is not how long an answer took.
        if outcome.error == nil, standing != nil { result.latency = outcome.phases.total }
        return result
    }

    private static let closed = "it ended the connection before an answer"

    func tcp(_ place: ServicePlace) async -> ProbeResult {
        let outcome = await call(place, nil, SilentDialogue())
        return result(outcome, outcome.error == nil ? .up : nil)
    }

    func tls(_ place: ServicePlace, _ check: ServiceCheck.TLSCheck) async -> ProbeResult {
        let outcome = await call(place, check, SilentDialogue())
        var found = result(outcome, outcome.error == nil ? .up : nil)
        if outcome.error?.isAboutTheirCertificate == true {
            // That it has run out is the usual reason, and is told by one who does not mind.
            var unverified = check
            unverified.verifies = false
            found.certificateEnd = await call(place, unverified, SilentDialogue()).certificateEnd
        }
        return found
    }

    // MARK: Databases

    func mongodb(_ place: ServicePlace, _ check: ServiceCheck.MongoCheck) async -> ProbeResult {
        var outcome = await call(place, check.tls, MongoDialogue())
        // Those that do not know the message end the connection; those that do not know the command say so.
        let isOld = outcome.dialogue.outcome == .unknownCommand || (outcome.error == nil && outcome.dialogue.outcome == .none)
        if isOld || outcome.error.map(WireProbes.isLost) == true {
            outcome = await call(place, check.tls, MongoDialogue(isOld: true))
        }
        var found = result(outcome, WireProbes.standing(outcome.dialogue.outcome, wanted: check.role))
        if case .hello(let role, let version) = outcome.dialogue.outcome {
            found.seen.append(("role", .string(role.rawValue)))
            if let version { found.seen.append(("wire_version", .int(Int64(version)))) }
        }
        return found
    }

    static func standing(_ outcome: MongoDialogue.Outcome, wanted: ServiceCheck.MongoCheck.Role?) -> ProbeResult.Standing? {
        switch outcome {
        case .none: return nil
        case .foreign: return .down(.foreign, "what answers there does not speak as MongoDB does")
        case .unknownCommand: return .down(.foreign, "it knows neither hello nor isMaster: is it MongoDB?")
        case .refused(let code):
            return .down(.rejected, "it answers hello with an error" + (code.map { " (\($0))" } ?? ""))
        case .hello(.other, _):
            return .down(.notReady, "it is neither primary nor secondary: it starts, recovers, or its set has not begun")
        case .hello(let role, _):
            guard let wanted else { return .up }
            // A router takes writes as a primary does.
            let isSo = role.rawValue == wanted.rawValue || (wanted == .primary && role == .mongos)
            return isSo ? .up : .down(.role, "it is \(role.article), not \(wanted.rawValue)")
        }
    }

    func postgres(_ place: ServicePlace, _ check: ServiceCheck.PostgresCheck) async -> ProbeResult {
        var outcome = await call(place, nil, PostgresDialogue(user: check.user, database: check.database))
        let offersTLS = outcome.dialogue.offersTLS
        if outcome.dialogue.outcome == .wantsHandshake {
            outcome = await call(place, nil, PostgresDialogue(user: check.user, database: check.database, asksForTLS: false))
        }
        var found = result(outcome, WireProbes.standing(outcome.dialogue.outcome))
        if let offersTLS { found.seen.append(("offers_tls", .bool(offersTLS))) }
        if case .refused(let state) = outcome.dialogue.outcome { found.seen.append(("sqlstate", .string(state))) }
        return found
    }

    static func standing(_ outcome: PostgresDialogue.Outcome) -> ProbeResult.Standing? {
        switch outcome {
        case .none, .wantsHandshake: nil
        case .foreign: .down(.foreign, "what answers there does not speak as PostgreSQL does")
        case .ready: .up
        case .refused("57P03"): .down(.notReady, "it starts, recovers or shuts down (57P03)")
        case .refused("57P01"), .refused("57P02"): .down(.notReady, "it shuts down")
        case .refused(let state) where state == "53300" || state == "53400": .down(.full, "it takes no more connections (\(state))")
        // Of its disk, its memory, its files and its own errors; all else is about who comes, and nobody logs in.
        case .refused(let state) where ["53", "58", "XX", "F0"].contains(String(state.prefix(2))):
            .down(.rejected, "it answers with an error of its own (\(state))")
        case .refused: .up
        }
    }

    func redis(_ place: ServicePlace, _ tls: ServiceCheck.TLSCheck?) async -> ProbeResult {
        let outcome = await call(place, tls, RedisDialogue())
        var found = result(outcome, WireProbes.standing(outcome.dialogue.outcome))
        // Some that speak TLS alone say nothing to who does not.
        if tls == nil, case .down(.closed, let text) = found.standing {
            found.standing = .down(.closed, text + "; if it speaks TLS: 'encrypted: true'")
        }
        if case .refused(let word, _) = outcome.dialogue.outcome { found.seen.append(("said", .string(word))) }
        return found
    }

    static func standing(_ outcome: RedisDialogue.Outcome) -> ProbeResult.Standing? {
        switch outcome {
        case .none: nil
        case .foreign: .down(.foreign, "what answers there does not speak as Redis does")
        case .alert: .down(.foreign, "what answers there speaks TLS: 'encrypted: true'")
        case .pong: .up
        case .refused(_, isFull: true): .down(.full, "it takes no more connections")
        case .refused("LOADING", _): .down(.notReady, "it loads its data (LOADING)")
        case .refused("BUSY", _): .down(.notReady, "it runs a script and answers nobody meanwhile (BUSY)")
        case .refused("CLUSTERDOWN", _): .down(.notReady, "its cluster does not serve (CLUSTERDOWN)")
        case .refused("MASTERDOWN", _): .down(.notReady, "its link to the master is gone (MASTERDOWN)")
        case .refused("MISCONF", _): .down(.rejected, "it cannot save its data, and refuses writes (MISCONF)")
        case .refused("DENIED", _): .down(.rejected, "it is in protected mode and answers its own machine only (DENIED)")
        // It wants a login, or another one, or allows less than PING: it is there.
        case .refused("NOAUTH", _), .refused("NOPERM", _), .refused("WRONGPASS", _): .up
        case .refused(let word, _): .down(.rejected, "it answers PING with an error (\(word))")
        }
    }

    /// Whether the connection ended before an answer, in whatever way.
    private static func isLost(_ error: HTTPError) -> Bool {
        if case .connectionLost = error.kind { true } else { false }
    }
}

extension MongoDialogue.Role {
    fileprivate var article: String { self == .arbiter || self == .other ? "an \(rawValue)" : "a \(rawValue)" }
}
