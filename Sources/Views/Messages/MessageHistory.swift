import Cycle
import JSONParsing
import Journal
import Model

/// How messages fare in all: how many went, wait or were given up, and which channels take none.
public struct Backlog: Sendable {
    public let counts: OutboxCounts
    /// Channels for which messages wait and that are not configured any more.
    public let stranded: [StrandedMessages]
    /// Configured channels that do not deliver.
    public let troubles: [ChannelTrouble]

    /// - Parameter channels: names of those that are configured.
    public init(_ journal: Journal, channels: [String]) throws(JournalError) {
        counts = try journal.outboxCounts()
        let stranded = try journal.stranded(besides: channels)
        self.stranded = stranded
        troubles = try journal.channelTroubles().filter { trouble in
            !stranded.contains { $0.channel.isSame(as: trouble.channel) }
        }
    }
}

/// Who was told what: the newest messages, with how all of them fare.
public struct MessageHistory: Sendable {
    public let backlog: Backlog
    /// Newest first.
    public let messages: [OutboxRow]
    /// Newest first; none where it is asked for an incident or a state, of which drills have neither.
    public let drills: [Drill]

    /// - Parameters:
    ///   - channels: names of those that are configured.
    ///   - incident: only its messages, the digests with it in them too.
    ///   - limit: at most so many messages, and so many drills.
    public init(
        _ journal: Journal, channels: [String], of incident: Incident? = nil, in state: OutboxRow.State? = nil,
        through channel: String? = nil, limit: Int
    ) throws(JournalError) {
        backlog = try Backlog(journal, channels: channels)
        drills = incident == nil && state == nil ? try Drill.all(in: journal, of: channel, limit: limit) : []
        messages = try journal.outbox(
            incident: incident?.id, digests: incident?.digests ?? [], state: state, channel: channel, limit: limit)
    }

    /// `notify history -o json`.
    public var document: OutputDocument {
        OutputDocument(
            .notifyHistory,
            [
                "counts": backlog.counts.document,
                "failing_channels": .array(backlog.troubles.map(\.document)),
                "unconfigured_channels": .array(
                    backlog.stranded.map {
                        ["channel": .string($0.channel), "waiting": .int(Int64($0.count)), "since": .moment($0.since)]
                    }),
                "messages": .array(messages.map(\.document)),
                "drills": .array(drills.map(\.document)),
            ])
    }
}

extension ChannelTrouble {
    fileprivate var document: JSON {
        [
            "channel": .string(channel), "waiting": .int(Int64(waiting)), "since": .moment(since),
            "attempts": .int(Int64(attempts)), "reason": .string(reason),
        ]
    }
}

extension OutboxCounts {
    fileprivate var document: JSON {
        [
            "pending": .int(Int64(pending)), "sent": .int(Int64(sent)), "dead": .int(Int64(dead)),
            "merged": .int(Int64(merged)), "oldest_pending": .moment(oldestPending),
        ]
    }
}
