import Actions
import JSONParsing
import Journal
import Model
import Notify

/// Actions, with what of them is where.
public struct LeaseList: Sendable {
    public let leases: [Lease]
    /// Of each lease, in their order: what it is at which adapter.
    public let placements: [[Placement]]
    /// What still holds at an adapter of leases that are not listed: undone in the journal's book long ago, or never in it.
    public let orphans: [Placement]
    /// By lease: whether anything was seen to hold the app to it.
    public let sights: [String: LeaseSight]

    /// - Parameter all: also those that are over.
    public init(_ journal: Journal, all: Bool) throws {
        let states: Set<Lease.State> = all ? [] : [.intended, .inForce, .reverting]
        let leases = try journal.leases(states: states).map { try Lease(document: JSON(parsing: Array($0.document.utf8))) }
        placements = try leases.map { lease in
            try journal.placements(lease: lease.id).map { try Placement(document: JSON(parsing: Array($0.document.utf8))) }
        }
        let known = Set(leases.map(\.id))
        orphans = try journal.placements().filter { !$0.isOver && !known.contains($0.lease) }
            .map { try Placement(document: JSON(parsing: Array($0.document.utf8))) }
        self.leases = leases
        sights = LeaseSight.of(leases, in: journal)
    }

    /// `actions list -o json`.
    public var document: OutputDocument {
        OutputDocument(
            .actions,
            [
                "actions": .array(
                    zip(leases, placements).map { lease, places in
                        guard var object = lease.document.object else { return lease.document }
                        object.append("adapters", .array(places.map(\.document)))
                        object.append("seen", .optional(sights[lease.id]?.rawValue))
                        return .object(object)
                    }),
                "left_at_adapters": .array(orphans.map(\.document)),
            ])
    }
}
