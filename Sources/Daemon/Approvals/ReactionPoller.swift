import Ambient
import Cycle
import Guard
import Journal
import Model
import Notify

/// Looks for reactions while actions wait for a person, and leaves what they mean as commands, as the command line does.
public struct ReactionPoller: Sendable {
    /// An action that waits, and the message that shows it.
    struct Waiting: Sendable {
        let approval: Approval
        let reference: String
        /// Whether the message was posted to show this offer, and has shown no other beside it: whatever stands on it is
        /// about this offer.
        let isPostedForIt: Bool
    }

    /// On which channel's messages whose reactions count, and which.
    let settings: SlackApprovals
    let slack: SlackReactions
    let core: Core
    let clock: any Clock
    let logger: Logger

    /// Between two looks: far below the fifty a minute that Slack allows.
    static let interval = TimeSpan.seconds(15)
    /// Messages looked at in one round; the next round goes on with the others.
    static let limit = 5

    /// - Parameter slack: reads them.
    public init(_ settings: SlackApprovals, _ slack: SlackReactions, core: Core, clock: any Clock, logger: Logger) {
        self.settings = settings
        self.slack = slack
        self.core = core
        self.clock = clock
        self.logger = logger
    }

    public func run() async {
        var watch = ReactionWatch(settings)
        var lastReason: String?
        while !Task.isCancelled {
            let wait = await round(&watch, &lastReason)
            do { try await clock.sleep(for: wait) } catch { return }
        }
    }

    /// One look at everything that waits. How long to wait until the next.
    func round(_ watch: inout ReactionWatch, _ lastReason: inout String?) async -> TimeSpan {
        let waiting = await core.waitingForReactions(channel: settings.channel)
        watch.keep(waiting.map(\.approval))
        for item in watch.inTurn(waiting).prefix(ReactionPoller.limit) {
            if Task.isCancelled { return ReactionPoller.interval }
            let answer = await slack.read(item.reference)
            // Also where it could not be read: one such message must not keep the others from being looked at.
            watch.looked(at: item.approval)
            switch answer {
            case .gone: continue
            case .later(let after, let reason):
                if lastReason != reason { logger.warning("cannot read reactions", ["why": .text(reason)]) }
                lastReason = reason
                return max(ReactionPoller.interval, after ?? .minutes(1))
            case .reactions(let reactions):
                lastReason = nil
                guard let verdict = watch.judge(item.approval, isPostedForIt: item.isPostedForIt, reactions) else { continue }
                await core.leave(verdict, on: item.approval)
            }
        }
        return ReactionPoller.interval
    }
}

extension Core {
    /// Actions that wait alone on their incident and that a channel's message shows. Of several on one incident a reaction
    /// cannot tell which is meant: the command line can. What was offered and not told yet, nobody can have meant.
    func waitingForReactions(channel: String) -> [ReactionPoller.Waiting] {
        let all = pipeline.guardState.approvals
        let waiting = pipeline.guardState.waitingApprovals(at: clock.now())
        let counts = Dictionary(grouping: waiting, by: \.incident).mapValues(\.count)
        return waiting.compactMap { approval in
            guard counts[approval.incident] == 1, let row = try? message(showing: approval, on: channel),
                let reference = row.reference, let isFirst = try? journal?.isFirst(row)
            else { return nil }
            return ReactionPoller.Waiting(
                approval: approval, reference: reference,
                isPostedForIt: isFirst && !all.contains { approval.stoodBeside($0) })
        }
    }

    /// The first message of a channel that shows an offer, where its incident is told now; nil before it was sent.
    private func message(showing approval: Approval, on channel: String) throws -> OutboxRow? {
        guard let journal, let reference = try journal.reference(incident: approval.incident, channel: channel) else { return nil }
        let rows = try journal.sent(
            incident: approval.incident, channel: channel, as: reference, holding: "\"approval\":\"\(approval.id)\"")
        return rows.first { row in (try? MessageDocument.decode(row.message.document))?.shows(approval) == true }
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

extension Approval {
    /// Whether another offer on the same incident waited since this one was made, so that a reaction may be about that one.
    fileprivate func stoodBeside(_ other: Approval) -> Bool {
        !other.digest.isSame(as: digest) && other.incident.isSame(as: incident)
            && other.decidedAt.map { $0 >= offeredAt } != false
    }
}

extension Message {
    /// Whether the newest that it says of an action is this offer: then its terms stand in it, with the id.
    fileprivate func shows(_ approval: Approval) -> Bool {
        guard incident.id.isSame(as: approval.incident),
            let told = incident.decisions.last(where: { $0.key == approval.key }), case .needsApproval = told.verdict
        else { return false }
        return told.approval?.isSame(as: approval.id) == true && told.at >= approval.offeredAt
            && told.effect == approval.effect && told.ttl == approval.ttl
    }
}
