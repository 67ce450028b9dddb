import Ambient
import HTTP
import Model
import Playbooks
import Synchronization

/// Asks a model to explain incidents, within a budget, and lets through only what was checked. Nothing waits for it and
/// nothing follows from what it says but a text.
public final class Advisor: Sendable {
    public let settings: AdvisorSettings
    private let key: (@Sendable () throws -> Secret)?
    private let client: HTTPClient
    private let ledger: any AdviceLedger
    private let clock: any Clock
    private let state: Mutex<State>

    private struct State {
        var breaker: Breaker
        /// How the service is asked; what it refused is left out from then on.
        var dialect: Dialect
    }

    /// The longest answer that is read, in bytes.
    static let bodyLimit = 512 * 1_024

    /// - Parameter key: read for each question, so that a new one needs no restart; nil where none is needed.
    public init(
        _ settings: AdvisorSettings, key: (@Sendable () throws -> Secret)?, client: HTTPClient,
        ledger: any AdviceLedger, clock: any Clock
    ) {
        self.settings = settings
        self.key = key
        self.client = client
        self.ledger = ledger
        self.clock = clock
        state = Mutex(
            State(
                breaker: Breaker(failures: settings.breakerFailures, rest: settings.breakerRest),
                dialect: Dialect(settings)))
    }

    /// What would be sent first, without a key: where, and the body byte for byte.
    public static func preview(
        _ settings: AdvisorSettings, _ incident: Incident, beside: ReadingsBeside? = nil, playbooks: PlaybookSet, now: Timestamp
    ) -> (url: String, headers: [HTTPField], body: [UInt8]) {
        let dialect = Dialect(settings)
        let prompt = Prompt(IncidentBrief(incident, beside: beside, playbooks: playbooks, now: now))
        return (dialect.url, dialect.headers(nil), dialect.body(prompt))
    }

    /// Until when the service is left alone; nil while it may be asked.
    public var restsUntil: Timestamp? {
        state.withLock { state in
            if case .open(let until) = state.breaker.state, until > clock.now() { until } else { nil }
        }
    }

    /// Asks about an incident: once, and once more when the answer cannot be used.
    /// - Parameter beside: what is known besides what its rule compares.
    public func advise(_ incident: Incident, beside: ReadingsBeside? = nil, playbooks: PlaybookSet) async -> AdviceOutcome {
        var tally = Tally()
        guard incident.resolvedAt == nil else {
            return outcome(.failed(AdvisorError(.resolved, "the incident is over")), tally)
        }
        let brief = IncidentBrief(incident, beside: beside, playbooks: playbooks, now: clock.now())
        let check = AnswerCheck(brief)
        var prompt = Prompt(brief)
        var room = settings.maxTokens
        do throws(AdvisorError) {
            for attempt in 0..<2 {
                let asked = try await ask(prompt, incident.id, room)
                tally.usage = tally.usage + asked.usage
                let result = asked.reply.stopped.map { .failure(Faults(all: [$0])) } ?? check.check(asked.reply.content)
                switch result {
                case .success(let checked):
                    await ledger.settle(asked, settings, attempt == 0 ? "accepted" : "repaired")
                    let advice = advice(checked, brief)
                    return outcome(.accepted(advice, repaired: attempt > 0), tally)
                case .failure(let faults):
                    await ledger.settle(asked, settings, "refused")
                    tally.faults.append(faults.all)
                    // What was cut off is not mended by being shorter: a model that thinks needs its room. Once.
                    if asked.reply.isCutOff {
                        room = min(settings.maxTokens * Advisor.moreRoom, max(settings.maxTokens, 32_000))
                    } else {
                        prompt = Prompt(brief).repairing(asked.reply.content, faults.all)
                    }
                }
            }
        } catch {
            return outcome(tally.faults.isEmpty ? .failed(error) : .fallenBack, tally, error)
        }
        return outcome(.fallenBack, tally)
    }

    /// So many times the tokens after an answer that was cut off.
    static let moreRoom = 4

    private struct Tally {
        var usage = TokenUsage(prompt: 0, completion: 0)
        var faults: [[Fault]] = []
    }

    private func outcome(_ ending: AdviceOutcome.Ending, _ tally: Tally, _ error: AdvisorError? = nil) -> AdviceOutcome {
        // A second question that got no answer: the first one's faults stand, and why there was no second.
        let unanswered = error.map { [[Fault(.notAnAnswer, "", "no second answer: \($0.why)")]] } ?? []
        return AdviceOutcome(
            ending: ending, faults: tally.faults + (tally.faults.isEmpty ? [] : unanswered), usage: tally.usage,
            microUSD: settings.price.map { _ in settings.cost(tally.usage) })
    }

    private func advice(_ checked: AnswerCheck.Checked, _ brief: IncidentBrief) -> Advice {
        let names = brief.pseudonyms
        return Advice(
            at: clock.now(), by: settings.model, summary: names.restored(checked.summary),
            likelyCause: names.restored(checked.likelyCause), playbook: checked.playbook,
            steps: checked.steps.map(names.restored), confidence: checked.confidence)
    }

    // MARK: One question

    /// An answer and what it took.
    struct Asked {
        let id: Int64
        let reply: Reply
        let usage: TokenUsage
    }

    private func ask(_ prompt: Prompt, _ incident: String, _ room: Int) async throws(AdvisorError) -> Asked {
        let secret = try readKey()
        if let wait = state.withLock({ $0.breaker.ask(clock.now()) }) {
            throw AdvisorError(
                .resting, "the service failed and is left alone" + (wait.until.map { " until \($0.clock)" } ?? " for now"))
        }
        let most = TokenUsage(prompt: prompt.tokenEstimate, completion: room)
        let id: Int64
        do throws(AdvisorError) {
            id = try await ledger.reserve(
                AdviceQuestion(
                    incident: incident, model: settings.model, tokens: most.total, microUSD: settings.cost(most)))
        } catch {
            state.withLock { $0.breaker.withdrew(clock.now()) }
            throw error
        }
        do throws(AdvisorError) {
            let reply = try await exchange(prompt, secret, room)
            state.withLock { $0.breaker.succeeded() }
            let estimate = TokenUsage(prompt: prompt.tokenEstimate, completion: min(room, reply.content.utf8.count / 2 + 1))
            return Asked(id: id, reply: reply, usage: reply.usage ?? estimate)
        } catch {
            // Whether the model worked on it is not known, unless it never saw it.
            let spent = error.reachedModel ? most : TokenUsage(prompt: 0, completion: 0)
            await ledger.settle(id, tokens: spent.total, microUSD: settings.cost(spent), outcome: "failed")
            throw error
        }
    }

    private func readKey() throws(AdvisorError) -> Secret? {
        guard let key else {
            guard settings.provider.needsKey else { return nil }
            throw AdvisorError(
                .noKey, "no key for \(settings.provider.rawValue) is configured", hint: "say 'api_key_file' under 'advisor:'")
        }
        do {
            return try key()
        } catch {
            throw AdvisorError(.noKey, "\(error)")
        }
    }

    /// Sends the question; asks again without what the service says it does not know.
    private func exchange(_ prompt: Prompt, _ secret: Secret?, _ room: Int) async throws(AdvisorError) -> Reply {
        var dialect = state.withLock { $0.dialect }
        while true {
            let response: HTTPResponse
            do throws(HTTPError) {
                response = try await client.send(request(dialect, prompt, secret, room))
            } catch {
                throw fail(AdvisorError(.unreachable, error.why, hint: error.hint), retryAfter: nil)
            }
            if (200...299).contains(response.status) {
                if let refusal = Reply.Refusal(response.body.bytes) {
                    let code = refusal.isGiven ? " \(refusal.status)" : ""
                    let words = ServiceWords.shown(refusal.said, without: secret).map { ": \"\($0)\"" } ?? ""
                    throw fail(
                        Advisor.refusal(
                            refusal.status, refusal.text,
                            said: "the service answered \(response.status)\(response.byProxy) with an error\(code)\(words)"),
                        retryAfter: retryAfter(refusal, response))
                }
                if let reply = Reply.read(response.body.bytes, settings.provider) { return reply }
                let head = response.body.bytes.prefix(64)
                if head.starts(with: [0x1F, 0x8B]) {
                    throw fail(
                        AdvisorError(
                            .malformed, "the answer is compressed (gzip), which was not asked for", hint: "does a proxy in between do that?"
                        ),
                        retryAfter: nil)
                }
                if head.starts(with: "data:".utf8) || head.starts(with: "event:".utf8) {
                    throw fail(
                        AdvisorError(
                            .malformed, "the answer is a stream, which was not asked for",
                            hint: "switch streaming off in what stands in between"),
                        retryAfter: nil)
                }
                throw fail(
                    AdvisorError(
                        .malformed, "the answer is not one of \(settings.provider.rawValue)'s", hint: "check 'provider' and 'base_url'"),
                    retryAfter: nil)
            }
            // llama.cpp's server says 500 of a member that it does not know.
            let isAboutForm = [400, 422, 500].contains(response.status)
            if isAboutForm, let simpler = dialect.without(refusal: String(response.body.text.prefix(4_096))) {
                dialect = simpler
                state.withLock { $0.dialect = simpler }
                continue
            }
            let text = String(response.body.text.prefix(4_096))
            throw fail(
                Advisor.refusal(response.status, text, said: "the service answered \(response.status)\(response.byProxy)"),
                retryAfter: retryAfter(response))
        }
    }

    private func request(_ dialect: Dialect, _ prompt: Prompt, _ secret: Secret?, _ room: Int) -> HTTPRequest {
        HTTPRequest(
            .post, dialect.url, headers: dialect.headers(secret), body: dialect.body(prompt, room: room),
            timeoutMs: Int(settings.timeout.milliseconds), connectTimeoutMs: 5_000, bodyLimit: Advisor.bodyLimit,
            label: "the advisor")
    }

    private func fail(_ error: AdvisorError, retryAfter: TimeSpan?) -> AdvisorError {
        // A question that was broken off says nothing about the service.
        state.withLock { state in
            Task.isCancelled ? state.breaker.withdrew(clock.now()) : state.breaker.failed(clock.now(), retryAfter: retryAfter)
        }
        return error
    }

    // MARK: What refusals say

    /// Words of services that may be shown; what else a body says may repeat a key.
    private static let codes = [
        "insufficient_quota", "model_not_found", "invalid_api_key", "rate_limit_exceeded", "context_length_exceeded",
        "content_filter", "overloaded_error", "authentication_error", "permission_error", "not_found_error",
        "rate_limit_error", "invalid_request_error", "billing_error", "DeploymentNotFound",
    ]

    private static func refusal(_ status: Int, _ text: String, said: String) -> AdvisorError {
        let setup = SetupFault(status: status, body: text)?.hint
        let code = codes.first { text.contains(bytesOf: $0) }.map { " (\($0))" } ?? ""
        let hint: String? =
            switch status {
            case _ where setup != nil: setup
            case 300...399: "a redirect, which is not followed: check 'base_url'"
            case 401, 403: "the service does not take the key"
            case 404: "check 'base_url' and 'model'"
            case 429: "the service asks for fewer questions, or the account has no quota left"
            case 400, 422: "check 'provider' and 'model'"
            default: nil
            }
        return AdvisorError(.refused(status: status), said + code, hint: hint)
    }

    private static let longestWait = TimeSpan.hours(1)

    /// The wait that the service asks for, in seconds or until a date; at most an hour. Nil where it asks for none.
    private func retryAfter(_ response: HTTPResponse) -> TimeSpan? {
        response.headers.retryAfter(now: clock.now()).flatMap { $0 > .zero ? min($0, Advisor.longestWait) : nil }
    }

    /// The same where the refusal stands in the body; too many questions without a time rest as after a failure.
    private func retryAfter(_ refusal: Reply.Refusal, _ response: HTTPResponse) -> TimeSpan? {
        let until = refusal.resetAt.map { Timestamp(milliseconds: $0) - clock.now() }
        let wait = retryAfter(response) ?? until.flatMap { $0 > .zero ? min($0, Advisor.longestWait) : nil }
        return wait ?? (refusal.status == 429 ? .zero : nil)
    }
}

extension AdviceLedger {
    fileprivate func settle(_ asked: Advisor.Asked, _ settings: AdvisorSettings, _ outcome: String) async {
        await settle(asked.id, tokens: asked.usage.total, microUSD: settings.cost(asked.usage), outcome: outcome)
    }
}

extension AdvisorError {
    /// Whether the model may have worked on the question before it failed.
    fileprivate var reachedModel: Bool {
        switch kind {
        case .unreachable: !why.hasPrefix("connection refused") && !why.hasPrefix("the name")
        case .malformed: true
        case .refused(let status): status >= 500
        case .resolved, .budget, .resting, .noKey, .ledger: false
        }
    }
}
