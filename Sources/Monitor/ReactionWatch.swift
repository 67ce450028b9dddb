import Guard
import Model
import Notify

/// What reactions on the message of an incident mean for the action that waits on it. Pure.
///
/// A reaction has no time and names no action, so it counts only where it cannot mean anything else: one action waits on
/// the incident, whoever reacted is on the list, and the reaction came after the offer. On a message that was posted after
/// the offer every reaction did; on an older one only those that were not there at the first look.
struct ReactionWatch {
    enum Verdict: Hashable {
        case approved(by: String)
        case denied(by: String)
    }

    let users: Set<String>
    let approve: String
    let deny: String
    /// What stood on the message before an offer, by the offer's digest.
    private var earlier: [String: Set<SlackReactions.Reaction>] = [:]

    init(users: [String], approve: String, deny: String) {
        self.users = Set(users)
        self.approve = approve
        self.deny = deny
    }

    /// Nil: nothing that counts, yet. A no weighs more than a yes.
    mutating func judge(
        _ approval: Approval, postedAt: Timestamp, _ reactions: Set<SlackReactions.Reaction>
    ) -> Verdict? {
        var counting = reactions.filter { users.contains($0.user) && ($0.emoji == approve || $0.emoji == deny) }
        if postedAt < approval.offeredAt {
            guard let before = earlier[approval.digest] else {
                earlier[approval.digest] = counting
                return nil
            }
            // Taken away and put there again counts.
            earlier[approval.digest] = before.intersection(counting)
            counting.subtract(before)
        }
        func first(_ emoji: String) -> String? {
            counting.filter { $0.emoji == emoji }.map(\.user).min { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
        if let user = first(deny) { return .denied(by: user) }
        return first(approve).map { .approved(by: $0) }
    }

    /// Lets go of what is known of offers that wait no more.
    mutating func keep(_ waiting: [Approval]) {
        let digests = Set(waiting.map(\.digest))
        earlier = earlier.filter { digests.contains($0.key) }
    }
}
