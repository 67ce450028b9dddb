import Journal
import Model
import Testing

@Suite(.bothEngines) struct ListingTests {
    // MARK: Incidents

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let filter: IncidentFilter
        let ids: [String]
    }

    static let incidents = [
        incident("aaaa-1", openedAt: at(10)),
        incident("aaab-2", rule: "runtime-down", subject: .runtime("shared"), severity: .critical, openedAt: at(20)),
        incident(
            "bbbb-3", subject: .app(AppID("cafe\u{301}"), runtime: "shared"), status: .resolved, openedAt: at(30),
            resolvedAt: at(40)),
        incident(
            "bbbc-4", subject: .app(AppID("caf\u{E9}"), runtime: "other"), severity: .info, status: .acknowledged,
            openedAt: at(30)),
        // A runtime that is called as the app is not the app.
        incident("cccc-5", subject: .runtime("app-clinic"), openedAt: at(5)),
    ]

    /// Whose app is named so that a comparison by beginnings would take in others.
    static let ofWorkflows = ["app-clinic", "app-clinic\u{1}", "app-clinic\u{2}", "app-clinic2", "app"].enumerated().map { index, app in
        incident(
            "w\(index)-1", subject: .workflow(PackID("Generator"), app: AppID(app), runtime: "shared"), openedAt: at(50 + Int64(index)))
    }

    @Test func thoseOfAnAppsWorkflowsAreAmongItsOwn() throws {
        let place = try Place()
        try place.engine().commitTick(TickRecord(incidents: Self.incidents + Self.ofWorkflows))
        let reader = try place.reader()
        #expect(try reader.incidents(.init(app: AppID("app-clinic"))).map(\.id) == ["w0-1", "aaaa-1"])
        #expect(try reader.incidents(.init(app: AppID("app-clinic\u{1}"))).map(\.id) == ["w1-1"])
        #expect(try reader.incidents(.init(runtime: "shared", limit: 1)).first?.subject == Self.ofWorkflows[4].subject)
        #expect(try reader.incident("w1").subject == Self.ofWorkflows[1].subject)
    }

    static let cases = [
        Case(
            testDescription: "all, newest first, then by id", filter: .init(),
            ids: ["bbbb-3", "bbbc-4", "aaab-2", "aaaa-1", "cccc-5"]),
        Case(testDescription: "the newest two", filter: .init(limit: 2), ids: ["bbbb-3", "bbbc-4"]),
        Case(testDescription: "none", filter: .init(limit: 0), ids: []),
        Case(testDescription: "open", filter: .init(statuses: [.open]), ids: ["aaab-2", "aaaa-1", "cccc-5"]),
        Case(
            testDescription: "open or acknowledged", filter: .init(statuses: [.open, .acknowledged]),
            ids: ["bbbc-4", "aaab-2", "aaaa-1", "cccc-5"]),
        Case(testDescription: "by rule", filter: .init(rule: "runtime-down"), ids: ["aaab-2"]),
        Case(testDescription: "by app", filter: .init(app: AppID("app-clinic")), ids: ["aaaa-1"]),
        Case(testDescription: "an app by its bytes", filter: .init(app: AppID("caf\u{E9}")), ids: ["bbbc-4"]),
        Case(testDescription: "by runtime", filter: .init(runtime: "other"), ids: ["bbbc-4"]),
        Case(testDescription: "since", filter: .init(since: at(20)), ids: ["bbbb-3", "bbbc-4", "aaab-2"]),
        Case(
            testDescription: "severities", filter: .init(severities: [.info, .critical]), ids: ["bbbc-4", "aaab-2"]),
        Case(
            testDescription: "all at once",
            filter: .init(
                statuses: [.resolved], severities: [.warning], rule: "noisy-neighbor", app: AppID("cafe\u{301}"),
                runtime: "shared", since: at(30), limit: 1), ids: ["bbbb-3"]),
        Case(testDescription: "a value that would be SQL", filter: .init(rule: "' OR 1=1 --"), ids: []),
    ]

    @Test(arguments: cases) func listing(_ test: Case) throws {
        let place = try Place()
        try place.engine().commitTick(TickRecord(incidents: Self.incidents))
        #expect(try place.reader().incidents(test.filter).map(\.id) == test.ids)
    }

    @Test func anIncidentIsFoundByItsIdOrABeginningOfIt() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(TickRecord(incidents: Self.incidents + [incident("aaaa-12")]))
        #expect(try engine.incident("aaab").id == "aaab-2")
        #expect(try engine.incident("aaaa-1").id == "aaaa-1", "a whole id wins over longer ones")
        guard case .ambiguousID(let candidates)? = cause({ try engine.incident("bbb") }) else {
            Issue.record("two begin so")
            return
        }
        #expect(
            candidates.count == 2 && candidates[0].contains(" (noisy-neighbor on app ") && candidates[1].contains(", acknowledged, opened ")
        )
        #expect(cause { try engine.incident("dddd") } == .unknownID)
        #expect(cause { try engine.incident("") } == .unknownID)
        #expect(cause { try engine.incident("%") } == .unknownID)
    }

    // MARK: Leases

    @Test func leasesAreListedByState() throws {
        let place = try Place()
        let engine = try place.engine()
        let leases = [
            lease("lease-a", state: .intended, createdAt: at(1)), lease("lease-b", createdAt: at(2)),
            lease("lease-c", state: .reverting, createdAt: at(3)),
            lease("lease-d", state: .ended, createdAt: at(4), endedAt: at(9)),
        ]
        try engine.commitTick(TickRecord(leases: leases))
        #expect(try engine.leases().map(\.id) == ["lease-d", "lease-c", "lease-b", "lease-a"])
        #expect(try engine.leases(states: [.ended, .inForce]).map(\.id) == ["lease-d", "lease-b"])
        #expect(try engine.leases(since: at(2), until: at(4)).map(\.id) == ["lease-c", "lease-b"])
        #expect(try engine.leases(states: [.intended, .inForce], after: (at(3), "lease-c"), limit: 1).map(\.id) == ["lease-b"])
        #expect(try engine.unfinishedLeases().map(\.id) == ["lease-c", "lease-b", "lease-a"])
        #expect(try engine.lease("lease-b") == leases[1])
        #expect(cause { try engine.lease("lease-") } == .ambiguousID(leases.map(\.id)))
    }

    // MARK: Retention

    @Test func onlyWhatIsOverAndPastItsTimeGoes() throws {
        let place = try Place()
        let engine = try place.engine()
        let day: Int64 = 86_400
        let now = at(100 * day)
        try engine.commitTick(
            TickRecord(
                states: [StateRow(key: "engine", bytes: [1])],
                minutes: [at(0), at(69 * day), at(71 * day)].map {
                    MinuteRow(runtime: "shared", minute: $0.minute, bytes: [1])
                },
                incidents: [
                    incident("old-open"), incident("old-resolved", status: .resolved, resolvedAt: at(9 * day)),
                    incident("resolved", status: .resolved, resolvedAt: at(11 * day)),
                ],
                leases: [
                    lease("old-in-force"), lease("old-ended", state: .ended, endedAt: at(9 * day)),
                    lease("ended", state: .ended, endedAt: at(11 * day)),
                ],
                messages: ["a", "b", "c"].map { message(.opened, incident: $0) }, audit: [audit("old")]))
        try engine.settle(1, .sent(at: at(69 * day)))
        try engine.settle(2, .sent(at: at(71 * day)))
        try engine.appendCommand(at: at(0), actor: "ana", kind: "stop", arguments: "{}")
        let taken = try engine.appendCommand(at: at(0), actor: "ana", kind: "stop", arguments: "{}")
        try engine.commitTick(TickRecord(commands: [CommandResult(id: taken, takenAt: at(1), result: "done")]))

        var rounds = 0
        while try engine.prune(now: now, batch: 1) > 0 { rounds += 1 }
        #expect(rounds == 2, "one row of each table at a time; two minutes were old")
        #expect(try Set(engine.incidents().map(\.id)) == ["old-open", "resolved"])
        #expect(try Set(engine.leases().map(\.id)) == ["old-in-force", "ended"])
        #expect(try engine.outbox().map(\.id) == [3, 2])
        #expect(try engine.minutes(runtime: "shared", in: 0..<Int64.max).map(\.minute) == [at(71 * day).minute])
        #expect(try engine.waitingCommands().count == 1)
        #expect(try engine.command(taken) == nil)
        #expect(try engine.verifyAudit() == .intact(rows: 1))
        #expect(try engine.state("engine") == [1])
    }

    @Test func pagesOfRemovedRowsGoBackToTheFileSystem() throws {
        let place = try Place()
        let engine = try place.engine()
        let minutes = (0..<200).map { MinuteRow(runtime: "r", minute: $0, bytes: .init(repeating: 7, count: 8_000)) }
        try engine.commitTick(TickRecord(minutes: minutes))
        engine.close()
        guard place.folder.database == nil else { return }
        let full = try #require(place.temporary.read("journal.db")).count
        let again = try place.engine()
        while try again.prune(now: at(0)) > 0 {}
        for _ in 0..<3 { try again.prune(now: at(0)) }
        again.close()
        let left = try #require(place.temporary.read("journal.db")).count
        #expect(full > 1_600_000 && left < full / 2)
    }
}
