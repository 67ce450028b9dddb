import Collector
import Composition
import Configuration
import Cycle
import Journal
import Model
import Policy
import Views

/// `replay`: what policies would have done on a recorded past.
enum ReplayCommand {
    static let command = Command(
        ["replay"], "What would these policies have done? A tape or the recorded history, run through them",
        discussion: "With --since the past is the journal's history of your runtimes, also while the daemon runs; with TAPE a "
            + "tape. --policies is what you try; it is compared with --against, by default what is configured (of a tape: "
            + "nothing). Nothing is asked, written or sent."
            + "\n\n"
            + "A tape is exact: the same incidents as live, byte for byte; without --policies it runs with the policies and "
            + "settings that it holds. History is exact to a minute; each report ends with what it cannot tell.",
        positionals: [Positional("TAPE", required: false, "a file that 'record' or 'run --record' wrote")],
        options: [
            Option("since", value: "SPAN|TIME", "the history of the last 7d, 36h, …, or since 2026-11-14T00:00:00Z"),
            Option("until", value: "SPAN|TIME", "up to so long ago, or up to a moment (default: now)"),
            Option("policies", value: "DIR", "folder of the policies to try"),
            Option("against", value: "DIR", "folder of the policies to compare with"),
            MonitorOptions.mode,
            Option("runtime", value: "NAME", repeats: true, "only this runtime of the history; may be given again"),
            Option("app", value: "APP_ID", "show only what is about this app"),
            MonitorOptions.state,
            Option("guard-as-configured", "of a tape: take guard limits, labels and prices from the configuration"),
        ],
        examples: [
            ("mozaiks-ops replay --since 7d --policies drafts/", "what a draft would have done last week, beside what is configured"),
            ("mozaiks-ops replay --since 7d --policies drafts/ --mode enforce --app app_clinic", "if it acted, for one app"),
            ("mozaiks-ops replay friday.tape", "a tape, with the policies of that time"),
            ("mozaiks-ops replay friday.tape --policies new/ --against old/ -o json", "two drafts on a tape, for programs"),
        ]
    ) { invocation in
        let arguments = invocation.arguments
        let report: ReplayReport
        switch (arguments.positional("TAPE"), arguments.has("since") || arguments.has("until")) {
        case (let tape?, false): report = try Replay.report(tape: tape, invocation)
        case (nil, true): report = try HistoryRun(invocation).report()
        case (nil, false):
            throw UsageError(
                "nothing to replay", hint: "name a tape, or --since 7d for the history of the configured runtimes")
        case (_, true): throw UsageError("a tape has its own time: --since and --until are for the history")
        }
        invocation.print(
            text: ReplayRendering(report: report, terminal: invocation.terminal).text, json: report.document)
        return .ok
    }
}

extension Invocation {
    /// A moment given as one, or as a span before now.
    func moment(_ option: String, now: Timestamp) throws(UsageError) -> Timestamp? {
        guard let text = arguments.value(option) else { return nil }
        if let moment = WrittenMoment.read(text, zone: zone, now: now, .past) { return moment }
        guard let span = TimeSpan(text), span >= .zero else {
            throw UsageError(
                "--\(option) '\(text)' is neither a span nor a moment", hint: "write 7d, 36h, 90m, or 2026-11-14T00:00:00Z")
        }
        return now - span
    }

    /// The policies of a folder, or everything wrong with them.
    func policies(folder: String) throws -> PolicySet {
        do {
            return try Assembly.loadPolicies(folder: folder)
        } catch {
            throw diagnosed(error.diagnostics)
        }
    }

    func mode() throws(UsageError) -> Mode? {
        guard let text = arguments.value("mode") else { return nil }
        guard let mode = Mode(rawValue: text) else { throw UsageError("--mode is observe, suggest or enforce") }
        return mode
    }
}

/// A tape run through a pipeline.
enum Replay {
    struct Outcome {
        /// In the order of opening.
        let incidents: [Incident]
        let warnings: [String]
        /// The newest report of each runtime.
        let reports: [CycleReport]
        let replay: TapeReplay
        let runtimes: [String]

        var pipeline: Pipeline { replay.pipeline }
    }

    static func report(tape path: String, _ invocation: Invocation) throws -> ReplayReport {
        let arguments = invocation.arguments
        if arguments.has("runtime") { throw UsageError("--runtime is for the history; a tape is judged whole") }
        let new = try run(tape: path, invocation: invocation)
        let old = try arguments.value("against").map { try run(tape: path, invocation: invocation, folder: $0) }
        for warning in new.warnings { complain(warning, hint: nil) }
        // Of nothing there is no story, least of all one without incidents.
        guard let from = new.replay.first else {
            throw CommandFailure("nothing is on \(path) but its beginning: nothing was judged", hint: "'record' says why a tape ends early")
        }
        if new.replay.story.ticks == 0 {
            complain("the tape has no ticks: nothing on it was judged", hint: "'record' and 'run --record' write them")
        }
        func story(_ outcome: Outcome) -> ReplayStory {
            arguments.value("app").map { outcome.replay.story.only(AppID($0)) } ?? outcome.replay.story
        }
        var caveats = [ReplayCaveat.counterfactual]
        if new.replay.passedOver > 0 || old != nil {
            caveats.append(
                "The policies and settings that the tape holds were left out: those given hold throughout.")
        }
        if new.replay.beginsWithoutDecisions { caveats.append(ReplayCaveat.beginning) }
        let name = arguments.value("policies") ?? (new.replay.followsTape ? "the policies of that time" : "the built-in policy")
        return ReplayReport(
            source: "tape \(path)", runtimes: new.runtimes, from: from, to: new.replay.last ?? from,
            judged: "\(new.replay.exchanges) exchanges, \(new.replay.story.ticks) ticks",
            gaps: (new.replay.holes.map {
                ReplayGap(runtime: $0.runtime, from: $0.from, to: $0.to, reason: "nothing on the tape")
            } + new.replay.unreadable.map(ReplayGap.init)).sorted { $0.from < $1.from },
            side: .init(name: name, story: story(new)),
            against: old.map { .init(name: arguments.value("against") ?? "", story: story($0)) }, caveats: caveats)
    }

    /// - Parameter folder: of the policies; nil: as the command line says, or else as the tape holds them.
    static func run(tape path: String, invocation: Invocation, folder: String? = nil) throws -> Outcome {
        var reader = try TapeReader(path: path)
        var settings = MonitorSettings()
        settings.telling.zone = invocation.zone
        let arguments = invocation.arguments
        let isConfigured = arguments.has("guard-as-configured")
        var policies = PolicySet.embeddedDefault
        if isConfigured {
            let configuration = try invocation.configuration()
            settings = Assembly.settings(configuration)
            policies = try invocation.policies(configuration)
        }
        let named = folder ?? arguments.value("policies")
        if let named { policies = try invocation.policies(folder: named) }
        let mode = try invocation.mode()
        if let mode { settings.mode = mode }
        // What would have landed, had there been a gate.
        settings.follow(reader.header)
        settings.channels = ["replay"]
        var replay = TapeReplay(
            settings: settings, policies: policies, followsTape: named == nil && mode == nil && !isConfigured,
            takesPlace: !isConfigured, state: reader.state)
        while let line = try reader.next() { replay.take(line) }
        let reports = settings.runtimes.compactMap { replay.newest[$0.name].flatMap { replay.pipeline.report($0) } }
        return Outcome(
            incidents: replay.story.incidents, warnings: reader.warnings + replay.warnings, reports: reports, replay: replay,
            runtimes: settings.runtimes.map(\.name))
    }
}
