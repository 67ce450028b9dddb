import Ambient
import Collector
import Composition
import Configuration
import Cycle
import Engine
import Journal
import Model
import Policy
import Signals
import Views

extension Situation {
    static let options = [
        MonitorOptions.url, MonitorOptions.state, MonitorOptions.policies,
        Option("tape", value: "FILE", "as a tape had it, instead of the journal"),
        Option("at", value: "TIME", "with --tape: the moment, as 2026-11-21T09:00:00Z or as a span from its first tick (default: its end)"),
    ]

    static func of(_ invocation: Invocation) async throws -> Situation {
        if let tape = invocation.arguments.value("tape") { return try fromTape(tape, invocation) }
        if invocation.arguments.has("at") { throw UsageError("--at needs --tape", hint: "mozaiks-ops record writes tapes") }
        if invocation.arguments.has("url") { return try await live(invocation) }
        return try fromJournal(invocation)
    }

    private static func fromJournal(_ invocation: Invocation) throws -> Situation {
        let configuration = try invocation.configuration()
        let journal = try invocation.journalForReading(configuration)
        let (policies, notes) = try policies(invocation, configuration, journal)
        let kept = try Situation.kept(
            in: journal, Assembly.settings(configuration), policies, now: invocation.clock.now(),
            source: "the journal in \(configuration.state.value)", notes: notes
        ) { complain($0, hint: nil) }
        guard var kept else {
            throw CommandFailure(
                "nothing was judged yet: the journal in \(configuration.state.value) is empty",
                hint: "start 'mozaiks-ops run' or 'check', or look with --url or --tape")
        }
        if let files = Pipeline.policiesInForce(in: journal), contents(policies.files) != contents(files) {
            kept.isOfDraft = true
            kept.notes.append(
                "these policies are not in force: where a rule stands is what it makes of the readings kept last, and its time begins here")
        }
        return kept
    }

    /// The policies by which was decided: not those on the disk, which may have changed since, unless they are asked for.
    private static func policies(
        _ invocation: Invocation, _ configuration: Configuration, _ journal: Journal
    ) throws -> (PolicySet, notes: [String]) {
        guard !invocation.arguments.has("policies"), let files = Pipeline.policiesInForce(in: journal),
            let inForce = try? PolicyLoader.load(files: files).get()
        else { return (try invocation.policies(configuration), []) }
        let place = configuration.policies.value ?? "the program itself"
        let advice = "a reload or a restart puts them in force; --policies DIR explains by a folder"
        guard let onDisk = try? Assembly.loadPolicies(configuration) else {
            return (inForce, ["the policies in \(place) have errors; this goes by those in force ('policy check' names them)"])
        }
        guard contents(onDisk.files) != contents(inForce.files) else { return (inForce, []) }
        return (inForce, ["the policies in \(place) differ from those in force, by which this goes; \(advice)"])
    }

    /// By file name: a daemon may call their folder otherwise than whoever asks.
    private static func contents(_ files: [PolicyFile]) -> [String: [UInt8]] {
        Dictionary(files.map { (String($0.path.split(separator: "/").last ?? ""), $0.bytes) }) { first, _ in first }
    }

    private static func live(_ invocation: Invocation) async throws -> Situation {
        let assembly = try invocation.assembly(try invocation.watchingConfiguration())
        let (pipeline, ticks) = await invocation.lookOnce(assembly)
        return Situation(pipeline: pipeline, ticks: ticks, source: "one poll, now")
    }

    private static func fromTape(_ path: String, _ invocation: Invocation) throws -> Situation {
        var reader = try TapeReader(path: path)
        var settings = MonitorSettings()
        // The policy's own mode holds, and there is a gate.
        settings.mode = .enforce
        settings.telling.zone = invocation.zone
        settings.follow(reader.header)
        let policies: PolicySet
        if let folder = invocation.arguments.value("policies") {
            do {
                policies = try Assembly.loadPolicies(folder: folder)
            } catch {
                throw invocation.diagnosed(error.diagnostics)
            }
        } else {
            policies = try invocation.policies(invocation.configuration())
        }
        var replay = TapeReplay(settings: settings, policies: policies, followsTape: false, state: reader.state)
        var ticks: [TickResult] = []
        var end: Timestamp?
        while let line = try reader.next() {
            if case .tick(let at, _, _) = line {
                if end == nil { end = try moment(invocation, first: at) }
                if let end, at > end { break }
            }
            guard let tick = replay.take(line) else { continue }
            ticks.removeAll { $0.runtime == tick.runtime }
            ticks.append(tick)
        }
        guard !ticks.isEmpty else { throw CommandFailure("\(path) holds no tick up to then: nothing was decided on it") }
        return Situation(pipeline: replay.pipeline, ticks: ticks, source: path)
    }

    /// The moment of `--at`; the far future without it.
    private static func moment(_ invocation: Invocation, first: Timestamp) throws(UsageError) -> Timestamp {
        guard let text = invocation.arguments.value("at") else { return Timestamp(milliseconds: .max) }
        if let moment = WrittenMoment.read(text, zone: invocation.zone, now: first) { return moment }
        if let span = TimeSpan(text) { return first + span }
        throw UsageError("--at '\(text)' is no moment", hint: "write 2026-11-21T09:00:00Z, or 5m from the first tick")
    }
}

extension Invocation {
    /// Asks every replica for everything, once, and judges it. Nothing is kept; what was asked with is shut down.
    func lookOnce(_ assembly: Assembly) async -> (pipeline: Pipeline, ticks: [TickResult]) {
        var pipeline = Pipeline(settings: assembly.settings, policies: assembly.policies)
        let poller = assembly.poller(clock: clock, logger: logger)
        var ticks: [TickResult] = []
        func judge(_ target: Target, by observations: [Observation]) {
            for observation in observations { pipeline.take(observation) }
            if let tick = pipeline.tick(target.runtime, now: clock.now()) { ticks.append(tick) }
        }
        for target in assembly.targets where target.kind == .runtime {
            judge(target, by: await poller.look(at: target, target.whole))
        }
        for (target, seen) in await poller.lookBeside(assembly.targets) { judge(target, by: seen) }
        await assembly.client.shutdown()
        return (pipeline, ticks)
    }
}
