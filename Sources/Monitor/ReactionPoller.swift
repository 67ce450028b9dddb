import Ambient
import Guard
import Journal
import Model
import Notify

/// Looks for reactions while actions wait for a person, and leaves what they mean as commands, as the command line does.
public struct ReactionPoller: Sendable {
    /// An action that waits, and where its incident was told.
    struct Waiting: Sendable {
        let approval: Approval
        let reference: String
    }

    /// Name of the channel on whose messages reactions count.
    let channel: String
    let slack: SlackReactions
    let users: [String]
    let approve: String
    let deny: String
    let core: Core
    let clock: any Clock
    let logger: Logger

    /// Between two looks: far below the fifty a minute that Slack allows.
    static let interval = TimeSpan.seconds(15)
    /// Messages looked at in one round, the oldest offers first.
    static let limit = 5

    public func run() async {
        var watch = ReactionWatch(users: users, approve: approve, deny: deny)
        var lastReason: String?
        while !Task.isCancelled {
            let wait = await round(&watch, &lastReason)
            do { try await clock.sleep(for: wait) } catch { return }
        }
    }

    /// One look at everything that waits. How long to wait until the next.
    func round(_ watch: inout ReactionWatch, _ lastReason: inout String?) async -> TimeSpan {
        let waiting = await core.waitingForReactions(channel: channel)
        watch.keep(waiting.map(\.approval))
        for item in waiting.prefix(ReactionPoller.limit) {
            if Task.isCancelled { return ReactionPoller.interval }
            switch await slack.read(item.reference) {
            case .gone: continue
            case .later(let after, let reason):
                if lastReason != reason { logger.warning("cannot read reactions", ["why": .text(reason)]) }
                lastReason = reason
                return max(ReactionPoller.interval, after ?? .minutes(1))
            case .reactions(let reactions):
                lastReason = nil
                guard let postedAt = ReactionPoller.moment(item.reference),
                    let verdict = watch.judge(item.approval, postedAt: postedAt, reactions)
                else { continue }
                await core.leave(verdict, on: item.approval)
            }
        }
        return ReactionPoller.interval
    }

    /// When a message was posted, by Slack's id of it: `C0123/1795230305.000100`.
    static func moment(_ reference: String) -> Timestamp? {
        guard let slash = reference.lastIndex(of: "/") else { return nil }
        let parts = reference[reference.index(after: slash)...].split(separator: ".")
        guard parts.count == 2, let seconds = Int64(parts[0]), seconds > 0, seconds < 1 << 40 else { return nil }
        // Rounded up: nobody reacts within a second, and what was posted with the offer shall count as such.
        return Timestamp(milliseconds: (seconds + 1) * 1_000)
    }
}

extension Core {
    /// Actions that wait alone on their incident, and where a channel told of it. Of several on one incident a reaction cannot
    /// tell which is meant: the command line can.
    func waitingForReactions(channel: String) -> [ReactionPoller.Waiting] {
        let waiting = pipeline.guardState.waitingApprovals(at: clock.now())
        let counts = Dictionary(grouping: waiting, by: \.incident).mapValues(\.count)
        return waiting.compactMap { approval in
            guard counts[approval.incident] == 1,
                let reference = try? journal?.reference(incident: approval.incident, channel: channel)
            else { return nil }
            return ReactionPoller.Waiting(approval: approval, reference: reference)
        }
    }

    /// Leaves a command for the next tick. A journal that cannot be written is tried again at the next look.
    func leave(_ verdict: ReactionWatch.Verdict, on approval: Approval) {
        let (kind, user): (String, String)
        switch verdict {
        case .approved(let by): (kind, user) = (Commands.approve, by)
        case .denied(let by): (kind, user) = (Commands.deny, by)
        }
        let document: JSON = ["approval": .string(approval.id), "digest": .string(approval.digest)]
        do {
            try journal?.appendCommand(
                at: clock.now(), actor: "slack:\(user)", kind: kind, arguments: document.serialized())
        } catch {
            logger.warning("cannot keep a reaction", ["cause": .text("\(error)")])
        }
    }
}
