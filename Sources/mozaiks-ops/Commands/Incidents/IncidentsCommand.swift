import Composition
import Configuration
import Cycle
import Journal
import Model
import Views

/// `incidents list` and `incidents show`: read from the journal, also while the daemon runs.
enum IncidentsCommand {
    static let list = Command(
        ["incidents", "list"], "List incidents, newest first",
        options: [
            Option("status", value: "STATUS", repeats: true, "open, acknowledged or resolved (default: all)"),
            Option("severity", value: "SEVERITY", repeats: true, "info, warning or critical (default: all)"),
            Option("app", value: "APP_ID", "of this app"), Option("rule", value: "RULE", "of this rule"),
            Option("since", value: "SPAN", "opened within the last so long, such as 24h"),
            Option("limit", value: "N", "at most so many (default 50)"), MonitorOptions.state,
        ],
        examples: [
            ("mozaiks-ops incidents list --status open", "what is going on now"),
            ("mozaiks-ops incidents list --since 7d --app app_clinic -o json", "one tenant's last week, for a script"),
        ]
    ) { invocation in
        let arguments = invocation.arguments
        var filter = IncidentFilter(limit: try invocation.number("limit", in: 1...100_000) ?? 50)
        filter.statuses = Set(try choices(arguments.all("status"), "status"))
        filter.severities = Set(try choices(arguments.all("severity"), "severity"))
        filter.app = arguments.value("app").map { AppID($0) }
        filter.rule = arguments.value("rule")
        filter.since = try invocation.span("since").map { invocation.clock.now() - $0 }
        let configuration = try invocation.configuration()
        let journal = try invocation.journalForReading(configuration)
        let list = try IncidentList(journal, filter)
        if !list.damaged.isEmpty {
            invocation.logger.warning(
                "incidents in the journal that cannot be read are not listed",
                ["count": .integer(Int64(list.damaged.count)), "ids": .text(list.damaged.prefix(5).joined(separator: " "))])
        }
        var rendering = invocation.rendering()
        rendering.shortIDs = list.shortIDs
        let strangers = list.incidents.isEmpty ? try strangers(in: filter, journal, configuration) : []
        for stranger in strangers { complain(stranger.message, hint: stranger.hint) }
        invocation.print(text: rendering.incidents(list.incidents), json: list.document(notes: strangers.map(\.whole)))
        return .ok
    }

    /// What of a filter names nothing that there is, where the policies that say what there is can be read.
    private static func strangers(
        in filter: IncidentFilter, _ journal: Journal, _ configuration: Configuration
    ) throws(JournalError) -> [KnownNames.Stranger] {
        let match = try filter.unheard(in: journal)
        guard !match.isEmpty, let policies = try? Assembly.loadPolicies(configuration) else { return [] }
        let apps = match.apps.isEmpty ? [] : KnownNames.apps(seenIn: journal)
        return Strangers(configuration, policies).find(in: match, apps: apps)
    }

    static let show = Command(
        ["incidents", "show"], "Show one incident: what happened, the values, what was done and why",
        positionals: [Positional("ID", "the incident's short id, or enough of its whole one")], options: [MonitorOptions.state],
        examples: [("mozaiks-ops incidents show a3f2", "the incident that lists and messages call a3f2")]
    ) { invocation in
        let configuration = try invocation.configuration()
        let journal = try invocation.journalForReading(configuration)
        let detail: IncidentDetail
        let named = NamedIncident.written(invocation.arguments.positional("ID") ?? "")
        do {
            detail = try IncidentDetail(
                named, journal, Overview.Surroundings(configuration), now: invocation.clock.now())
        } catch let error as JournalError {
            throw NamedIncident.failure(error, named, in: journal)
        }
        var rendering = invocation.rendering(zone: configuration.telling.zone)
        rendering.shortIDs = detail.shortIDs
        invocation.print(
            text: rendering.incident(detail.incident, detail.circumstances), as: .incident,
            json: detail.document.object ?? JSONObject())
        return .ok
    }

    private static func choices<T: RawRepresentable<String> & CaseIterable>(_ words: [String], _ option: String) throws -> [T] {
        try words.flatMap { $0.split(separator: ",") }.map { word in
            guard let value = T(rawValue: String(word)) else {
                let known = T.allCases.map(\.rawValue)
                throw UsageError("--\(option) '\(word)' is none", hint: "one of \(known.joined(separator: ", "))")
            }
            return value
        }
    }
}
