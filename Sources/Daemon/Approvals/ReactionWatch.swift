import Guard
import Model
import Notify

/// What reactions on the message of an incident mean for the action that waits on it. Pure.
///
/// A reaction has no time and names no action, so it counts only where it cannot mean anything else: one action waits on
/// the incident, the message shows it, whoever reacted is on the list, and the reaction came after the offer. On a message
/// that was posted for this offer every reaction did; on an older one only those that were not there at the first look. Which
/// of them came first is read off the journal, never off two clocks.
struct ReactionWatch {
    enum Verdict: Hashable {
        case approved(by: String)
        case denied(by: String)
    }

    let users: Set<String>
    let approve: String
    let deny: String
    /// The offer that was looked at last.
    private var last: Turn?
    /// What stood on the message before an offer, by the offer's digest.
    private var earlier: [String: Set<SlackReactions.Reaction>] = [:]

    init(_ settings: SlackApprovals) {
        users = Set(settings.users)
        approve = settings.approve
        deny = settings.deny
    }

    /// Nil: nothing that counts, yet. A no weighs more than a yes.
    /// - Parameter isPostedForIt: whether nothing can have stood on the message before the offer.
    mutating func judge(
        _ approval: Approval, isPostedForIt: Bool, _ reactions: Set<SlackReactions.Reaction>
    ) -> Verdict? {
        var counting = reactions.filter { users.contains($0.user) && ($0.emoji == approve || $0.emoji == deny) }
        if !isPostedForIt {
            guard let before = earlier[approval.digest] else {
                earlier[approval.digest] = counting
                return nil
            }
            // Taken away and put there again counts.
            earlier[approval.digest] = before.intersection(counting)
            counting.subtract(before)
        }
        func first(_ emoji: String) -> String? {
            counting.filter { $0.emoji == emoji }.map(\.user).min { $0.precedes($1) }
        }
        if let user = first(deny) { return .denied(by: user) }
        return first(approve).map { .approved(by: $0) }
    }

    /// Where an offer stands among those that wait: by age.
    private struct Turn: Comparable {
        let offeredAt: Timestamp
        let digest: String

        init(_ approval: Approval) { (offeredAt, digest) = (approval.offeredAt, approval.digest) }

        static func < (a: Turn, b: Turn) -> Bool {
            a.offeredAt == b.offeredAt
                ? a.digest.precedes(b.digest) : a.offeredAt < b.offeredAt
        }
    }

    /// All that waits, the oldest first, but beginning after the one that was looked at last: however many wait and however
    /// few are looked at in one round, the turn comes to each.
    func inTurn(_ waiting: [ReactionPoller.Waiting]) -> [ReactionPoller.Waiting] {
        let sorted = waiting.sorted { Turn($0.approval) < Turn($1.approval) }
        guard let last, let next = sorted.firstIndex(where: { last < Turn($0.approval) }) else { return sorted }
        return Array(sorted[next...] + sorted[..<next])
    }

    mutating func looked(at approval: Approval) { last = Turn(approval) }

    /// Lets go of what is known of offers that wait no more.
    mutating func keep(_ waiting: [Approval]) {
        let digests = Set(waiting.map(\.digest))
        earlier = earlier.filter { digests.contains($0.key) }
    }
}
