import Foundation
import Model
import Testing
import YAML

@testable import Policy

/// Readings by the series' text; what is not named is missing `too_little_data`.
struct FixedReadings: ReadingSource {
    let slots: [Evidence]
    var localHour: LocalHour?
    /// By name.
    var labels: [String: String] = [:]
    private let tests: [Int: LabelTest]

    init(_ condition: CompiledCondition, _ values: [String: Evidence]) {
        let count = (condition.readings.map(\.slot).max() ?? -1) + 1
        var slots = [Evidence](repeating: .missing(.tooLittleData), count: count)
        for reading in condition.readings {
            if let value = values[reading.series.description] { slots[reading.slot] = value }
        }
        self.slots = slots
        tests = Dictionary(uniqueKeysWithValues: condition.labels.map { ($0.index, $0.test) })
    }

    func label(_ test: Int) -> KnownLabel? {
        tests[test].flatMap { LabelBook(tests: [$0], runtime: labels).answers()[0] }
    }

    func reading(_ slot: Int) -> Evidence { slots[slot] }
}

/// Compiles one condition as a rule of a policy would, at line 1 of `condition`.
enum Compiling {
    static let thresholds: [(String, String)] = [
        ("noisy_share", "40%"), ("noisy_min_runs", "10"), ("max_active_runs", "200"), ("token_spike", "3"),
        ("slow", "1.5s"), ("burn", "2000/min"),
    ]

    static func compile(_ text: String, _ subject: SubjectKind = .app) -> Result<CompiledCondition, ConditionFaults> {
        let origin = Origin(file: "condition", line: 1)
        let known = thresholds.compactMap { name, text in
            Quantity(text).map { Threshold(name: name, value: $0.value, unit: $0.unit, text: text, origin: origin) }
        }
        let context = ConditionContext(
            subject: subject, window: .minutes(5),
            thresholds: Dictionary(uniqueKeysWithValues: known.map { ($0.name, $0) }),
            faultyThresholds: [], origin: origin)
        var demand = DemandTable()
        var used: Set<String> = []
        return ConditionCompiler.compile(text, context, demand: &demand, used: &used)
    }

    /// What a person reads about a faulty condition; empty when there is no fault.
    static func faults(_ text: String, _ subject: SubjectKind = .app) -> String {
        guard case .failure(let faults) = compile(text, subject) else { return "" }
        let reporter = Reporter(source: SourceText(file: "condition", bytes: Array(text.utf8)))
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let node = YAMLNode(
            content: .scalar(text, .plain), start: Mark(line: 1, column: 1),
            end: Mark(line: lines.count, column: (lines.last?.unicodeScalars.count ?? 0) + 1))
        for fault in faults.all { Sourced(node: node, reporter: reporter).report(fault, text) }
        return reporter.diagnostics.map(\.description).joined(separator: "\n")
    }
}

extension Compiling {
    /// That a condition is refused, with these words among others, and that one fault is said once.
    static func expect(_ text: String, _ subject: SubjectKind, says said: String, _ place: SourceLocation = #_sourceLocation) {
        let read = faults(text, subject)
        #expect(read.contains(said), "\(read)", sourceLocation: place)
        #expect(read.split(separator: "\n").count { $0.contains("error[") } == 1, "\(read)", sourceLocation: place)
    }
}

/// A runtime with apps, each with one reading for all slots.
struct AppReadings: ReadingSource {
    var apps: [Evidence]
    var floors: [Double?] = []
    var own: Evidence = .value(100)
    var empty: MissingReason?
    var row: Int?

    func reading(_ slot: Int) -> Evidence { row.map { apps[$0] } ?? own }
    func floor(_ slot: Int) -> Double? { row.flatMap { floors.indices.contains($0) ? floors[$0] : nil } }
    var appCount: Int { apps.count }
    func app(at row: Int) -> AppReadings {
        var view = self
        view.row = row
        return view
    }
    func emptyReason(_ slot: Int) -> MissingReason? { empty }

    /// Whatever the gaps among some apps turn out to be: what was said before is said still. False where nothing was said.
    static func standsBy(_ text: String, apps most: Int, _ dice: inout Dice) throws -> Bool {
        let condition = try Compiling.compile(text, .runtime).get()
        let apps: [Evidence] = (0..<1 + dice.roll(most)).map { _ in dice.roll(3) == 0 ? .missing(.stale) : .value(Double(dice.roll(12))) }
        let said = condition.evaluate(AppReadings(apps: apps))
        guard said.isKnown else { return false }
        let filled = apps.map { $0.value == nil ? Evidence.value(Double(dice.roll(12))) : $0 }
        #expect(condition.evaluate(AppReadings(apps: filled)) == said, "\(text) of \(apps), then \(filled)")
        return true
    }
}

/// Files beside the tests.
enum Beside {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    static let repository = folder.deletingLastPathComponent().deletingLastPathComponent()

    static func folders(_ name: String) -> [String] {
        let url = folder.appendingPathComponent(name)
        return ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted()
    }

    static func policyFiles(_ path: String) throws -> [PolicyFile] {
        let url = folder.appendingPathComponent(path)
        return try FileManager.default.contentsOfDirectory(atPath: url.path).sorted().filter { $0.hasSuffix(".yaml") }
            .map {
                PolicyFile(path: $0, bytes: Array(try Data(contentsOf: url.appendingPathComponent($0))))
            }
    }

    /// The golden text; with `MOZAIKS_RECORD` set it is written anew, and the test fails for that run.
    static func golden(_ path: String, is text: String) throws -> Bool {
        let url = folder.appendingPathComponent(path)
        if ProcessInfo.processInfo.environment["MOZAIKS_RECORD"] != nil {
            try Data(text.utf8).write(to: url)
            return false
        }
        return try Data(contentsOf: url) == Data(text.utf8)
    }
}
