import Advisor
import Ambient
import Cycle
import Engine
import Guard
import Journal
import Model

/// What the advisor asks of the core: which incidents nobody has explained yet, and to tell people what a model wrote.
extension Core {
    /// An incident is asked about while it is news.
    static let adviceWindow = TimeSpan.minutes(15)
    /// So often is a question tried that gets no answer.
    private static let adviceAttempts = 3

    /// The next incident to ask about: open, told to somebody, of at least that severity, opened a short while ago, not
    /// asked about yet; the weightiest first, then the newest. Read from what is committed.
    func nextForAdvice(_ minSeverity: Severity) -> (incident: Incident, beside: ReadingsBeside?)? {
        guard let journal else { return nil }
        let severities = Set(Severity.allCases.filter { $0 >= minSeverity })
        let filter = IncidentFilter(
            statuses: [.open], severities: severities, since: clock.now() - Core.adviceWindow, limit: 200)
        do {
            let rows = try journal.incidents(filter).sorted { ($0.severity, $0.openedAt) > ($1.severity, $1.openedAt) }
            for row in rows {
                let asked = try journal.adviceQuestions(incident: row.id).filter { $0.by == "daemon" }
                let isDone = asked.contains { $0.outcome != nil && $0.outcome != "failed" }
                guard !isDone, asked.count < Core.adviceAttempts, let incident = pipeline.engine.incident(row.id),
                    incident.resolvedAt == nil, incident.advice == nil,
                    !pipeline.news(.advice, of: row.id, at: clock.now()).isEmpty
                else { continue }
                return (incident, pipeline.beside(incident.subject))
            }
        } catch {
            logger.warning("cannot look for incidents to explain", ["cause": .text("\(error)")])
        }
        return nil
    }

    /// Puts a model's text on its incident and tells those who heard the opening, in one transaction. An incident that is
    /// over by now is left alone. False when it could not be kept.
    @discardableResult
    func deliver(_ advice: Advice, on id: String) -> Bool {
        let now = clock.now()
        guard pipeline.advise(advice, on: id, now: now), let incident = pipeline.engine.incident(id) else { return false }
        var record = TickRecord()
        record.add([incident], pipeline.news(.advice, of: id, at: now), now)
        record.audit.append(
            AuditEntry(
                at: now, actor: "advisor:\(advice.by)", kind: "advice", reason: "checked, and told as a text",
                document: JSON.object(["incident": .string(id)]).serialized()))
        record.states += pipeline.drainStates()
        // What cannot be committed now is committed with the next cycle.
        unsaved.append(record)
        return flush()
    }

    /// Reserves what a question may cost.
    func reserve(_ question: AdviceQuestion, _ budget: AdviceBudget) throws(AdvisorError) -> Int64 {
        guard let journal else { throw AdvisorError(.ledger, "there is no journal to keep the budget in") }
        return try journal.reserve(question, budget, by: "daemon", at: clock.now())
    }

    func settle(question id: Int64, _ spending: AdviceSpending, outcome: String) {
        do {
            try journal?.settleAdvice(id, spending, outcome: outcome)
        } catch {
            logger.warning("cannot write down what the model took; what was reserved counts", ["cause": .text("\(error)")])
        }
    }
}

extension Pipeline {
    /// Puts a model's text on an open incident. False when it is not open, or has one.
    mutating func advise(_ advice: Advice, on id: String, now: Timestamp) -> Bool {
        guard engine.advise(id, advice) else { return false }
        engine.note(HandlingNote(at: now, kind: .note, by: "advisor:\(advice.by)", text: advice.summary), on: id)
        return true
    }
}

extension Journal {
    /// The same for whoever holds a journal.
    public func reserve(
        _ question: AdviceQuestion, _ budget: AdviceBudget, by: String, at now: Timestamp
    ) throws(AdvisorError) -> Int64 {
        do {
            return try reserveAdvice(
                at: now, incident: question.incident, by: by, model: question.model,
                asked: AdviceSpending(tokens: question.tokens, microUSD: question.microUSD), budget: budget)
        } catch {
            switch error {
            case .budget(let why): throw AdvisorError(.budget, why, hint: "see 'budget' under 'advisor:'")
            case .journal(let error): throw AdvisorError(.ledger, "the spending cannot be written down: \(error.message)")
            }
        }
    }
}
