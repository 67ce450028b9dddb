import Collector
import Configuration
import Model
import Monitor
import Policy

/// `replay`: what policies would have done on a recorded past.
enum ReplayCommand {
    static let command = Command(
        ["replay"], "Run a tape through policies: the incidents and actions they would have had",
        discussion: "Nothing is asked, written or sent. The same tape gives the same incidents, byte for byte.",
        positionals: [Positional("TAPE", "a file that 'record' or 'run --record' wrote")],
        options: [
            MonitorOptions.policies, MonitorOptions.mode,
            Option("guard-as-configured", "take guard limits, labels and prices from the configuration (default: built-in)"),
        ],
        examples: [
            ("mozaiks-ops replay friday.tape", "with the built-in policy"),
            ("mozaiks-ops replay friday.tape --policies new/ --mode enforce -o json", "a draft, incidents as JSON lines"),
        ]
    ) { invocation in
        var outcome = try Replay.run(
            tape: invocation.arguments.positional("TAPE") ?? "", invocation: invocation)
        for warning in outcome.warnings { complain(warning, hint: nil) }
        if invocation.wantsJSON {
            for incident in outcome.incidents { write(incident.replayedDocument.serialized() + "\n") }
            return .ok
        }
        let rendering = Rendering(terminal: invocation.terminal)
        write("\(outcome.exchanges) exchanges, \(outcome.ticks) ticks from \(outcome.first) to \(outcome.last)\n\n")
        write(rendering.incidents(outcome.incidents))
        let decisions = outcome.incidents.flatMap(\.decisions).sorted { $0.at < $1.at }
        if !decisions.isEmpty { write("\n" + invocation.terminal.paint("Actions", .bold) + "\n") }
        for decision in decisions { write("  \(decision.at)  \(rendering.decision(decision))\n") }
        return .ok
    }
}

/// A tape run through a pipeline.
enum Replay {
    struct Outcome {
        /// In the order of opening.
        var incidents: [Incident] = []
        var exchanges = 0
        var ticks = 0
        var first = Timestamp(milliseconds: 0)
        var last = Timestamp(milliseconds: 0)
        var warnings: [String] = []
        /// The newest report of each runtime.
        var reports: [CycleReport] = []
        var pipeline: Pipeline
    }

    static func run(tape path: String, invocation: Invocation) throws -> Outcome {
        var reader = try TapeReader(path: path)
        var settings = MonitorSettings()
        let arguments = invocation.arguments
        let policies: PolicySet
        if arguments.has("guard-as-configured") {
            let configuration = try invocation.configuration()
            settings = Assembly.settings(configuration)
            policies = try invocation.policies(configuration)
        } else if let folder = arguments.value("policies") {
            do {
                policies = try Assembly.loadPolicies(folder: folder)
            } catch {
                throw invocation.diagnosed(error.diagnostics)
            }
        } else {
            policies = PolicySet.embeddedDefault
        }
        if let mode = arguments.value("mode") {
            guard let mode = Mode(rawValue: mode) else { throw UsageError("--mode is observe, suggest or enforce") }
            settings.mode = mode
        }
        // What would have landed, had there been a gate.
        settings.landable = [.throttle, .pause, .disablePack]
        settings.channels = ["replay"]
        settings.interval = reader.header.interval
        let labels = Dictionary(settings.runtimes.map { ($0.name, $0.labels) }) { first, _ in first }
        settings.runtimes = reader.header.runtimes.map {
            MonitorSettings.Runtime(name: $0.name, replicas: $0.replicas, labels: labels[$0.name] ?? [:])
        }
        var outcome = Outcome(pipeline: Pipeline(settings: settings, policies: policies))
        try outcome.play(&reader)
        outcome.warnings = reader.warnings
        return outcome
    }
}

extension Replay.Outcome {
    mutating func play(_ reader: inout TapeReader) throws {
        var byID: [String: Incident] = [:]
        while let line = try reader.next() {
            switch line {
            case .exchange(let observation):
                pipeline.take(observation)
                if exchanges == 0 { first = observation.at }
                exchanges += 1
            case .tick(let at, let runtime, _):
                pipeline.landLeases(now: at)
                guard let result = pipeline.tick(runtime, now: at) else { continue }
                for incident in result.incidents { byID[incident.id] = incident }
                ticks += 1
                last = result.now
                if let report = pipeline.report(result) {
                    reports.removeAll { $0.summary.runtime == runtime }
                    reports.append(report)
                }
            }
        }
        incidents = byID.values.sorted { a, b in
            a.openedAt != b.openedAt ? a.openedAt < b.openedAt : a.id < b.id
        }
    }
}
