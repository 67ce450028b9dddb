import Cycle
import JSONParsing
import Journal
import Model
import Views

/// `incidents ack|unack`: somebody has seen it.
enum AcknowledgeCommand {
    static let ack = Command(
        ["incidents", "ack"], "Take an incident on: no reminders for a while",
        discussion: "Everybody who heard of the incident is told who took it on. The acknowledgement ends by itself, after --for or "
            + "when the incident resolves; what is open then is reminded of again. Taken by the running engine at its next "
            + "tick, or by the next check.",
        positionals: [
            Positional("ID", "the incident's short id, or enough of its whole one; or a digest's whole id, for all that is in it")
        ],
        options: [
            Option("for", value: "SPAN", "so long (default: as long as it is open)"),
            Option("comment", value: "TEXT", "for everybody who looks"), MonitorOptions.state,
        ],
        examples: [
            ("mozaiks-ops incidents ack a3f2 --for 2h --comment 'on it'", "no reminders for two hours"),
            ("mozaiks-ops incidents ack digest-5f2c9a7b1d3e4f60", "everything that was told in one digest"),
        ]
    ) { invocation in
        let id = try target(invocation)
        let until = try invocation.span("for").map { invocation.clock.now() + $0 }
        return try await invocation.ask(
            Commands.acknowledge,
            [
                "incident": .string(id), "until": .moment(until),
                "comment": .string(invocation.comment ?? ""),
            ], naming: ("incident", id))
    }

    static let unack = Command(
        ["incidents", "unack"], "Take an acknowledgement back: reminders go on",
        positionals: [Positional("ID", "the incident's short id, or enough of its whole one; or a digest's whole id")],
        options: [MonitorOptions.state],
        examples: [("mozaiks-ops incidents unack a3f2", "nobody works on it after all")]
    ) { invocation in
        let id = try target(invocation)
        return try await invocation.ask(Commands.unacknowledge, ["incident": .string(id)], naming: ("incident", id))
    }

    private static func target(_ invocation: Invocation) throws -> String {
        let named = invocation.arguments.positional("ID") ?? ""
        let journal = try invocation.journalForReading(invocation.configuration())
        if named.hasPrefix("digest-") {
            guard try KeptDecisions(journal).telling.members(of: named).isEmpty else { return named }
            let open = try IncidentList(journal, IncidentFilter(statuses: [.open, .acknowledged], limit: 10_000)).incidents
            throw CommandFailure(
                "no digest '\(Shown.id(named))' holds an open incident",
                hint: UnknownName.hint(
                    named, known: Set(open.flatMap(\.digests)).sorted(), list: "mozaiks-ops incidents list --status open"))
        }
        let incident = try invocation.incident(named, in: journal)
        guard incident.resolvedAt == nil else {
            throw CommandFailure("\(incident.id) is resolved", hint: "see mozaiks-ops incidents list --status open")
        }
        return incident.id
    }
}
