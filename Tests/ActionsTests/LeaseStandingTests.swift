import Model
import Testing

@testable import Actions

/// What is in force, over gate and adapters at once.
@Suite struct LeaseStandingTests {
    static let start = Timestamp(milliseconds: 1_795_251_600_000)

    static func lease(
        _ id: String = "lease-1", _ state: Lease.State = .intended, runs: Int = 2, minutes: Int = 10, shadow: Bool = false
    ) -> Lease {
        let effect = Effect.throttle(Limits(concurrentWorkflows: runs))
        return Lease(
            id: id, key: LeaseKey(kind: .throttle, runtime: "shared", app: AppID("app-shop")), effect: effect,
            holders: [.init(incident: "incident-1", effect: effect, ttl: .minutes(10))], createdAt: start,
            expiresAt: start + .minutes(minutes), state: state, shadow: shadow)
    }

    /// The lease at adapters that gave these answers, in their order, each to all that is due.
    private static func book(
        _ lease: Lease, at adapters: [(name: String, answers: [PlacementBook.Answer])], endsAfter: Bool = false
    ) -> PlacementBook {
        var book = PlacementBook()
        let places = adapters.map { adapter in PlacementBook.Place(adapter: adapter.name) { _ in Capability(expiry: .monitor) } }
        func follow(_ lease: Lease) { book.follow([lease], places: places, now: start) { _ in ("asked by a test", false) } }
        follow(lease)
        for adapter in adapters {
            for (index, answer) in adapter.answers.enumerated() {
                if endsAfter, index == adapter.answers.count - 1 { follow(self.lease(lease.id, .reverting)) }
                let errands = book.errands(of: adapter.name, now: start, limit: 8, mayPut: true, isStopped: false)
                for errand in errands { book.settle(errand, answer, now: start) { _, _ in .seconds(1) } }
            }
        }
        if endsAfter { follow(self.lease(lease.id, .reverting)) }
        return book
    }

    private func said(_ standing: LeaseStanding) -> String {
        [
            ("in force", standing.inForce), ("unfinished", standing.unfinished), ("refused", standing.refused),
            ("overwritten", standing.overwritten),
        ]
        .filter { !$0.1.isEmpty }.map { "\($0.0): \($0.1.sorted().joined(separator: ","))" }.joined(separator: "; ")
    }

    /// One adapter's answers => where the lease stands.
    private static let stories: [(String, [PlacementBook.Answer], ends: Bool, says: String)] = [
        ("nobody asked yet", [], false, "unfinished: lease-1"),
        ("prepared => its put is to come", [.preparation(.ready(nil))], false, "unfinished: lease-1"),
        ("landed => in force", [.preparation(.ready(nil)), .landing(.landed(nil))], false, "in force: lease-1; unfinished: lease-1"),
        (
            "is asked again => not known, may hold", [.preparation(.ready(nil)), .landing(.retry(after: nil, reason: "down"))], false,
            "unfinished: lease-1"
        ),
        ("refused before anything was done => nobody has it", [.preparation(.refused(reason: "no"))], false, "refused: lease-1"),
        ("as strict already => it holds, by somebody else", [.preparation(.noop(reason: "is so"))], false, "in force: lease-1"),
        (
            "undone => stands nowhere", [.preparation(.ready(nil)), .landing(.landed(nil)), .undoing(.undone)], true,
            "refused: lease-1"
        ),
        (
            "somebody else's stays => overwritten",
            [.preparation(.ready(nil)), .landing(.landed(nil)), .undoing(.overwritten(reason: "changed"))], true,
            "refused: lease-1; overwritten: lease-1"
        ),
        (
            "cannot be undone now => it still holds",
            [.preparation(.ready(nil)), .landing(.landed(nil)), .undoing(.retry(after: nil, reason: "down"))], true,
            "in force: lease-1; unfinished: lease-1"
        ),
    ]

    @Test("at one adapter", arguments: stories.indices)
    func oneAdapter(_ index: Int) {
        let (name, answers, ends, says) = Self.stories[index]
        let lease = Self.lease("lease-1", ends ? .reverting : .intended)
        let book = Self.book(Self.lease(), at: [("core", answers)], endsAfter: ends)
        #expect(said(LeaseStanding([lease], gate: nil, book: book, hasAdapters: true)) == says, "\(name)")
    }

    @Test("in force at one and refused at the other: it holds, and nobody calls it refused")
    func twoAdapters() {
        let book = Self.book(
            Self.lease(),
            at: [("core", [.preparation(.refused(reason: "no"))]), ("hook", [.preparation(.ready(nil)), .landing(.landed(nil))])])
        #expect(said(LeaseStanding([Self.lease()], gate: nil, book: book, hasAdapters: true)) == "in force: lease-1; unfinished: lease-1")
    }

    @Test("at the gate it is in force by being published, and over by being left out")
    func gateAlone() {
        var gate = GatePublication()
        func standing(_ lease: Lease) -> String {
            said(LeaseStanding([lease], gate: gate, book: PlacementBook(), hasAdapters: false))
        }
        #expect(standing(Self.lease()) == "", "decided, not published: it waits, and nobody has refused it")
        _ = gate.publish([Self.lease()], isStopped: false)
        #expect(standing(Self.lease()) == "in force: lease-1; unfinished: lease-1")
        _ = gate.publish([Self.lease("lease-1", .reverting)], isStopped: false)
        #expect(standing(Self.lease("lease-1", .reverting)) == "")
    }

    @Test("without gate and adapters a lease waits; with adapters that are not meant it is refused")
    func nowhere() {
        #expect(said(LeaseStanding([Self.lease()], gate: nil, book: PlacementBook(), hasAdapters: false)) == "")
        #expect(said(LeaseStanding([Self.lease()], gate: nil, book: PlacementBook(), hasAdapters: true)) == "refused: lease-1")
    }

    @Test("imagined leases and ended ones stand nowhere, wherever they are")
    func notReal() {
        var gate = GatePublication()
        _ = gate.publish([Self.lease("shadow"), Self.lease("ended")], isStopped: false)
        let leases = [Self.lease("shadow", shadow: true), Self.lease("ended", .ended)]
        #expect(said(LeaseStanding(leases, gate: gate, book: PlacementBook(), hasAdapters: true)) == "")
    }

    @Test("while actions are stopped nothing new is published, and that is said once")
    func withheld() {
        var gate = GatePublication()
        #expect(gate.publish([Self.lease()], isStopped: true).isEmpty)
        #expect(said(LeaseStanding([Self.lease()], gate: gate, book: PlacementBook(), hasAdapters: false)) == "refused: lease-1")
        #expect(gate.takeWithheld() == ["lease-1"])
        #expect(gate.takeWithheld() == [])
    }

    @Test("while actions are stopped what is in force stays, neither longer nor stricter; milder and shorter are let through")
    func held() {
        var gate = GatePublication()
        _ = gate.publish([Self.lease(runs: 4)], isStopped: false)
        let stricter = gate.publish([Self.lease("lease-1", .inForce, runs: 2, minutes: 20)], isStopped: true)
        #expect(stricter.map(\.expiresAt) == [Self.start + .minutes(10)])
        #expect(stricter.map(\.effect.limits) == [Limits(concurrentWorkflows: 4)])
        let milder = gate.publish([Self.lease("lease-1", .inForce, runs: 6, minutes: 5)], isStopped: true)
        #expect(milder.map(\.expiresAt) == [Self.start + .minutes(5)])
        #expect(milder.map(\.effect.limits) == [Limits(concurrentWorkflows: 6)])
    }
}
