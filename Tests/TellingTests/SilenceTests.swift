import Model
import Testing

@testable import Telling

/// Silences and hours of maintenance: held back, and told when they end.
@Suite struct SilenceTests {
    let noisy = Incident.made()

    func silence(_ match: IncidentMatch, until: Timestamp?) -> Silence {
        Silence(id: "silence-1", match: match, createdAt: midnight, by: "dana", comment: "load test", until: until)
    }

    @Test("silenced => open and not told => the silence ends => told; the end is told")
    func heldBack() throws {
        var world = World()
        let added = world.state.add(silence(IncidentMatch(apps: [Glob("app-*")]), until: at(.hours(2))))
        let again = world.state.add(silence(IncidentMatch(apps: [Glob("app-*")]), until: at(.hours(2))))
        #expect(added && !again)
        #expect(try world.tick(.hours(1), open: [noisy]) == [])
        #expect(
            world.notes == [
                "app-clinic: messages and new actions held back by silence-1 by dana until 2026-11-21T02:00:00.000Z: load test"
            ])
        #expect(try world.tick(.minutes(59)) == [])
        #expect(try world.tick(.minutes(1)) == ["opened app-clinic: ops"])
        #expect(world.notes.last == "app-clinic: no longer held back")
        #expect(try world.tick(.minutes(1), resolve: [noisy]) == ["resolved app-clinic: ops"])
    }

    @Test("over within the silence => nobody hears anything")
    func overWithin() throws {
        var world = World()
        _ = world.state.add(silence(IncidentMatch(rules: [Glob("*")]), until: at(.hours(2))))
        #expect(try world.tick(open: [noisy]) == [])
        #expect(try world.tick(.minutes(10), resolve: [noisy]) == [])
        #expect(try world.tick(.hours(3)) == [])
    }

    @Test("told, then silenced => no news, no reminders, but the end")
    func silencedLater() throws {
        var world = World { $0.reminders = [.warning: .hours(1)] }
        try world.tick(open: [noisy])
        _ = world.state.add(silence(IncidentMatch(incident: noisy.id), until: at(.hours(9))))
        for _ in 0..<8 { #expect(try world.tick(.hours(1)) == []) }
        #expect(try world.tick(.minutes(1), resolve: [noisy]) == ["resolved app-clinic: ops"])
    }

    @Test("expired by a person => told at the next tick; twice is not in force")
    func expired() throws {
        var world = World()
        _ = world.state.add(silence(IncidentMatch(severities: [.warning]), until: at(.hours(9))))
        try world.tick(open: [noisy])
        let ended = world.state.expire("silence-1", by: "dana", now: world.now)
        let again = world.state.expire("silence-1", by: "dana", now: world.now)
        #expect(ended && !again)
        #expect(try world.tick(.seconds(10)) == ["opened app-clinic: ops"])
    }

    @Test("until resolved: ends with the last that fits, and holds nothing back after that")
    func untilResolved() throws {
        var world = World()
        let other = Incident.made(app: "app-bank")
        try world.tick(open: [noisy])
        _ = world.state.add(silence(IncidentMatch(rules: [Glob("noisy-neighbor")]), until: nil))
        #expect(try world.tick(.minutes(1), open: [other]) == [])
        #expect(try world.tick(.minutes(1), resolve: [noisy]) == ["resolved app-clinic: ops"])
        #expect(world.state.silences[0].isActive(world.now))
        #expect(try world.tick(.minutes(1), resolve: [other]) == [])
        #expect(world.state.silences[0].ended?.by == "all of it resolved")
        let later = Incident.made(at: world.now)
        #expect(try world.tick(.minutes(1), open: [later]) == ["opened app-clinic: ops"])
    }

    @Test("what is not matched is told")
    func others() throws {
        var world = World()
        _ = world.state.add(silence(IncidentMatch(apps: [Glob("app-bank")]), until: at(.hours(2))))
        #expect(try world.tick(open: [noisy]) == ["opened app-clinic: ops"])
    }

    @Test("maintenance comes back by itself, in local time")
    func maintenance() throws {
        var world = World {
            $0.zone = Zone(fixed: "+01:00") ?? .utc
            $0.reminders = [:]
            $0.maintenance = [
                .init(
                    hours: Hours("02:00-04:00", days: ["sat", "sun"]) ?? .always,
                    match: IncidentMatch(rules: [Glob("noisy-*")]), comment: "backup")
            ]
        }
        // 01:30 UTC is 02:30 there.
        #expect(try world.tick(TimeSpan("1h30m") ?? .zero, open: [noisy]) == [])
        #expect(world.notes.last?.contains("maintenance[0], sun,sat 02:00-04:00 +01:00: backup") == true, "\(world.notes)")
        let down = Incident.made("runtime-down", app: nil, severity: .critical)
        #expect(try world.tick(.minutes(1), open: [down]) == ["opened runtime-down: ops"])
        #expect(try world.tick(.minutes(89)) == ["opened app-clinic: ops"])
        #expect(try world.tick(.minutes(1), resolve: [noisy]) == ["resolved app-clinic: ops"])
        let monday = Incident.made(at: at(.hours(49)))
        #expect(try world.tick(.hours(46), open: [monday]) == ["opened app-clinic: ops"])
    }

    @Test("long past silences are forgotten")
    func forgotten() throws {
        var world = World()
        _ = world.state.add(silence(IncidentMatch(rules: [Glob("*")]), until: at(.hours(1))))
        try world.tick(.hours(24 * 29))
        #expect(world.state.silences.count == 1)
        try world.tick(.hours(24 * 3))
        #expect(world.state.silences.isEmpty)
    }

    @Test("what explains is what decides")
    func explained() throws {
        var world = World([.init("ops"), .init("mail"), .init("page", pages: true)]) {
            $0.routes = [.init(channels: ["ops", "page"])]
        }
        func lines() -> [String] {
            world.state.explain(noisy, world.occasion, world.settings, world.source).lines.map { line in
                "\(line.channel) \(line.isSent ? "yes" : "no") \(line.reason)" + (line.heard.map { " | \($0)" } ?? "")
            }
        }
        try world.tick(open: [noisy])
        #expect(
            lines() == [
                "ops yes routes[0] sends it warning | told, last at 2026-11-21T00:00:00.000Z, again at 2026-11-21T08:00:00.000Z",
                "mail no no route leads to it",
                "page yes routes[0] sends it warning; 1 of 5 pages of this night (22:00-07:00) are used"
                    + " | told, last at 2026-11-21T00:00:00.000Z, again at 2026-11-21T08:00:00.000Z",
            ])
        _ = world.state.add(silence(IncidentMatch(rules: [Glob("*")]), until: at(.hours(2))))
        world.settings.channels.removeLast()
        try world.tick(.minutes(1))
        #expect(
            lines() == [
                "ops no held back by silence-1 by dana until 2026-11-21T02:00:00.000Z: load test"
                    + " | told, last at 2026-11-21T00:00:00.000Z",
                "mail no no route leads to it",
                "page no it is not configured any more; the end still goes there | told, last at 2026-11-21T00:00:00.000Z",
            ])
    }
}
