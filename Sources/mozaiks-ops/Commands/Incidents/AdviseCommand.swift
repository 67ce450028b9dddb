import Advisor
import Ambient
import Composition
import Configuration
import Cycle
import Glibc
import HTTP
import Journal
import Model
import Playbooks
import Views

/// `advise INCIDENT`: asks the configured model by hand, or shows what it would be asked.
enum AdviseCommand {
    static let command = Command(
        ["advise"], "Ask the configured model to explain an incident, or show what it would be sent",
        discussion:
            "Prints the checked answer, who wrote it, and what it took; with an answer that cannot be used, why. Nobody "
            + "else is told, and nothing is done. What it takes counts against the budget of 'advisor:'. Ids are sent as "
            + "names such as app_1; labels, notes and texts of tenants are never sent.\n\nExit code 1: no usable answer.",
        positionals: [Positional("INCIDENT", "the incident's short id, or enough of its whole one")],
        options: [
            Option("show-prompt", "print the request's body, byte for byte as it would be sent; send nothing; needs no key"),
            MonitorOptions.state,
        ],
        examples: [
            ("mozaiks-ops advise a3f2", "what the model makes of the incident that lists and messages call a3f2"),
            ("mozaiks-ops advise a3f2 --show-prompt | jq -r '.messages[1].content'", "what would leave this machine"),
        ]
    ) { invocation in
        let configuration = try invocation.configuration()
        guard let section = configuration.advisor else {
            throw CommandFailure(
                "no advisor is configured", hint: "say 'advisor: {provider: …, model: …}' in mozaiks-ops.yaml; see docs/advisor.md",
                code: .configuration)
        }
        let playbooks = try invocation.playbooks(configuration)
        let isDry = invocation.arguments.has("show-prompt")
        let journal = try invocation.journalForReading(configuration, mode: isDry ? .reader : .command)
        let incident = try invocation.incident(invocation.arguments.positional("INCIDENT") ?? "", in: journal)
        let beside = beside(incident, configuration, invocation, journal)
        guard !isDry else {
            let request = Advisor.preview(section, incident, beside: beside, playbooks: playbooks, now: invocation.clock.now())
            let headers = request.headers.map { "# \($0)\n" }.joined()
            let key = section.apiKey.map { "# the key: from \($0.location), not read\n" } ?? ""
            write("# POST \(request.url)\n\(headers)\(key)", to: STDERR_FILENO)
            write(String(decoding: request.body, as: UTF8.self))
            return .ok
        }
        let assembly = try invocation.assembly(configuration)
        let ledger = JournalAdviceLedger(
            folder: configuration.state.value, budget: section.budget, clock: invocation.clock, logger: invocation.logger)
        journal.close()
        guard let advisor = assembly.advisor(ledger: ledger, clock: invocation.clock) else {
            return .failure
        }
        let outcome = await advisor.advise(incident, beside: beside, playbooks: playbooks)
        await assembly.client.shutdown()
        invocation.print(
            text: text(outcome, section), json: AdviceView(outcome, of: incident, by: section.model).document)
        return outcome.advice == nil ? .failure : .ok
    }

    /// What the journal knows of the subject besides what its rule compares. Nil where it cannot be read: then the model is told
    /// less, and that is no reason not to ask it.
    private static func beside(
        _ incident: Incident, _ configuration: Configuration, _ invocation: Invocation, _ journal: Journal
    ) -> ReadingsBeside? {
        guard let policies = try? invocation.policies(configuration) else { return nil }
        return Pipeline.beside(
            incident.subject, in: journal, Assembly.settings(configuration), policies, now: invocation.clock.now())
    }

    private static func text(_ outcome: AdviceOutcome, _ section: AdvisorSettings) -> String {
        var lines: [String] = []
        switch outcome.ending {
        case .accepted(let advice, let repaired):
            lines += advice.lines.map { Shown.code($0) }
            if repaired { lines.append("Its first answer was refused: \(outcome.faults.first.map(list) ?? "").") }
        case .fallenBack:
            lines.append("No usable answer by \(section.model): the deterministic text stands.")
            for (index, faults) in outcome.faults.enumerated() { lines.append("  answer \(index + 1): \(list(faults))") }
        case .failed(let error):
            lines.append("No answer: \(Shown.code("\(error)"))")
        }
        lines.append("Took \(outcome.usage.total) tokens (\(outcome.usage.prompt) + \(outcome.usage.completion)), \(cost(outcome)).")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func list(_ faults: [Fault]) -> String { faults.prefix(4).map(\.description).joined(separator: "; ") }

    private static func cost(_ outcome: AdviceOutcome) -> String {
        outcome.microUSD.map { "\(Double($0) / 1_000_000) USD" } ?? "price not known"
    }
}

/// The journal's table of questions, beside an engine that may run: short transactions, opened for each.
struct JournalAdviceLedger: AdviceLedger {
    let folder: StateName
    let budget: AdviceBudget
    let clock: any Clock
    let logger: Logger

    func reserve(_ question: AdviceQuestion) async throws(AdvisorError) -> Int64 {
        let journal: Journal
        do throws(JournalError) {
            journal = try Journal.open(StateFolder(existing: folder), mode: .command)
        } catch {
            throw AdvisorError(.ledger, "the spending cannot be written down: \(error.message)")
        }
        defer { journal.close() }
        return try journal.reserve(question, budget, by: "cli", at: clock.now())
    }

    func settle(_ id: Int64, tokens: Int, microUSD: Int64, outcome: String) async {
        do throws(JournalError) {
            let journal = try Journal.open(StateFolder(existing: folder), mode: .command)
            defer { journal.close() }
            try journal.settleAdvice(id, AdviceSpending(tokens: tokens, microUSD: microUSD), outcome: outcome)
        } catch {
            logger.warning("cannot write down what it took; what was reserved counts", ["cause": .text(error.message)])
        }
    }
}

extension Invocation {
    /// The pages of a configuration, its own before the built-in ones.
    func playbooks(_ configuration: Configuration) throws -> PlaybookSet {
        do throws(PlaybookErrors) {
            return try Assembly.loadPlaybooks(configuration)
        } catch {
            throw diagnosed(error.diagnostics)
        }
    }
}
