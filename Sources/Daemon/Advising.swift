import Advisor
import Ambient
import Journal
import Model
import Playbooks

/// Asks the model about new incidents, one at a time, beside everything else. The deterministic message is committed and on
/// its way before a question is asked; whatever the model does or fails to do changes nothing but whether a text follows.
public struct Advising: Sendable {
    private let advisor: Advisor
    private let core: Core
    private let playbooks: PlaybookSet
    private let minSeverity: Severity
    private let clock: any Clock
    private let logger: Logger
    /// How often is looked without being rung for.
    private static let rest = TimeSpan.seconds(30)

    public init(
        advisor: Advisor, core: Core, playbooks: PlaybookSet, minSeverity: Severity, clock: any Clock, logger: Logger
    ) {
        self.advisor = advisor
        self.core = core
        self.playbooks = playbooks
        self.minSeverity = minSeverity
        self.clock = clock
        self.logger = logger
    }

    /// Asks whenever there is something to ask, until the task is cancelled. A question that is under way then is broken
    /// off; what it may have cost stays reserved.
    public func run(bell: Bell) async {
        var said: String?
        while !Task.isCancelled {
            var goesOn = true
            while goesOn, !Task.isCancelled { goesOn = await askOne(&said) }
            await bell.wait(atMost: Advising.rest, clock: clock)
        }
    }

    /// One incident. False when there is none to ask about, or asking is of no use for now.
    func askOne(_ said: inout String?) async -> Bool {
        guard advisor.restsUntil == nil, let (incident, beside) = await core.nextForAdvice(minSeverity) else { return false }
        let outcome = await advisor.advise(incident, beside: beside, playbooks: playbooks)
        if Task.isCancelled { return false }
        let id = incident.id
        let model = LogValue.text(advisor.settings.model)
        let tokens = LogValue.integer(Int64(outcome.usage.total))
        switch outcome.ending {
        case .accepted(let advice, let repaired):
            said = nil
            let isTold = await core.deliver(advice, on: id)
            logger.info(
                isTold ? "advice told" : "advice kept back: the incident is over, or it cannot be kept",
                ["incident": .text(id), "model": model, "tokens": tokens, "repaired": .flag(repaired)])
        case .fallenBack:
            said = nil
            let faults = outcome.faults.last?.prefix(3).map(\.description).joined(separator: "; ") ?? ""
            logger.info(
                "the model's answers were refused, the deterministic text stands",
                ["incident": .text(id), "model": model, "tokens": tokens, "why": .text(faults)])
        case .failed(let error):
            // Said once, until it is another reason or goes well again.
            if said != error.why { logger.warning("no advice", ["incident": .text(id), "why": .text("\(error)")]) }
            said = error.why
            return false
        }
        return true
    }
}

/// The journal's table of questions, through the core that owns it.
public struct CoreAdviceLedger: AdviceLedger {
    private let core: Core
    private let budget: AdviceBudget

    public init(core: Core, budget: AdviceBudget) {
        self.core = core
        self.budget = budget
    }

    public func reserve(_ question: AdviceQuestion) async throws(AdvisorError) -> Int64 {
        try await core.reserve(question, budget)
    }

    public func settle(_ id: Int64, tokens: Int, microUSD: Int64, outcome: String) async {
        await core.settle(question: id, AdviceSpending(tokens: tokens, microUSD: microUSD), outcome: outcome)
    }
}
