import JSONParsing
import Model
import Testing

@testable import Actions

/// Which lease goes to which adapter, and what is due: without any adapter.
@Suite struct PlacementTests {
    static let start = Timestamp(milliseconds: 1_795_251_600_000)

    private func lease(_ id: String, app: String = "app-shop", state: Lease.State = .intended, at seconds: Int64 = 0) -> Lease {
        let effect = Effect.throttle(Limits(concurrentWorkflows: 2))
        let begun = Self.start + .seconds(Double(seconds))
        return Lease(
            id: id, key: LeaseKey(kind: .throttle, runtime: "shared", app: AppID(app)), effect: effect,
            holders: [.init(incident: "incident-1", effect: effect, ttl: .minutes(1))], createdAt: begun,
            expiresAt: begun + .minutes(1), state: state, shadow: false)
    }

    private func follow(
        _ book: inout PlacementBook, _ leases: [Lease], at seconds: Int64 = 0, expiry: Capability.Expiry = .monitor,
        approval: String? = nil, isApproved: Bool = false
    ) {
        let place = PlacementBook.Place(adapter: "core") { _ in Capability(expiry: expiry, approval: approval) }
        book.follow(leases, places: [place], now: Self.start + .seconds(Double(seconds))) { _ in ("asked by a test", isApproved) }
    }

    private func errands(_ book: inout PlacementBook, at seconds: Int64 = 0, limit: Int = 8) -> [PlacementBook.Errand] {
        book.errands(of: "core", now: Self.start + .seconds(Double(seconds)), limit: limit, mayPut: true, isStopped: false)
    }

    private func settle(_ book: inout PlacementBook, _ errand: PlacementBook.Errand, _ answer: PlacementBook.Answer, at seconds: Int64 = 0)
    {
        book.settle(errand, answer, now: Self.start + .seconds(Double(seconds))) { attempts, _ in .seconds(Double(attempts)) }
    }

    @Test("of one app one step at a time; of several apps several, up to the limit")
    func slots() throws {
        var book = PlacementBook()
        follow(&book, (1...4).map { lease("lease-\($0)", app: "app-\($0)") })
        let first = errands(&book, limit: 3)
        #expect(first.map(\.id.lease) == ["lease-1", "lease-2", "lease-3"])
        #expect(errands(&book, limit: 3).isEmpty)
        settle(&book, first[0], .preparation(.ready(nil)))
        #expect(errands(&book, limit: 3).map { "\($0.step.rawValue) \($0.id.lease)" } == ["put lease-1"])
    }

    @Test("of two leases on one key the older one is undone before the newer one looks")
    func olderFirst() throws {
        var book = PlacementBook()
        follow(&book, [lease("lease-1")])
        settle(&book, errands(&book)[0], .preparation(.ready(AdapterMemo(7))))
        settle(&book, errands(&book)[0], .landing(.landed(AdapterMemo(7))))
        follow(&book, [lease("lease-1", state: .reverting), lease("lease-2", at: 60)], at: 60)
        let undoing = errands(&book, at: 60)
        #expect(undoing.map { "\($0.step.rawValue) \($0.id.lease)" } == ["revert lease-1"])
        #expect(undoing[0].order.memo == AdapterMemo(7))
        settle(&book, undoing[0], .undoing(.retry(after: nil, reason: "down")), at: 60)
        #expect(errands(&book, at: 60).isEmpty)
        let again = errands(&book, at: 61)
        #expect(again.map(\.step) == [.revert])
        settle(&book, again[0], .undoing(.undone), at: 61)
        #expect(errands(&book, at: 61).map { "\($0.step.rawValue) \($0.id.lease)" } == ["prepare lease-2"])
    }

    @Test(
        "what needs a person's word goes nowhere without it", arguments: [(nil, false, true), ("ask", false, false), ("ask", true, true)])
    func approval(needed: String?, given: Bool, goes: Bool) {
        var book = PlacementBook()
        follow(&book, [lease("lease-1")], approval: needed, isApproved: given)
        #expect(errands(&book).isEmpty == !goes)
    }

    @Test("a lease that ends while its put is under way is undone with what that put remembered")
    func endsMeanwhile() throws {
        var book = PlacementBook()
        follow(&book, [lease("lease-1")])
        settle(&book, errands(&book)[0], .preparation(.ready(AdapterMemo(1))))
        let put = errands(&book)[0]
        follow(&book, [lease("lease-1", state: .reverting)], at: 5)
        #expect(errands(&book, at: 5).isEmpty, "not while the put is under way")
        settle(&book, put, .landing(.landed(AdapterMemo(2))), at: 6)
        let undoing = errands(&book, at: 6)
        #expect(undoing.map(\.step) == [.revert] && undoing[0].order.memo == AdapterMemo(2))
    }

    @Test("a put that failed and other terms by now: those are looked at next, with the memo in hand")
    func otherTerms() throws {
        var book = PlacementBook()
        follow(&book, [lease("lease-1")], expiry: .receiver)
        settle(&book, errands(&book)[0], .preparation(.ready(AdapterMemo(1))))
        let put = errands(&book)[0]
        var longer = lease("lease-1")
        longer.expiresAt = Self.start + .minutes(5)
        follow(&book, [longer], at: 1, expiry: .receiver)
        settle(&book, put, .landing(.retry(after: nil, reason: "down")), at: 1)
        let next = errands(&book, at: 3)
        #expect(next.map(\.step) == [.prepare])
        #expect(next[0].order.expiresAt == longer.expiresAt && next[0].order.memo == AdapterMemo(1))
    }

    @Test("refused after a put of which nothing was heard: it may be there, so it is taken back")
    func refusedAfterUnheard() throws {
        var book = PlacementBook()
        follow(&book, [lease("lease-1")])
        settle(&book, errands(&book)[0], .preparation(.ready(nil)))
        settle(&book, errands(&book)[0], .landing(.retry(after: nil, reason: "the connection was lost")))
        settle(&book, errands(&book, at: 5)[0], .landing(.refused(reason: "no")), at: 5)
        let undoing = errands(&book, at: 5)
        #expect(undoing.map(\.step) == [.revert])
        #expect(book.all.map(\.refusal) == ["no"] && !book.all[0].isOver)
        settle(&book, undoing[0], .undoing(.alreadyGone), at: 5)
        #expect(book.isRefusedEverywhere("lease-1"))
    }

    @Test("refused at the first put: what it did before that is undone")
    func refusedAtOnce() throws {
        var book = PlacementBook()
        follow(&book, [lease("lease-1")])
        settle(&book, errands(&book)[0], .preparation(.ready(nil)))
        settle(&book, errands(&book)[0], .landing(.refused(reason: "no")))
        let undoing = errands(&book)
        #expect(undoing.map(\.step) == [.revert])
        settle(&book, undoing[0], .undoing(.alreadyGone))
        #expect(book.all.map(\.outcome) == [.refused] && book.all.map(\.lastError) == ["no"] && errands(&book).isEmpty)
    }

    @Test("stopped after a put of which nothing was heard: it is not taken for one that was never tried", arguments: [false, true])
    func withheldAfterUnheard(otherTerms: Bool) throws {
        var book = PlacementBook()
        follow(&book, [lease("lease-1")], expiry: .receiver)
        settle(&book, errands(&book)[0], .preparation(.ready(nil)))
        let put = errands(&book)[0]
        var longer = lease("lease-1")
        if otherTerms {
            longer.expiresAt = Self.start + .minutes(5)
            follow(&book, [longer], at: 1, expiry: .receiver)
        }
        settle(&book, put, .landing(.retry(after: nil, reason: "the connection was lost")), at: 1)
        if otherTerms { settle(&book, errands(&book, at: 3)[0], .preparation(.ready(nil)), at: 3) }
        settle(&book, errands(&book, at: 5)[0], .withheld, at: 5)
        #expect(book.all.map(\.isOver) == [false])
        longer.state = .reverting
        follow(&book, [longer], at: 20, expiry: .receiver)
        #expect(errands(&book, at: 20).map(\.step) == [.revert])
    }

    @Test("what is written is read back the same, in every phase")
    func documents() throws {
        var book = PlacementBook()
        var seen: [Placement] = []
        func look() { seen += book.all }
        follow(&book, [lease("lease-1")])
        look()
        settle(&book, errands(&book)[0], .preparation(.ready(AdapterMemo(["before": nil, "limits": [1, 2.5]]))))
        look()
        let put = errands(&book)[0]
        settle(&book, put, .landing(.retry(after: nil, reason: "it said „no“")))
        look()
        settle(&book, errands(&book, at: 9)[0], .landing(.landed(nil)), at: 9)
        look()
        follow(&book, [lease("lease-1", state: .reverting)], at: 10)
        look()
        settle(&book, errands(&book, at: 10)[0], .undoing(.overwritten(reason: "someone")), at: 10)
        look()
        seen.append(
            Placement(
                stranger: .init(id: "lease-9", key: lease("x").key, expiresAt: Self.start), adapter: "core", expiry: .receiver,
                now: Self.start))
        #expect(Set(seen.map(\.phase)) == Set(Placement.Phase.allCases))
        for placement in seen {
            let text = placement.document.serialized()
            let read = try Placement(document: JSON(parsing: Array(text.utf8)))
            #expect(read.document.serialized() == text)
        }
    }

    @Test(
        "a damaged document is refused, not guessed",
        arguments: ["{}", #"{"schema":"mozaiks.ops/placement/v2"}"#, #"{"schema":"mozaiks.ops/placement/v1","lease":1}"#, "[]", "null"])
    func damaged(text: String) throws {
        #expect(throws: DocumentError.self) { try Placement(document: JSON(parsing: Array(text.utf8))) }
    }
}
