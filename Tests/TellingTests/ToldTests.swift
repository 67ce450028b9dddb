import Guard
import JSONParsing
import Model
import Testing

@testable import Telling

/// Who heard of an opening hears of the end, whatever happens in between.
@Suite struct ToldTests {
    let noisy = Incident.made()
    let down = Incident.made("runtime-down", app: nil, severity: .critical)

    @Test("open => resolved, to the same channels")
    func plain() throws {
        var world = World([.init("ops"), .init("mail")]) {
            $0.routes = [.init(match: IncidentMatch(severities: [.warning]), channels: ["ops"])]
        }
        #expect(try world.tick(open: [noisy, down]) == ["opened runtime-down: ", "opened app-clinic: ops"])
        #expect(try world.tick(.minutes(1)) == [])
        #expect(
            try world.tick(.minutes(1), resolve: [noisy, down]) == ["resolved app-clinic: ops", "resolved runtime-down: "])
        #expect(world.state.entries.isEmpty)
    }

    @Test("the route is gone, the channel is gone, the rule names others => the end comes all the same")
    func changed() throws {
        var world = World([.init("ops"), .init("mail"), .init("page")])
        #expect(try world.tick(open: [noisy]) == ["opened app-clinic: ops, mail, page"])
        world.settings.channels = [.init("mail"), .init("ops")]
        world.settings.routes = [.init(match: IncidentMatch(severities: [.critical]), channels: ["ops"])]
        world.source.named = ["nobody"]
        world.state.routeAnew()
        #expect(try world.tick(.minutes(1)) == [])
        #expect(try world.tick(.minutes(1), resolve: [noisy]) == ["resolved app-clinic: mail, ops, page"])
    }

    @Test("a channel that joins later hears what is open, and its end")
    func joins() throws {
        var world = World()
        #expect(try world.tick(open: [noisy]) == ["opened app-clinic: ops"])
        world.settings.channels.append(.init("mail"))
        #expect(try world.tick(.minutes(1)) == ["opened app-clinic: mail"])
        #expect(try world.tick(.minutes(1), resolve: [noisy]) == ["resolved app-clinic: ops, mail"])
    }

    @Test("hours: told when they come while it is open; not told at all when it is over by then")
    func hours() throws {
        var world = World([.init("ops"), .init("mail")]) {
            $0.routes = [.init(hours: Hours("08:00-18:00"), channels: ["ops"]), .init(channels: ["mail"])]
            $0.reminders = [:]
        }
        let other = Incident.made(app: "app-bank", at: at(.hours(1)))
        #expect(try world.tick(.hours(1), open: [noisy, other]) == ["opened app-clinic: mail", "opened app-bank: mail"])
        #expect(try world.tick(.hours(1), resolve: [other]) == ["resolved app-bank: mail"])
        #expect(try world.tick(.hours(6)) == ["opened app-clinic: ops"])
        #expect(try world.tick(.hours(12), resolve: [noisy]) == ["resolved app-clinic: ops, mail"])
    }

    @Test("reopened within the flap time: told again, and its end again")
    func flaps() throws {
        var world = World()
        try world.tick(open: [noisy])
        #expect(try world.tick(.minutes(5), resolve: [noisy]) == ["resolved app-clinic: ops"])
        #expect(try world.tick(.minutes(5), open: [noisy], isReopened: true) == ["opened app-clinic: ops"])
        #expect(try world.tick(.minutes(5), resolve: [noisy]) == ["resolved app-clinic: ops"])
    }

    @Test("a rule that does not notify is told to nobody, and nobody hears of the end")
    func silent() throws {
        var world = World()
        world.source.named = nil
        #expect(try world.tick(open: [noisy]) == [])
        #expect(try world.tick(.minutes(1), resolve: [noisy]) == [])
    }

    @Test("taken up from a journal of before: the outbox knows who heard")
    func adopted() throws {
        var world = World([.init("ops"), .init("mail")])
        world.source.incidents[noisy.id] = noisy
        world.names[noisy.id] = "app-clinic"
        world.state.adopt(noisy, heardBy: ["mail", "ops"])
        #expect(try world.tick(.minutes(1)) == [])
        #expect(try world.tick(.minutes(1), resolve: [noisy]) == ["resolved app-clinic: ops, mail"])
    }

    // MARK: - News

    private func decision(
        _ verdict: Verdict, lease: String? = nil, app: String = "app-clinic", approval: String? = nil
    ) -> ActionDecision {
        ActionDecision(
            at: midnight, incident: noisy.id, key: LeaseKey(kind: .pause, runtime: "shared", app: AppID(app)),
            effect: .pause, ttl: .minutes(10), verdict: verdict, lease: lease, approval: approval)
    }

    private func extended(_ times: Int) -> LeaseChange {
        let lease = Lease(
            id: "lease-1", key: LeaseKey(kind: .pause, runtime: "shared", app: AppID("app-clinic")), effect: .pause,
            holders: [], createdAt: midnight, expiresAt: midnight, state: .inForce, shadow: false, extensions: times)
        return LeaseChange(kind: .extend, lease: lease, reason: LeaseChange.stillTrue)
    }

    @Test("done with the opening => not said twice; done later => said; extended => said once; lasted longest => said")
    func actions() throws {
        var world = World()
        #expect(
            try world.tick(open: [noisy], decisions: [decision(.act, lease: "lease-1")]) == ["opened app-clinic: ops"])
        #expect(
            try world.tick(.minutes(1), decisions: [decision(.act, lease: "lease-2")])
                == ["updated action app-clinic: ops"])
        for times in 1...4 {
            let lines = try world.tick(
                .minutes(1), decisions: [decision(.act, lease: "lease-1")], leases: [extended(times)])
            #expect(lines == (times == 1 ? ["updated action app-clinic: ops"] : []))
        }
        let longest = Verdict.refused(Refusal(.maxLease, "a person has to look"))
        #expect(
            try world.tick(.minutes(1), decisions: [decision(longest)]) == ["updated person app-clinic: ops"])
        #expect(
            try world.tick(.minutes(1), decisions: [decision(.refused(Refusal(.cooldown, "soon"))), decision(.wouldHave)])
                == [])
    }

    @Test("an approval that is asked for later is told once an action; in observe nobody is asked")
    func approvals() throws {
        let asks = Verdict.needsApproval(Refusal(.approval, "a person"))
        var world = World()
        try world.tick(open: [noisy])
        #expect(try world.tick(.minutes(1), decisions: [decision(asks)]) == ["updated approval app-clinic: ops"])
        #expect(try world.tick(.minutes(1), decisions: [decision(asks)]) == [])
        #expect(
            try world.tick(.minutes(1), decisions: [decision(asks, app: "app-bank"), decision(.act)])
                == ["updated approval app-clinic: ops"])
        world.source.mode = .observe
        #expect(try world.tick(.minutes(1), decisions: [decision(asks, app: "app-shop")]) == [])
    }

    @Test("what was offered anew is told anew, once an offer; offers in quick succession are not")
    func offeredAgain() throws {
        let asks = Verdict.needsApproval(Refusal(.approval, "a person"))
        var world = World { $0.reminders = [:] }
        try world.tick(open: [noisy], decisions: [decision(asks, approval: "a1b2")])
        #expect(try world.tick(.minutes(1), decisions: [decision(asks, approval: "a1b2")]) == [])
        #expect(try world.tick(.hours(8), decisions: [decision(asks, approval: "c3d4")]) == ["updated approval app-clinic: ops"])
        #expect(try world.tick(.seconds(10), decisions: [decision(asks, approval: "c3d4")]) == [])
        #expect(try world.tick(.hours(8), decisions: [decision(asks, approval: "c3d4")]) == [], "the same offer")
        #expect(try world.tick(.seconds(10), decisions: [decision(asks, approval: "e5f6")]) == ["updated approval app-clinic: ops"])
        let quick = try (0..<59).flatMap { try world.tick(.minutes(1), decisions: [decision(asks, approval: "\($0)")]) }
        #expect(quick == [])
        #expect(try world.tick(.minutes(1), decisions: [decision(asks, approval: "f7a8")]) == ["updated approval app-clinic: ops"])
    }

    @Test("what earlier versions kept of offers is taken up")
    func olderDocument() throws {
        let asks = Verdict.needsApproval(Refusal(.approval, "a person"))
        var world = World()
        try world.tick(open: [noisy], decisions: [decision(asks)])
        let text = world.state.document.serialized()
        let key = try #require(world.state.entries.values.first?.asked.keys.first)
        let entry: JSON = ["key": .string(key), "approval": .null, "at": .moment(world.now)]
        let older = text.replacing(entry.serialized(), with: JSON.string(key).serialized())
        #expect(older != text)
        world.state = try TellingState(document: JSON(parsing: Array(older.utf8)))
        #expect(try world.tick(.minutes(1), decisions: [decision(asks)]) == [])
        #expect(try world.tick(.minutes(1), decisions: [decision(asks, approval: "c3d4")]) == ["updated approval app-clinic: ops"])
    }

    @Test("an approval asked for with the opening is in it, and not asked for again")
    func approvalAtOnce() throws {
        let asks = Verdict.needsApproval(Refusal(.approval, "a person"))
        var world = World()
        #expect(try world.tick(open: [noisy], decisions: [decision(asks)]) == ["opened app-clinic: ops"])
        #expect(try world.tick(.minutes(1), decisions: [decision(asks)]) == [])
    }
}
