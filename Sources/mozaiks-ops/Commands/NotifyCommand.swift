import Ambient
import Configuration
import JSONParsing
import Journal
import Model
import Monitor
import Notify
import Policy

/// `notify history|test|route`: who was told what, whether a channel works, and where a message would go.
enum NotifyCommand {
    static let history = Command(
        ["notify", "history"], "Who was told what: messages sent, waiting and given up, newest first",
        discussion:
            "A dead letter is a message that the service refused for good, or that could not be sent for a day. It is "
            + "kept with its reason and holds up nothing: the next message of its incident goes out.",
        options: [
            Option("incident", value: "ID", "of this incident (its id, or enough of its beginning)"),
            Option("channel", value: "NAME", "of this channel"),
            Option("status", value: "STATUS", "pending, sent, dead or merged (default: all)"),
            Option("limit", value: "N", "at most so many (default 50)"), MonitorOptions.state,
        ],
        examples: [
            ("mozaiks-ops notify history", "the newest messages, and how many wait or were given up"),
            ("mozaiks-ops notify history --status dead", "what nobody heard, and why"),
        ]
    ) { invocation in
        let arguments = invocation.arguments
        let limit = try invocation.number("limit", in: 1...100_000) ?? 50
        let state = try arguments.value("status").map { try NotifyCommand.state($0) }
        let journal = try invocation.journalForReading(invocation.configuration())
        let incident = try arguments.value("incident").map { try invocation.incident($0, in: journal) }
        let counts = try journal.outboxCounts()
        let rows = try journal.outbox(
            incident: incident?.id, digests: incident?.digests ?? [], state: state, channel: arguments.value("channel"),
            limit: limit)
        invocation.print(
            text: Rendering(terminal: invocation.terminal).messages(rows, counts, now: invocation.clock.now()),
            json: [
                "schema": "mozaiks.ops/notify-history/v1", "counts": counts.document,
                "messages": .array(rows.map(\.document)),
            ])
        return .ok
    }

    static let test = Command(
        ["notify", "test"], "Send a marked drill to a channel, or to all of them",
        discussion:
            "Goes straight to the service, not through the outbox, and says what came of it. The message is marked as a "
            + "drill that needs nothing. Exit code 1 when a channel did not take it.",
        positionals: [Positional("CHANNEL", required: false, "the channel's name (default: all)")],
        examples: [
            ("mozaiks-ops notify test", "does every channel work?"), ("mozaiks-ops notify test ops", "does this one?"),
        ]
    ) { invocation in
        let configuration = try invocation.configuration()
        let assembly = try invocation.assembly(configuration)
        let wanted = invocation.arguments.positional("CHANNEL")
        let channels = assembly.channels.filter { wanted == nil || $0.name == wanted }
        guard !channels.isEmpty else {
            let known = assembly.channels.map(\.name)
            throw CommandFailure(
                wanted.map { "there is no channel '\($0)'" } ?? "no channel is configured",
                hint: wanted.flatMap { nearest($0, in: known) }.map { "did you mean '\($0)'?" }
                    ?? (known.isEmpty
                        ? "set MOZAIKS_SLACK_WEBHOOK_URL, or 'channels:' in mozaiks-ops.yaml"
                        : "there are: \(known.joined(separator: ", "))"))
        }
        let message = drill(configuration, at: invocation.clock.now())
        var results: [(channel: String, delivery: Delivery)] = []
        await withTaskGroup(of: (String, Delivery).self) { group in
            for channel in channels { group.addTask { (channel.name, await channel.deliver(message)) } }
            for await result in group { results.append(result) }
        }
        await assembly.client.shutdown()
        let ordered = channels.compactMap { channel in results.first { $0.channel == channel.name } }
        invocation.print(
            text: Rendering(terminal: invocation.terminal).drill(ordered),
            json: .array(
                ordered.map { result in
                    [
                        "channel": .string(result.channel), "delivered": .bool(result.delivery.isDelivered),
                        "reason": result.delivery.failure.map(JSON.string) ?? .null,
                    ]
                }))
        return ordered.allSatisfy { $0.delivery.isDelivered } ? .ok : .failure
    }

    static let route = Command(
        ["notify", "route"], "Where a message about an incident would go, and why; and who was told so far",
        positionals: [Positional("INCIDENT", "the incident's id, or enough of its beginning")],
        options: [MonitorOptions.policies, MonitorOptions.state],
        examples: [("mozaiks-ops notify route 1f3a", "each channel, with the reason, by today's configuration")]
    ) { invocation in
        let configuration = try invocation.configuration()
        let journal = try invocation.journalForReading(configuration)
        let incident = try invocation.incident(invocation.arguments.positional("INCIDENT") ?? "", in: journal)
        let settings = Assembly.settings(configuration)
        let now = invocation.clock.now()
        let kept = try KeptDecisions(journal)
        let pipeline = Pipeline(settings: settings, policies: try invocation.policies(configuration))
        let explanation = pipeline.explain(incident, kept.telling, at: now)
        let routing = explanation.routing
        let why = kept.circumstances(
            of: incident, environment: settings.environment, settings.telling, now: now)
        let told = try journal.outbox(incident: incident.id, digests: incident.digests, limit: 1_000)
        invocation.print(
            text: Rendering(terminal: invocation.terminal).routing(explanation, why, of: incident, told: told),
            json: [
                "schema": "mozaiks.ops/notify-route/v1", "incident": .string(incident.id),
                "silence": .optional(routing.silence),
                "circumstances": .strings(why),
                "channels": .array(
                    explanation.lines.map {
                        [
                            "channel": .string($0.channel), "sent": .bool($0.isSent), "reason": .string($0.reason),
                            "heard": .optional($0.heard),
                        ]
                    }),
                "unknown_channels": .array(routing.unknown.map(JSON.string)),
                "told": .array(told.reversed().map(\.document)),
            ])
        return .ok
    }

    private static func state(_ word: String) throws(UsageError) -> OutboxRow.State {
        if let state = OutboxRow.State(rawValue: word) { return state }
        let known = OutboxRow.State.allCases.map(\.rawValue)
        throw UsageError("--status '\(word)' is none", hint: "one of \(known.joined(separator: ", "))")
    }

    /// A message that looks like one of an incident and says that it is none.
    private static func drill(_ configuration: Configuration, at now: Timestamp) -> Message {
        let runtime = configuration.runtimes.first?.name ?? "shared"
        var labels = configuration.runtimes.first?.labels ?? [:]
        labels["environment"] = configuration.environment.value
        let subject = Subject.runtime(runtime)
        let transition = Transition(
            at: now, rule: "drill", subject: subject, from: .inactive, to: .firing, reason: "somebody ran notify test",
            condition: "notify test", readings: [])
        let incident = Incident(
            fingerprint: "drill", id: "drill-\(now.milliseconds)", rule: "drill", subject: subject, severity: .warning,
            summary: "This is a drill of mozaiks-ops: the channel works, and nothing is wrong.",
            origin: Origin(file: "notify test", line: 1), condition: "notify test", openedAt: now, since: now,
            transitions: [transition], evidence: [], suggestions: [],
            nextSteps: ["Nothing. If you did not expect a drill, somebody on your team runs one."], playbook: nil,
            labels: labels)
        return Message(
            event: .drill, incident: incident, environment: configuration.environment.value,
            mode: configuration.mode.value, at: now)
    }
}

extension Invocation {
    /// The incident that an id, or enough of its beginning, names.
    func incident(_ id: String, in journal: Journal) throws -> Incident {
        do {
            return try Incident(document: JSON(parsing: Array(journal.incident(id).document.utf8)))
        } catch let error as JournalError {
            throw CommandFailure(error.message, hint: error.hint ?? "see mozaiks-ops incidents list")
        }
    }
}

extension Incident {
    /// Ids of the digests in which it was told, as its handling has them.
    var digests: [String] {
        var found: [String] = []
        for note in handling where note.kind == .message {
            guard let word = note.text.split(separator: " ").last, word.hasPrefix("digest-") else { continue }
            if !found.contains(String(word)) { found.append(String(word)) }
        }
        return found
    }
}

extension Delivery {
    /// Why it was not delivered; nil when it was.
    var failure: String? {
        switch self {
        case .delivered, .deliveredAs: nil
        case .retry(_, let reason), .rejected(let reason): reason
        }
    }
}

extension OutboxRow {
    /// Schema of the list around it: `mozaiks.ops/notify-history/v1`.
    fileprivate var document: JSON {
        [
            "id": .int(id), "incident": .string(message.incident), "channel": .string(message.channel),
            "event": .string(message.event.rawValue), "state": .string(state.rawValue),
            "created_at": .string("\(message.createdAt)"),
            "due_at": state == .pending ? .string("\(dueAt)") : .null,
            "settled_at": settledAt.map { .string("\($0)") } ?? .null, "attempts": .int(Int64(attempts)),
            "merged_into": mergedInto.map { .int($0) } ?? .null, "error": .optional(lastError),
        ]
    }
}

extension OutboxCounts {
    fileprivate var document: JSON {
        [
            "pending": .int(Int64(pending)), "sent": .int(Int64(sent)), "dead": .int(Int64(dead)),
            "merged": .int(Int64(merged)), "oldest_pending": oldestPending.map { .string("\($0)") } ?? .null,
        ]
    }
}
