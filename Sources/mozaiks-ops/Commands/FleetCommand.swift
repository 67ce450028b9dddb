import Composition
import Configuration
import Cycle
import Journal
import Model
import Policy
import Views

/// `runtimes list`, `apps list`: which data plane serves whom.
enum FleetCommand {
    static let runtimes = Command(
        ["runtimes", "list"], "List the runtimes: who their replicas are, what they are called, how many apps they serve",
        discussion: "From the configuration and from what whoever polls has kept: nothing is polled. Labels are the runtime's own, and "
            + "those that all its replicas have where they are found (file_sd, http_sd).",
        options: [MonitorOptions.state],
        examples: [
            ("mozaiks-ops runtimes list", "every runtime with its labels and replicas"),
            ("mozaiks-ops runtimes list -o json | jq -r '.runtimes[] | [.runtime, .labels.tier] | @tsv'", "for a script"),
        ]
    ) { invocation in
        let fleet = try fleet(invocation)
        invocation.print(text: text(fleet, invocation.rendering()), json: fleet.document)
        return .ok
    }

    static let apps = Command(
        ["apps", "list"], "List the apps, each with the runtime that serves it",
        discussion: "An app is listed for a day after its runtime last showed it, once for each runtime that did. Labels are those of the "
            + "app's own policy, then its runtime's.",
        options: [
            Option("app", value: "APP_ID", "this app alone: which data plane serves it"),
            Option("runtime", value: "RUNTIME", "the apps of this runtime"), MonitorOptions.state,
        ],
        examples: [
            ("mozaiks-ops apps list --app app-shop", "which data plane serves it"),
            ("mozaiks-ops apps list --runtime shared", "who shares that runtime"),
            ("mozaiks-ops apps list -o json | jq -r '.apps[] | [.app, .runtime, .labels.region] | @tsv'", "for a script"),
        ]
    ) { invocation in
        let fleet = try fleet(invocation)
        let runtime = invocation.arguments.value("runtime")
        let known = fleet.runtimes.map(\.name)
        if let runtime, !known.contains(where: { $0.isSame(as: runtime) }) {
            throw CommandFailure.unknown("runtime", runtime, known: known, list: "mozaiks-ops runtimes list")
        }
        let app = invocation.arguments.value("app").map { AppID($0) }
        let placements = fleet.placements(app: app, runtime: runtime)
        if let app, placements.isEmpty {
            let known = fleet.placements(runtime: runtime).map(\.app.text)
            throw CommandFailure.unknown("app", app.text, known: known, list: "mozaiks-ops apps list")
        }
        invocation.print(text: text(placements, invocation.rendering()), json: Fleet.document(placements))
        return .ok
    }

    private static func fleet(_ invocation: Invocation) throws -> Fleet {
        let configuration = try invocation.configuration()
        var journal: Journal?
        do {
            journal = try invocation.journalForReading(configuration)
        } catch {
            // Who is configured stands there all the same.
            guard !configuration.runtimes.isEmpty else { throw error }
            complain("nothing is known yet of apps and of who answers: \(error)", hint: nil)
        }
        let files = journal.flatMap { Pipeline.policiesInForce(in: $0) }
        let policies = files.flatMap { try? PolicyLoader.load(files: $0).get() } ?? (try? Assembly.loadPolicies(configuration))
        return try Fleet(
            configuration.runtimes.map { ($0.watched, $0.finding?.shown) }, in: journal, policies: policies
        ) { complain($0, hint: nil) }
    }

    private static func text(_ fleet: Fleet, _ rendering: Rendering) -> String {
        guard !fleet.runtimes.isEmpty else { return "no runtime is configured, and none was polled\n" }
        let table = rendering.terminal.table(
            ["runtime", "replicas", "healthy", "found by", "labels", "apps", "polled"],
            fleet.runtimes.map { runtime in
                let healthy = runtime.sight.map { "\($0.summary.replicas.count { $0.isHealthy == true })" } ?? "-"
                return [
                    runtime.name, "\(runtime.replicas.count)", healthy, runtime.foundBy ?? "-",
                    runtime.labels.isEmpty ? "-" : Fleet.text(runtime.labels), runtime.sight == nil ? "-" : "\(runtime.apps.count)",
                    runtime.sight.map { rendering.moment($0.polledAt) } ?? "never",
                ]
            })
        let lines = fleet.runtimes.flatMap { runtime -> [String] in
            let name = Shown.id(runtime.name)
            let several = (runtime.sight?.summary.replicas ?? []).filter(\.answersForSeveralProcesses).map {
                "\(name): \(Shown.id($0.url)) answers for several processes, so nothing can be counted"
            }
            let trouble = (runtime.sight?.summary.finding?.trouble).map { ["\(name): \(Shown.line($0))"] } ?? []
            return several + trouble + runtime.replicas.map { "\(name): \(Shown.id($0))" }
        }
        return table + (lines.isEmpty ? "" : "\n" + lines.map { $0 + "\n" }.joined())
    }

    private static func text(_ placements: [Fleet.Placement], _ rendering: Rendering) -> String {
        guard !placements.isEmpty else { return "no runtime has shown an app within a day\n" }
        return rendering.terminal.table(
            ["app", "runtime", "labels", "last seen"],
            placements.map { placement in
                [
                    rendering.shownID(placement.app), placement.runtime, placement.labels.isEmpty ? "-" : Fleet.text(placement.labels),
                    rendering.moment(placement.seenAt),
                ]
            })
    }
}
