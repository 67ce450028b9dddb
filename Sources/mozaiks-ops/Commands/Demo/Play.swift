import Collector
import Cycle
import Glibc
import Model
import Policy
import Simulator
import Views

/// `demo --scenario`: a scenario of the simulator, lived through in no time by the rules in force, beside what a careful
/// operator expects of it.
struct Play {
    private let invocation: Invocation

    init(_ invocation: Invocation) {
        self.invocation = invocation
    }

    /// Those that have a truth.
    static var scenarios: [Scenario] { Scenario.all.filter { $0.truth != nil } }

    func run(_ name: String) throws -> ExitCode {
        guard let scenario = Scenario.named(name), let truth = scenario.truth else {
            let names = Play.scenarios.map(\.name)
            let hint = nearest(name, in: names).map { "did you mean \($0)?" }
            throw UsageError(
                "there is no scenario '\(name)' with a truth beside it", hint: hint ?? "one of " + names.joined(separator: ", "))
        }
        let story = try story(of: scenario, truth.length)
        let outcome = ScenarioTruth.Outcome(
            opened: story.incidents.map { ($0.rule, $0.severity) }, held: PlayedScenario.held(in: story))
        let played = PlayedScenario(
            name: scenario.name, summary: scenario.summary, story: story,
            expectations: truth.judged(outcome).map { .init(isMet: $0.isMet, sentence: $0.sentence) })
        invocation.print(text: text(played), json: played.document)
        return played.expectations.allSatisfy(\.isMet) ? .ok : .failure
    }

    private func story(of scenario: Scenario, _ length: TimeSpan) throws -> ReplayStory {
        // A tape is never written over: a folder of its own, and no file in it yet.
        var template = Array("/tmp/mozaiks-ops-play-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw CommandFailure("cannot make a temporary folder: \(String(cString: strerror(errno)))")
        }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let path = folder + "/scenario.tape"
        defer {
            unlink(path)
            rmdir(folder)
        }
        var tape = SimulatedTape(scenario)
        _ = try tape.write(to: path, length: length, interval: .seconds(10))
        var reader = try TapeReader(path: path)
        var settings = MonitorSettings()
        settings.follow(reader.header)
        settings.channels = ["demo"]
        var policies = PolicySet.embeddedDefault
        if let folder = invocation.arguments.value("policies") { policies = try invocation.policies(folder: folder) }
        var replay = TapeReplay(settings: settings, policies: policies, followsTape: false)
        while let line = try reader.next() { replay.take(line) }
        return replay.story
    }

    private func text(_ played: PlayedScenario) -> String {
        let story = played.story
        let terminal = invocation.terminal
        var text = "\(terminal.paint(played.name, .bold)): \(played.summary)\n\n"
        let begin = story.first ?? Timestamp(milliseconds: 0)
        text += terminal.table(
            ["minute", "what", "of whom"],
            story.incidents.map { [Play.minute($0.openedAt, begin), "\($0.severity.rawValue): \($0.rule)", Shown.id("\($0.subject)")] }
                + story.leases.map {
                    [Play.minute($0.createdAt, begin), "\($0.effect)" + ($0.shadow ? " (would have been)" : ""), Shown.id($0.key.app.text)]
                })
        text += "\n"
        for row in played.expectations {
            text += "  \(row.isMet ? terminal.paint("yes", .green) : terminal.paint("NO ", .red))  \(row.sentence)\n"
        }
        return text
    }

    private static func minute(_ moment: Timestamp, _ begin: Timestamp) -> String { (moment - begin).brief }
}

extension Invocation {
    /// Scenarios with a line on each.
    func list(_ scenarios: [Scenario]) {
        print(
            text: terminal.table(["scenario", "what happens"], scenarios.map { [$0.name, $0.summary] }), as: .scenarios,
            json: ["scenarios": .array(scenarios.map { ["name": .string($0.name), "summary": .string($0.summary)] })])
    }
}
