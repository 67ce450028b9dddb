import Ambient
import Composition
import Configuration
import Cycle
import JSONParsing
import Journal
import Model
import Notify
import Policy
import Views

/// `notify history|test|preview|route`: who was told what, whether a channel works, and where a message would go.
enum NotifyCommand {
    static let history = Command(
        ["notify", "history"], "Who was told what: messages sent, waiting and given up, newest first",
        discussion:
            "A dead letter is a message that the service refused for good, that could not be sent for a day, or whose "
            + "channel has not been configured for three. It is "
            + "kept with its reason and holds up nothing: the next message of its incident goes out.",
        options: [
            Option("incident", value: "ID", "of this incident (its short id, or enough of its whole one)"),
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
        let configuration = try invocation.configuration()
        let journal = try invocation.journalForReading(configuration)
        let incident = try arguments.value("incident").map { try invocation.incident($0, in: journal) }
        let history = try MessageHistory(
            journal, channels: configuration.channels.map(\.name), of: incident, in: state, through: arguments.value("channel"),
            limit: limit)
        invocation.print(
            text: Rendering(terminal: invocation.terminal).messages(history, now: invocation.clock.now()), json: history.document)
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
        let channels = try NotifyCommand.channels(invocation.arguments.positional("CHANNEL"), of: assembly)
        let message = drill(configuration, at: invocation.clock.now())
        var results: [DrillResults.Result] = []
        await withTaskGroup(of: DrillResults.Result.self) { group in
            for channel in channels { group.addTask { .init(channel: channel.name, delivery: await channel.deliver(message)) } }
            for await result in group { results.append(result) }
        }
        await assembly.client.shutdown()
        let drills = DrillResults(channels.compactMap { channel in results.first { $0.channel == channel.name } })
        remember(drills, configuration, invocation)
        invocation.print(
            text: Rendering(terminal: invocation.terminal).drill(
                drills, unpaged: configuration.unpagedChannels, environment: configuration.environment.value),
            json: drills.document)
        return drills.areDelivered ? .ok : .failure
    }

    static let preview = Command(
        ["notify", "preview"], "Show what a channel would be sent, with its templates; sends nothing",
        discussion:
            "Of a recorded incident as it stands, or of an invented one. Slack's messages show as text; what every service "
            + "gets is in -o json, without its secret.",
        positionals: [Positional("CHANNEL", "the channel's name")],
        options: [
            Option("incident", value: "ID", "this incident (its short id, or enough of its whole one)"),
            Option("event", value: "EVENT", "opened, updated, resolved or drill (default: as the incident stands)"),
            MonitorOptions.state,
        ],
        examples: [
            ("mozaiks-ops notify preview ops", "an invented incident, in the words of channel ops"),
            ("mozaiks-ops notify preview mail --incident 1f3a -o json", "what the mail of this one holds"),
        ]
    ) { invocation in
        let configuration = try invocation.configuration()
        let assembly = try invocation.assembly(configuration)
        let arguments = invocation.arguments
        guard let channel = try NotifyCommand.channels(arguments.positional("CHANNEL") ?? "", of: assembly).first else { return .failure }
        let incident = try arguments.value("incident").map {
            try invocation.incident($0, in: invocation.journalForReading(configuration))
        }
        let event = try arguments.value("event").map { word throws(UsageError) in
            if let event = Message.Event(rawValue: word) { return event }
            let known = Message.Event.allCases.map(\.rawValue).joined(separator: ", ")
            throw UsageError("--event '\(word)' is none", hint: "one of \(known)")
        }
        let now = invocation.clock.now()
        var shown = incident ?? invented(configuration, at: now)
        if event == .resolved, shown.resolvedAt == nil {
            shown.resolvedAt = now
            shown.resolveReason = "cleared"
        }
        let message = Message(
            event: event ?? (shown.resolvedAt == nil ? .opened : .resolved), incident: shown,
            environment: configuration.environment.value, mode: configuration.mode.value, at: shown.resolvedAt ?? now)
        let draft = channel.draft(message)
        let text = draft.text ?? draft.document.serialized(pretty: true)
        invocation.print(text: text + (text.hasSuffix("\n") ? "" : "\n"), foreign: draft.document)
        await assembly.client.shutdown()
        return .ok
    }

    static let route = Command(
        ["notify", "route"], "Where a message about an incident would go, and why; and who was told so far",
        positionals: [Positional("INCIDENT", "the incident's short id, or enough of its whole one")],
        options: [MonitorOptions.policies, MonitorOptions.state],
        examples: [("mozaiks-ops notify route 1f3a", "each channel, with the reason, by today's configuration")]
    ) { invocation in
        let configuration = try invocation.configuration()
        let journal = try invocation.journalForReading(configuration)
        let incident = try invocation.incident(invocation.arguments.positional("INCIDENT") ?? "", in: journal)
        let settings = Assembly.settings(configuration)
        let now = invocation.clock.now()
        let pipeline = Pipeline(settings: settings, policies: try invocation.policies(configuration))
        let route = try IncidentRoute(incident, journal, pipeline, now: now)
        invocation.print(text: Rendering(terminal: invocation.terminal).routing(route), json: route.document)
        return .ok
    }

    /// The channel of that name, or all for nil.
    private static func channels(_ wanted: String?, of assembly: Assembly) throws(CommandFailure) -> [any Channel] {
        let channels = assembly.channels.filter { wanted == nil || $0.name == wanted }
        guard channels.isEmpty else { return channels }
        let known = assembly.channels.map(\.name)
        throw CommandFailure(
            wanted.map { "there is no channel '\($0)'" } ?? "no channel is configured",
            hint: wanted.flatMap { nearest($0, in: known) }.map { "did you mean '\($0)'?" }
                ?? (known.isEmpty
                    ? "set MOZAIKS_SLACK_WEBHOOK_URL, or 'channels:' in mozaiks-ops.yaml"
                    : "there are: \(known.joined(separator: ", "))"))
    }

    /// Leaves a note of each drill for the history. Without a journal, or where it cannot be written, there is none.
    private static func remember(
        _ drills: DrillResults, _ configuration: Configuration, _ invocation: Invocation
    ) {
        guard let journal = try? invocation.journalForReading(configuration, mode: .command) else { return }
        for drill in drills.results {
            _ = try? journal.appendCommand(
                at: invocation.clock.now(), actor: "cli", kind: Commands.drill, arguments: drill.document.serialized())
        }
    }

    private static func state(_ word: String) throws(UsageError) -> OutboxRow.State {
        if let state = OutboxRow.State(rawValue: word) { return state }
        let known = OutboxRow.State.allCases.map(\.rawValue)
        throw UsageError("--status '\(word)' is none", hint: "one of \(known.joined(separator: ", "))")
    }
}
