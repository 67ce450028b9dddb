import Guard
import Model
import Testing

@testable import Telling

/// Several incidents as one message: what opens together, storms, used-up pages; and reminders.
@Suite struct GroupingTests {
    func apps(_ range: Range<Int>, severity: Severity = .warning, at: Timestamp = midnight) -> [Incident] {
        range.map { .made(app: "app-\($0)", severity: severity, at: at) }
    }

    @Test("two => one by one; three => one message, one update as they end, one end")
    func together() throws {
        var world = World()
        #expect(try world.tick(open: apps(0..<2)).count == 2)
        let three = apps(2..<5)
        #expect(try world.tick(.minutes(3), open: three) == ["opened together of 3 (3 open): ops"])
        #expect(try world.tick(.seconds(10), resolve: [three[0]]) == [])
        #expect(try world.tick(.minutes(1)) == ["updated together of 3 (2 open): ops"])
        #expect(try world.tick(.minutes(1)) == [])
        #expect(try world.tick(.minutes(1), resolve: [three[1], three[2]]) == ["resolved together of 3 (0 open): ops"])
        #expect(world.state.digests.isEmpty)
        #expect(try world.tick(.minutes(1), resolve: apps(0..<2)).count == 2)
    }

    @Test("group_wait: held until the first has waited; what ends meanwhile is told as both")
    func wait() throws {
        var world = World { $0.grouping.wait = .seconds(30) }
        let incidents = apps(0..<4)
        #expect(try world.tick(open: [incidents[0]]) == [])
        #expect(try world.tick(.seconds(10), open: [incidents[1], incidents[2]]) == [])
        #expect(
            try world.tick(.seconds(10), resolve: [incidents[1]]) == ["opened app-1: ops", "resolved app-1: ops"])
        #expect(try world.tick(.seconds(10), open: [incidents[3]]) == ["opened together of 3 (3 open): ops"])
        #expect(try world.tick(.seconds(30)) == [])
    }

    @Test("a storm: one digest that takes in what opens while it lasts, one by one again when it is over")
    func storm() throws {
        var world = World()
        for index in 0..<9 { #expect(try world.tick(.seconds(10), open: [apps(index..<(index + 1))[0]]).count == 1) }
        #expect(try world.tick(.seconds(10), open: apps(9..<10)) == ["opened storm of 1 (1 open): ops"])
        #expect(try world.tick(.seconds(10), open: apps(10..<15)) == [])
        #expect(try world.tick(.seconds(50)) == ["updated storm of 6 (6 open): ops"])
        // The next update may come after twice as long.
        #expect(try world.tick(.seconds(20), open: apps(15..<30)) == [])
        #expect(try world.tick(.seconds(70)) == [])
        #expect(try world.tick(.seconds(30)).first?.hasPrefix("updated storm of 21 (21 open)") == true)
        #expect(try world.tick(.minutes(20), open: apps(30..<31)) == ["opened app-30: ops"])
        #expect(try world.tick(.minutes(1), resolve: apps(9..<30)).last?.hasPrefix("resolved storm of 21 (0 open)") == true)
    }

    @Test("something worse than a storm's digest holds is told by itself")
    func worse() throws {
        var world = World([.init("ops"), .init("page")]) {
            $0.routes = [
                .init(channels: ["ops"]), .init(match: IncidentMatch(severities: [.critical]), channels: ["page"]),
            ]
        }
        #expect(try world.tick(open: apps(0..<12)) == ["opened storm of 12 (12 open): ops"])
        let down = Incident.made("runtime-down", app: nil, severity: .critical)
        #expect(try world.tick(.seconds(10), open: [down]) == ["opened runtime-down: ops, page"])
        #expect(try world.tick(.seconds(10), resolve: [down]) == ["resolved runtime-down: ops, page"])
    }

    @Test("ten thousand at once are one message a channel, and end as one")
    func flood() throws {
        var world = World([.init("ops"), .init("mail"), .init("page", pages: true)])
        world.restarts = false
        let all = apps(0..<10_000)
        let lines = try world.tick(open: all)
        try world.restart()
        #expect(lines.count == 3 && lines.allSatisfy { $0.contains("storm of 10000 (10000 open)") }, "\(lines.prefix(5))")
        for _ in 0..<20 { #expect(try world.tick(.minutes(1)).isEmpty) }
        let end = try world.tick(.minutes(1), resolve: all)
        #expect(end.count == 3 && end.allSatisfy { $0.hasPrefix("resolved storm of 10000 (0 open)") }, "\(end.prefix(5))")
        #expect(world.state.entries.isEmpty && world.state.digests.isEmpty)
        // What a digest keeps does not grow with its members.
        #expect(world.state.document.serializedBytes().count < 4_000)
    }

    @Test("a slow trickle beyond the limit of new threads is told together")
    func trickle() throws {
        var world = World { $0.grouping.limit = Pace(5, in: .hours(1)) }
        var lines: [String] = []
        for index in 0..<20 { lines += try world.tick(.minutes(2), open: apps(index..<(index + 1))) }
        #expect(lines.filter { $0.hasPrefix("opened app-") }.count == 5)
        #expect(lines.filter { $0.hasPrefix("opened storm") }.count == 1)
    }

    // MARK: - The page budget

    func paging(_ change: (inout TellingSettings) -> Void = { _ in }) -> World {
        World([.init("page", pages: true)]) {
            $0.pageBudget?.pages = 2
            $0.reminders = [:]
            change(&$0)
        }
    }

    @Test("two pages a night, then a digest; by day each again")
    func budget() throws {
        var world = paging()
        let incidents = apps(0..<6, severity: .critical)
        var lines: [String] = []
        for incident in incidents[..<5] { lines += try world.tick(.minutes(10), open: [incident]) }
        #expect(
            lines == [
                "opened app-0: page", "opened app-1: page", "opened page_budget of 1 (1 open): page",
                "updated page_budget of 3 (3 open): page",
            ]
                || lines.prefix(3)
                    == [
                        "opened app-0: page", "opened app-1: page", "opened page_budget of 1 (1 open): page",
                    ][...],
            "\(lines)")
        #expect(!lines.contains { $0.hasPrefix("opened app-2") || $0.hasPrefix("opened app-3") })
        #expect(try world.tick(.hours(7), open: [incidents[5]]).contains("opened app-5: page"))
        #expect(try world.tick(.minutes(1), resolve: incidents).count == 4)
    }

    @Test("a critical runtime pages beyond the budget, once a night")
    func exempt() throws {
        var world = paging()
        try world.tick(open: apps(0..<1))
        try world.tick(.minutes(5), open: apps(1..<2))
        let down = Incident.made("runtime-down", app: nil, severity: .critical, at: at(.minutes(10)))
        #expect(try world.tick(.minutes(5), open: [down]) == ["opened runtime-down: page"])
        try world.tick(.minutes(5), resolve: [down])
        let again = Incident.made("runtime-down", app: nil, severity: .critical, at: at(.minutes(40)))
        #expect(
            try world.tick(.minutes(20), open: [again]) == ["opened page_budget of 1 (1 open): page"])
        // The next night counts anew.
        world.settings.grouping.wait = .zero
        let late = Incident.made("runtime-down", app: nil, severity: .critical, at: at(.hours(23)))
        #expect(try world.tick(.hours(22), open: [late], resolve: [again]).contains("opened runtime-down: page"))
    }

    @Test("used up, and each is over before the next opens => one digest until the hours are over, not a page each")
    func budgetWithEnds() throws {
        var world = paging()
        var lines: [String] = []
        for index in 0..<20 {
            let incident = apps(index..<(index + 1), at: world.now)
            lines += try world.tick(.minutes(10), open: incident)
            lines += try world.tick(.minutes(10), resolve: incident)
        }
        #expect(world.now == at(.minutes(400)))
        #expect(
            lines.filter { $0.hasPrefix("opened") }
                == ["opened app-0: page", "opened app-1: page", "opened page_budget of 1 (1 open): page"])
        #expect(lines.filter { $0.hasPrefix("resolved") } == ["resolved app-0: page", "resolved app-1: page"])
        #expect(lines.contains("updated page_budget of 1 (0 open): page"), "what is over is said, and wakes nobody")
        #expect(lines.contains { $0.hasPrefix("updated page_budget of 18 (") }, "\(lines)")
        #expect(try world.tick(.minutes(20)) == ["resolved page_budget of 18 (0 open): page"])
        #expect(world.state.digests.isEmpty)
        #expect(try world.tick(.hours(1), open: apps(30..<31)) == ["opened app-30: page"])
    }

    @Test("what is open when the hours are over holds the digest until it ends")
    func budgetUntilLater() throws {
        var world = paging { $0.pageBudget?.pages = 0 }
        #expect(try world.tick(.hours(6), open: apps(0..<1)) == ["opened page_budget of 1 (1 open): page"])
        #expect(try world.tick(.hours(2)) == [])
        #expect(try world.tick(.hours(1), resolve: apps(0..<1)) == ["resolved page_budget of 1 (0 open): page"])
    }

    @Test("storms and what opens together are pages, too")
    func budgetOfStorms() throws {
        var world = paging()
        var lines: [String] = []
        for storm in 0..<5 {
            let many = apps((storm * 20)..<(storm * 20 + 15), at: world.now)
            lines += try world.tick(.minutes(30), open: many)
            lines += try world.tick(.minutes(30), resolve: many)
        }
        #expect(
            lines.filter { $0.hasPrefix("opened") } == [
                "opened storm of 15 (15 open): page", "opened storm of 15 (15 open): page",
                "opened page_budget of 15 (15 open): page",
            ])
        let replicas = (0..<4).map { Incident.made("down-\($0)", app: nil, severity: .critical, at: world.now) }
        #expect(
            try world.tick(.minutes(10), open: replicas + apps(200..<202)).filter { $0.hasPrefix("opened") }
                == ["opened together of 4 (4 open): page"], "what wakes people all the same does so once")
    }

    @Test("what paged beyond the budget in one night does so in the next, before anything else paged in it")
    func exemptNextNight() throws {
        var world = paging { $0.pageBudget?.pages = 0 }
        for _ in 0..<2 {
            let down = Incident.made("runtime-down", app: nil, severity: .critical, at: world.now)
            #expect(try world.tick(.minutes(5), open: [down]) == ["opened runtime-down: page"])
            #expect(try world.tick(.hours(24), resolve: [down]) == ["resolved runtime-down: page"])
        }
    }

    @Test("other channels have no budget, and off is off")
    func withoutBudget() throws {
        var world = paging { $0.channels.append(.init("ops")) }
        var lines: [String] = []
        for index in 0..<5 { lines += try world.tick(.minutes(10), open: apps(index..<(index + 1))) }
        #expect(lines.filter { $0.hasPrefix("opened app-") && $0.hasSuffix("ops") }.count == 5)
        world = paging { $0.pageBudget = nil }
        lines = []
        for index in 0..<5 { lines += try world.tick(.minutes(10), open: apps(index..<(index + 1))) }
        #expect(lines.count == 5)
    }

    @Test("what needs a person steps out of its digest; what was done does not wake anybody")
    func stepsOut() throws {
        var world = World([.init("ops"), .init("page", pages: true)])
        let three = apps(0..<3)
        try world.tick(open: three)
        func decision(_ verdict: Verdict) -> ActionDecision {
            ActionDecision(
                at: midnight, incident: three[0].id,
                key: LeaseKey(kind: .pause, runtime: "shared", app: AppID("app-0")), effect: .pause, ttl: .minutes(10),
                verdict: verdict)
        }
        #expect(try world.tick(.minutes(1), decisions: [decision(.act)]) == ["opened app-0: ops"])
        let asks = Verdict.needsApproval(Refusal(.approval, "a person"))
        let lines = try world.tick(.seconds(10), decisions: [decision(asks)])
        #expect(lines == ["opened app-0: page", "updated approval app-0: ops"])
        #expect(try world.tick(.seconds(10), resolve: [three[0]]).first == "resolved app-0: ops, page")
    }

    func asks(_ incident: Incident) -> ActionDecision {
        decision(incident, .needsApproval(Refusal(.approval, "a person")))
    }

    func decision(_ incident: Incident, _ verdict: Verdict) -> ActionDecision {
        ActionDecision(
            at: midnight, incident: incident.id,
            key: LeaseKey(kind: .pause, runtime: "shared", app: incident.subject.app ?? AppID("-")), effect: .pause,
            ttl: .minutes(10), verdict: verdict)
    }

    @Test("decided as they open together: what a digest does not show is told beside it, once")
    func newsOfTogether() throws {
        var world = World([.init("ops"), .init("page", pages: true)])
        let three = apps(0..<3)
        let lines = try world.tick(open: three, decisions: [asks(three[0]), decision(three[1], .act)])
        #expect(
            lines.sorted() == [
                "opened app-0: ops, page", "opened app-1: ops", "opened together of 3 (3 open): ops",
                "opened together of 3 (3 open): page",
            ])
        #expect(try world.tick(.seconds(10), decisions: [asks(three[0])]) == [])
    }

    @Test("decided while it waits for company => told when the company came, unless its own opening says it")
    func newsOfWaiting() throws {
        for count in [1, 3] {
            var world = World { $0.grouping.wait = .seconds(30) }
            let some = apps(0..<count)
            #expect(try world.tick(open: some, decisions: [asks(some[0])]) == [])
            #expect(try world.tick(.seconds(10)) == [])
            #expect(
                try world.tick(.seconds(20))
                    == (count == 1
                        ? ["opened app-0: ops"] : ["opened together of 3 (3 open): ops", "opened app-0: ops"]))
            #expect(try world.tick(.seconds(10)) == [])
        }
    }

    @Test("asked for outside of the route's hours => told when they come, unless nothing waits any more")
    func newsOutsideHours() throws {
        for isOver in [false, true] {
            var world = World {
                $0.routes = [.init(hours: Hours("00:00-02:00"), channels: ["ops"])]
                $0.reminders = [:]
            }
            let incident = apps(0..<1)[0]
            try world.tick(open: [incident])
            #expect(try world.tick(.hours(3), decisions: [asks(incident)]) == [])
            let no = decision(incident, .refused(Refusal(.approval, "no")))
            #expect(try world.tick(.hours(1), decisions: isOver ? [no] : []) == [])
            #expect(try world.tick(.hours(20)) == (isOver ? [] : ["updated approval app-0: ops"]))
            #expect(try world.tick(.minutes(1)) == [])
            #expect(try world.tick(.minutes(1), decisions: [asks(incident)]) == (isOver ? ["updated approval app-0: ops"] : []))
        }
    }

    @Test("what needs a person counts as a page; where none is left, it is told when the night is over")
    func newsBeyondBudget() throws {
        var world = paging { $0.channels.append(.init("ops")) }
        let many = apps(0..<8)
        #expect(try world.tick(open: many).count == 2)
        let lines = try world.tick(.minutes(1), decisions: many.map(asks))
        #expect(lines.count == 8 && lines.filter { $0.hasSuffix(": page, ops") }.count == 1, "\(lines)")
        #expect(lines.filter { $0.hasSuffix(": ops") }.count == 7)
        #expect(try world.tick(.hours(5)) == [])
        let morning = try world.tick(.hours(2))
        let rest = lines.filter { $0.hasSuffix(": ops") }.map { $0.replacing(": ops", with: ": page") }
        #expect(morning.count == 7 && morning == rest, "\(morning)")
        #expect(try world.tick(.minutes(1)) == [])
    }

    // MARK: - Reminders

    @Test("told again after 8h, then after twice as long")
    func reminders() throws {
        var world = World { $0.reminders = [.warning: .hours(1)] }
        let incident = apps(0..<1)
        try world.tick(open: incident)
        var hours: [Int] = []
        for hour in 1...60 where try !world.tick(.hours(1)).isEmpty { hours.append(hour) }
        #expect(hours == [1, 3, 7, 15, 31, 55], "1, 2, 4, 8, 16 and then 24 hours apart")
        #expect(try world.tick(resolve: incident) == ["resolved app-0: ops"])
    }

    @Test("critical after 1h, warning after 8h, info never")
    func defaultReminders() throws {
        for (severity, hours) in [(Severity.critical, 1), (.warning, 8), (.info, 0)] {
            var world = World()
            try world.tick(open: apps(0..<1, severity: severity))
            var first = 0
            for hour in 1...12 where try !world.tick(.hours(1)).isEmpty && first == 0 { first = hour }
            #expect(first == hours, "\(severity)")
        }
    }

    @Test("not to where routes do not lead now; suppressed => not at all, until the cause is over")
    func heldReminders() throws {
        var world = World { $0.routes = [.init(hours: Hours("00:00-02:00"), channels: ["ops"])] }
        let incident = Incident.made(severity: .critical)
        try world.tick(open: [incident])
        #expect(try world.tick(.hours(1), suppressed: [incident.id: "runtime-down"]) == [])
        #expect(try world.tick(.minutes(30)) == ["updated reminder app-clinic: ops"])
        for _ in 0..<22 { #expect(try world.tick(.hours(1)) == []) }
        #expect(try world.tick(.minutes(40)) == ["updated reminder app-clinic: ops"])
    }

    @Test("a digest is reminded of as one")
    func digestReminder() throws {
        var world = World()
        try world.tick(open: apps(0..<50))
        #expect(try world.tick(.hours(8)) == ["updated reminder storm of 50 (50 open): ops"])
    }

    @Test("a digest is neither updated nor reminded of where its route's hours are over; its end is told")
    func digestOutsideHours() throws {
        var world = World {
            $0.routes = [.init(hours: Hours("00:00-02:00"), channels: ["ops"])]
            $0.reminders = [.warning: .hours(3)]
        }
        let many = apps(0..<15)
        try world.tick(open: many)
        #expect(try world.tick(.hours(4), resolve: [many[0]]) == [])
        #expect(try world.tick(.hours(1)) == [])
        #expect(try world.tick(.hours(19)) == ["updated storm of 15 (14 open): ops"])
        #expect(try world.tick(.hours(4), resolve: many) == ["resolved storm of 15 (0 open): ops"])
    }

    // MARK: - Acknowledgements

    @Test("acknowledged => told to who heard, no reminders; run out => reminders go on")
    func acknowledged() throws {
        var world = World { $0.reminders = [.warning: .hours(1)] }
        let incident = apps(0..<1)[0]
        try world.tick(open: [incident])
        let tidings = world.state.acknowledge(
            incident.id, until: at(.hours(5)), world.occasion, world.settings, world.source)
        #expect(world.lines(tidings) == ["updated acknowledged app-0: ops"])
        for _ in 0..<4 { #expect(try world.tick(.hours(1)) == []) }
        #expect(try world.tick(.hours(1)) == ["updated reminder app-0: ops"])
        #expect(world.notes == ["app-0: the acknowledgement has run out"])
        _ = world.state.acknowledge(incident.id, until: nil, world.occasion, world.settings, world.source)
        for _ in 0..<48 { #expect(try world.tick(.hours(1)) == []) }
        world.state.unacknowledge(incident.id)
        #expect(try world.tick(.hours(1)) == ["updated reminder app-0: ops"])
    }

    @Test("a digest is acknowledged once all that is open in it is")
    func acknowledgedDigest() throws {
        var world = World()
        let three = apps(0..<3)
        try world.tick(open: three)
        var lines: [String] = []
        for incident in three {
            let tidings = world.state.acknowledge(
                incident.id, until: nil, world.occasion, world.settings, world.source)
            lines += world.lines(tidings)
        }
        #expect(lines == ["updated acknowledged together of 3 (3 open): ops"])
        #expect(try world.tick(.hours(20)) == [])
    }
}
