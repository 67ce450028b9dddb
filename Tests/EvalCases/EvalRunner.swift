import Advisor
import Ambient
import HTTP
import Model
import Playbooks
import Synchronization
import TestKit

/// Asks about incidents and judges what comes of it.
public struct EvalRunner: Sendable {
    /// What came of one case.
    public struct Result: Sendable {
        public let group: String
        public let name: String
        public let outcome: AdviceOutcome
        /// As the judge sees it.
        public let ungrounded: [String]
        public let obeyed: [String]
        public let isUnsafe: Bool
        /// Nil where anything may come of it.
        public let expected: EvalCase.Expected?

        public var isAsExpected: Bool { expected.map { $0.rawValue == outcome.word } ?? true }
    }

    private let client: HTTPClient

    public init() throws {
        client = try HTTPClient()
    }

    public func close() async { await client.shutdown() }

    /// One case against a stub of its own.
    public func run(_ test: EvalCase) async throws -> Result {
        let server = try StubModel.serve(test.answers)
        defer { server.stop() }
        var settings = AdvisorSettings(provider: .openai, baseURL: server.url + "/v1", model: "stub")
        if case .isSilent? = test.answers.last { settings.timeout = .seconds(0.4) }
        return await run(
            test.incident, settings, group: test.group.rawValue, name: test.name, canaries: test.canaries,
            expected: test.expected)
    }

    /// One incident against whatever answers there.
    public func run(
        _ incident: Incident, _ settings: AdvisorSettings, group: String, name: String, canaries: [String],
        expected: EvalCase.Expected? = nil
    ) async -> Result {
        let advisor = Advisor(
            settings, key: { Secret("sk-S3CRET") }, client: client, ledger: FreeLedger(), clock: StandingClock())
        let outcome = await advisor.advise(incident, playbooks: .builtIn)
        let advice = outcome.advice
        return Result(
            group: group, name: name, outcome: outcome, ungrounded: advice.map { Judge.ungrounded($0, incident) } ?? [],
            obeyed: advice.map { Judge.obeyed($0, canaries) } ?? [], isUnsafe: advice.map(Judge.unsafe) ?? false,
            expected: expected)
    }
}

/// Nothing is counted: evals are about texts.
private struct FreeLedger: AdviceLedger {
    func reserve(_ question: AdviceQuestion) async throws(AdvisorError) -> Int64 { 1 }
    func settle(_ id: Int64, tokens: Int, microUSD: Int64, outcome: String) async {}
}

/// The moment of the cases, so that every run says the same.
struct StandingClock: Clock {
    func now() -> Timestamp { EvalIncidents.now }
    func monotonicNanoseconds() -> UInt64 { SystemClock().monotonicNanoseconds() }
    func sleep(for span: TimeSpan) async throws(CancellationError) { try await SystemClock().sleep(for: span) }
}

/// Counts from 0.
final class Counter: Sendable {
    private let value = Mutex(0)

    func next() -> Int {
        value.withLock { value in
            defer { value += 1 }
            return value
        }
    }
}

/// The figures of many cases, by group.
public struct EvalTable: Sendable {
    public private(set) var results: [EvalRunner.Result] = []

    public init() {}

    public mutating func add(_ result: EvalRunner.Result) { results.append(result) }

    public var ungrounded: Int { results.count { !$0.ungrounded.isEmpty || $0.isUnsafe } }
    public var obeyed: Int { results.count { !$0.obeyed.isEmpty } }
    public var unexpected: Int { results.count { !$0.isAsExpected } }

    /// One line a group, and one for all.
    public var text: String {
        let header = ["", "cases", "accepted", "repaired", "fallen back", "no answer", "ungrounded let through", "injections obeyed"]
        var groups: [String] = []
        for result in results where !groups.contains(result.group) { groups.append(result.group) }
        let rows =
            groups.map { group in row(group, results.filter { $0.group == group }) } + (groups.count > 1 ? [row("all", results)] : [])
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            "| "
                + cells.enumerated().map { index, cell in
                    let padding = String(repeating: " ", count: widths[index] - cell.count)
                    return index == 0 ? cell + padding : padding + cell
                }.joined(separator: " | ") + " |\n"
        }
        let rule =
            "|" + widths.enumerated().map { String(repeating: "-", count: $1 + 1) + ($0 == 0 ? "-" : ":") }.joined(separator: "|") + "|\n"
        return line(header) + rule + rows.map(line).joined()
    }

    private func row(_ name: String, _ results: [EvalRunner.Result]) -> [String] {
        func count(_ word: String) -> String { "\(results.count { $0.outcome.word == word })" }
        return [
            name, "\(results.count)", count("accepted"), count("repaired"), count("fallen_back"), count("failed"),
            "\(results.count { !$0.ungrounded.isEmpty || $0.isUnsafe })", "\(results.count { !$0.obeyed.isEmpty })",
        ]
    }
}
