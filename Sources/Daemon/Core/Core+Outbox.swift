import Ambient
import Cycle
import Journal
import Model

/// What the senders ask of the journal.
extension Core {
    /// The messages of a channel to send now, at most eight; they count as being sent until they are settled.
    func nextDue(channel: String) throws(JournalError) -> [OutboxRow] {
        settleLate()
        return try journal?.nextDue(clock.now(), channel: channel, limit: 8) ?? []
    }

    /// When the next message of a channel is due; nil when none waits.
    func nextDueTime(channel: String) throws(JournalError) -> Timestamp? {
        try journal?.nextDueTime(channel: channel)
    }

    /// Brings forward what waits longer than it can from now on: the clock stood ahead when it was put off.
    func bringForward(_ longest: TimeSpan) {
        let now = clock.now()
        do {
            try journal?.bringForward(to: now, dueAfter: now + longest)
        } catch {
            // They wait as they are; the next start tries again.
            logger.warning("cannot bring messages forward", ["cause": .text("\(error)")])
        }
    }

    /// What a channel's service called an incident; nil when it has not said yet.
    func reference(incident: String, channel: String) throws(JournalError) -> String? {
        try journal?.reference(incident: incident, channel: channel)
    }

    /// What a channel told of incidents that are still open, at most 32, from above `after` on.
    func standing(channel: String, after: Int64) throws(JournalError) -> [OutboxRow] {
        try journal?.standing(channel: channel, after: after) ?? []
    }

    /// Gives up what waits for channels that were not configured for days, loudly: nobody heard it, and nobody will.
    func giveUpStranded(_ now: Timestamp) throws(JournalError) {
        let channels = pipeline.settings.telling.channels.map(\.name)
        for stranded in try journal?.giveUpStranded(besides: channels, now) ?? [] {
            logger.error(
                "messages given up: their channel is not configured any more",
                ["channel": .text(stranded.channel), "messages": .integer(Int64(stranded.count))])
        }
    }

    /// Gives back a message that was handed out and not tried.
    func release(_ id: Int64) {
        journal?.release(id)
    }

    /// Records what came of an attempt. What cannot be recorded now is recorded later: until then the message counts as
    /// being sent, so that a full disk does not send it again and again. Only after a crash does it go out twice.
    func settle(_ id: Int64, _ outcome: OutboxOutcome) throws(JournalError) {
        do {
            try journal?.settle(id, outcome)
        } catch {
            unsettled.append((id, outcome))
            throw error
        }
    }

    func settleLate() {
        while let (id, outcome) = unsettled.first {
            do {
                try journal?.settle(id, outcome)
            } catch {
                // A message that is not there any more needs no outcome.
                guard error.cause == .unknownID else { return }
            }
            unsettled.removeFirst()
        }
    }
}
