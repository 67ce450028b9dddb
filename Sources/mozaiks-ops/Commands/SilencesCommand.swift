import Composition
import Configuration
import Cycle
import Digest
import JSONParsing
import Journal
import Model
import Policy
import Telling
import Views

/// `silences add|list|expire`: holding messages and actions back for what is known.
enum SilencesCommand {
    static let add = Command(
        ["silences", "add"], "Hold back messages and new actions of some incidents for a while",
        discussion: "Incidents are still opened and recorded, and say by which silence they are held back. What is still open when "
            + "the silence ends is told then. Whoever heard of an opening hears of its end, silence or not.\n\n"
            + "All that is given must fit; '*' stands for any text, '?' for one character, '[*]' and '[?]' for themselves. Taken by the running engine at its next tick, or by the "
            + "next check.",
        options: match + [
            Option("for", value: "SPAN", "so long, such as 2h"),
            Option("until", value: "TIME", "until then: 23:30, 2026-11-21T18:00, 2026-11-21T18:00:00Z"),
            Option("until-resolved", "until nothing that is open now and fits is open any more"),
            Option("comment", value: "TEXT", "why, for everybody who looks"), MonitorOptions.state,
        ],
        examples: [
            ("mozaiks-ops silences add --app app_clinic --rule noisy-neighbor --for 2h --comment 'load test'", "one rule on one app"),
            (
                "mozaiks-ops silences add --rule 'provider-*' --until-resolved --comment 'the provider knows'",
                "a known fault, until it is over"
            ),
            ("mozaiks-ops silences add --rule '*' --for 30m --comment deploy", "everything"),
        ]
    ) { invocation in
        let match = try match(invocation)
        guard !match.isEmpty else {
            throw UsageError("say what to silence", hint: "--app, --rule, --runtime, --severity, --label or --incident; --rule '*' for all")
        }
        let arguments = invocation.arguments
        let now = invocation.clock.now()
        let ends = [arguments.value("for") != nil, arguments.value("until") != nil, arguments.has("until-resolved")]
        guard ends.filter({ $0 }).count == 1 else {
            throw UsageError("say when it ends, once", hint: "--for 2h, --until TIME or --until-resolved")
        }
        var until = try invocation.span("for").map { now + $0 }
        if let text = arguments.value("until") {
            let zone = invocation.zone
            guard let moment = WrittenMoment.read(text, zone: zone, now: now, .future) else {
                throw UsageError(
                    "--until '\(text)' is not a moment",
                    hint: "such as 23:30 or 2026-11-21T18:00 by the clocks of \(zone), or 2026-11-21T18:00:00Z")
            }
            until = moment
        }
        if let until, until <= now { throw UsageError("its end, \(invocation.zone.text(until)), is past") }
        let comment = invocation.comment ?? ""
        if let configuration = try? invocation.loadConfiguration(), let policies = try? Assembly.loadPolicies(configuration) {
            let apps = match.apps.isEmpty ? [] : seenApps(configuration)
            let strangers = Strangers(configuration, policies)
            for stranger in strangers.find(in: match, apps: apps) + strangers.elsewhere(in: match) {
                complain(stranger.ofSilence, hint: stranger.hintOnPatterns)
            }
        }
        let words = ["\(match)", "\(until?.milliseconds ?? 0)", comment, invocation.user, "\(now.milliseconds)"]
        let id = "silence-" + SHA256.hex(Array(words.joined(separator: "\0").utf8)).prefix(16)
        return try await invocation.ask(
            Commands.addSilence,
            [
                "id": .string(id), "match": match.document, "until": .moment(until), "comment": .string(comment),
            ], naming: ("silence", id))
    }

    /// The apps that whoever polled has seen; empty where nothing is known.
    static func seenApps(_ configuration: Configuration) -> [AppID] {
        guard let folder = try? StateFolder(existing: configuration.state.value), let journal = try? Journal.open(folder, mode: .reader)
        else { return [] }
        // Where none is configured, as where the daemon alone has the variable, all that the journal knows count.
        let runtimes = configuration.runtimes.map(\.name)
        return KnownNames.apps(seenIn: journal, on: runtimes.isEmpty ? nil : runtimes)
    }

    static let list = Command(
        ["silences", "list"], "List silences in force and hours of maintenance, or all silences",
        options: [Option("all", "also those that are over, for 30 days"), MonitorOptions.state],
        examples: [
            ("mozaiks-ops silences list", "what is held back now, by whom, until when and why"),
            ("mozaiks-ops silences list --all -o json", "for a script"),
        ]
    ) { invocation in
        let configuration = try invocation.configuration()
        let journal = try invocation.journalForReading(configuration)
        let zone = configuration.telling.zone
        let list = try SilenceList(
            journal, configuration.telling, all: invocation.arguments.has("all"), now: invocation.clock.now())
        invocation.print(text: invocation.rendering(zone: zone).silences(list, zone: zone), json: list.document)
        return .ok
    }

    static let expire = Command(
        ["silences", "expire"], "End a silence now",
        discussion: "What it held back and is still open is told at the next tick.",
        positionals: [Positional("SILENCE", "the silence's id, or enough of its beginning")],
        options: [MonitorOptions.state],
        examples: [("mozaiks-ops silences expire silence-5f2c", "the silence whose id begins so")]
    ) { invocation in
        let named = (invocation.arguments.positional("SILENCE") ?? "").lowercased()
        let now = invocation.clock.now()
        let journal = try invocation.journalForReading(invocation.configuration())
        let active = try KeptDecisions(journal).telling.silences.filter { $0.isActive(now) }
        let found = active.filter { $0.id.utf8.starts(with: named.utf8) }
        let exact = found.first { $0.id == named }
        guard let id = exact?.id ?? found.first?.id else {
            throw CommandFailure(
                "no silence '\(Shown.id(named))' is in force",
                hint: UnknownName.hint(named, known: active.map(\.id), list: "mozaiks-ops silences list"))
        }
        guard exact != nil || found.count == 1 else {
            throw CommandFailure(
                "'\(Shown.id(named))' is the beginning of several silences", hint: "it could be " + found.map(\.id).joined(separator: ", "))
        }
        return try await invocation.ask(Commands.expireSilence, ["silence": .string(id)], naming: ("silence", id))
    }

    private static let match = [
        Option("app", value: "APP_ID", repeats: true, "of this app"),
        Option("rule", value: "RULE", repeats: true, "of this rule"),
        Option("runtime", value: "NAME", repeats: true, "on this runtime"),
        Option("severity", value: "SEVERITY", repeats: true, "info, warning or critical"),
        Option("label", value: "NAME=VALUE", repeats: true, "with this label"),
        Option("incident", value: "ID", "this incident alone (its short id, or enough of its whole one)"),
    ]

    private static func match(_ invocation: Invocation) throws -> IncidentMatch {
        let arguments = invocation.arguments
        func globs(_ option: String) -> [Glob] { arguments.all(option).map { Glob($0) } }
        var match = IncidentMatch(apps: globs("app"), rules: globs("rule"), runtimes: globs("runtime"))
        match.severities = try arguments.all("severity").flatMap { $0.split(separator: ",") }.map { word in
            guard let severity = Severity(rawValue: String(word)) else {
                throw UsageError("--severity '\(word)' is none", hint: "one of info, warning, critical")
            }
            return severity
        }
        for text in arguments.all("label") {
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw UsageError("--label '\(text)' is no label", hint: "such as tier=gold")
            }
            match.labels[String(text[..<equals]), default: []].append(Glob(String(text[text.index(after: equals)...])))
        }
        if let id = arguments.value("incident") {
            let journal = try invocation.journalForReading(invocation.configuration())
            match.incident = try invocation.incident(id, in: journal).id
        }
        return match
    }
}

extension Invocation {
    /// Leaves a command for the engine and says what came of it; with a journal that nothing was written to yet, too.
    func ask(_ kind: String, _ document: JSON, naming: (key: String, id: String)) async throws -> ExitCode {
        let configuration = try configuration()
        let journal = try journalForReading(configuration, mode: .command)
        tellWhose(journal, configuration)
        let id = try journal.appendCommand(
            at: clock.now(), actor: "cli:\(user)", kind: kind, arguments: document.serialized())
        let folder = try StateFolder(existing: configuration.state.value)
        let result = try await result(of: id, in: journal, folder: folder)
        let noted = "\(naming.id): \(self.noted(by: folder))"
        print(
            text: rendering(zone: configuration.telling.zone).readable(result ?? noted) + "\n",
            json: AskedCommand(id, result: result, about: naming).document)
        return result?.hasPrefix("not ") == true ? .failure : .ok
    }

    /// Where several monitors share the work: that what is asked here another shard's engine takes, and none of this one.
    func tellWhose(_ journal: Journal, _ configuration: Configuration) {
        guard let kept = (try? journal.shard()) ?? nil, let folder = try? StateFolder(existing: configuration.state.value),
            Journal.fault(of: kept, for: configuration.shard?.value, in: folder) != nil
        else { return }
        let own = configuration.shard.map { "shard \($0.value)" } ?? "none of several"
        complain(
            "this is the state of shard \(kept), and this command was told to be \(own): it is asked of shard \(kept) alone",
            hint: "say --state of the other shard's, or MOZAIKS_OPS_SHARD=\(kept) where it is meant")
    }
}
