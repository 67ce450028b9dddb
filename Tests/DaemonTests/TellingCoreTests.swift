import Ambient
import CycleKit
import JSONParsing
@testable import Cycle
@testable import Daemon
@testable import Journal
import Model
import Telling
import TestKit
import Testing

/// Silences, acknowledgements, floods and paces, with a journal behind them.
@Suite struct TellingCoreTests {
    let place = Workplace()
    let settings = Crowd.settings()

    private func messages() throws -> [String] {
        try place.read { journal in
            try journal.outbox(limit: 1_000).reversed().map { row in
                let document = try JSON(parsing: Array(row.message.document.utf8))
                return [row.message.channel, row.message.event.rawValue, document["news"]?.string]
                    .compactMap { $0 }.joined(separator: " ")
            }
        }
    }

    private func result(_ number: Int64) throws -> String { try place.read { try $0.command(number)?.result } ?? "-" }

    private func silence(_ match: String, until: Timestamp?) throws -> Int64 {
        let end = until.map { "\"\($0)\"" } ?? "null"
        return try place.command(
            "silence_add", "{\"id\":\"silence-1\",\"match\":\(match),\"until\":\(end),\"comment\":\"load test\"}")
    }

    @Test("silenced => recorded, not told, nothing done => over => told and done, each pass a process of its own")
    func silenced() async throws {
        let gate = place.gate(settings)
        let before = try place.core(settings, try Crowd.policies(), gate: gate)
        await before.pass(Crowd.calm, place.clock)
        await before.close()
        let number = try silence("{\"app\":[\"app-*\"]}", until: place.clock.now() + .minutes(2))
        for pass in 0..<14 {
            let core = try place.core(settings, try Crowd.policies(), gate: gate)
            await core.pass(Crowd.noisy, place.clock)
            await core.close()
            if pass == 10 {
                #expect(try messages() == [])
                #expect(!gate.refuses("app-shop"))
                let incident = try #require(try place.incidents().first)
                #expect(incident.decisions.map(\.verdict.word) == ["refused"])
                #expect(
                    incident.handling.filter { $0.by != "perf" }.map(\.text).first?.hasPrefix(
                        "messages and new actions held back by silence-1 by alice") == true)
            }
        }
        #expect(try result(number).hasPrefix("silence-1 by alice until "))
        #expect(try messages() == ["ops opened"])
        #expect(gate.refuses("app-shop"))
    }

    @Test(
        "silences that make no sense are answered",
        arguments: [
            ("{\"id\":\"s\",\"match\":{},\"until\":\"2100-01-01T00:00:00Z\"}", "nothing is named"),
            ("{\"id\":\"s\",\"match\":{\"rule\":[\"x\"]},\"until\":\"2000-01-01T00:00:00Z\"}", "is past"),
            ("{\"id\":\"s\",\"match\":{\"rule\":[\"x\"]},\"until\":null}", "nothing that is open fits"),
            ("{\"id\":\"s\",\"match\":{\"rul\":[\"x\"]},\"until\":null}", "not understood"),
            ("{\"match\":{\"rule\":[\"x\"]}}", "not understood"), ("[]", "not understood"),
        ])
    func badSilences(arguments: String, expected: String) async throws {
        let core = try place.core(settings, try Crowd.policies())
        let number = try place.command("silence_add", arguments)
        await core.pass(Crowd.calm, place.clock)
        let answer = try result(number)
        #expect(answer.contains(expected), "\(answer)")
    }

    @Test("acknowledged => told, listed, no reminders => runs out => open again, reminded")
    func acknowledged() async throws {
        var settings = settings
        settings.telling.reminders = [.warning: .minutes(5)]
        let core = try place.core(settings, try Crowd.policies { $0 = $0.replacing("[notify, throttle, pause]", with: "[notify]") })
        for _ in 0..<2 { await core.pass(Crowd.noisy, place.clock) }
        let id = try #require(try place.incidents().first?.id)
        let until = place.clock.now() + .minutes(20)
        let number = try place.command("acknowledge", "{\"incident\":\"\(id)\",\"until\":\"\(until)\",\"comment\":\"on it\"}")
        await core.pass(Crowd.noisy, place.clock)
        #expect(try messages() == ["ops opened", "ops updated acknowledged"])
        #expect(try result(number) == "\(id) acknowledged until \(until): on it")
        #expect(try place.read { try $0.incidents().map(\.status) } == [.acknowledged])
        for _ in 0..<110 { await core.pass(Crowd.noisy, place.clock) }
        #expect(try messages().count == 2)
        for _ in 0..<10 { await core.pass(Crowd.noisy, place.clock) }
        #expect(try place.read { try $0.incidents().map(\.status) } == [.open])
        // The outbox keeps the newest of what nobody has fetched.
        #expect(try messages().last == "ops updated reminder")
        try place.command("acknowledge", "{\"incident\":\"\(id)\"}")
        await core.pass(Crowd.noisy, place.clock)
        #expect(try place.read { try $0.incidents().map(\.status) } == [.acknowledged])
        let back = try place.command("unacknowledge", "{\"incident\":\"\(id)\"}")
        await core.pass(Crowd.noisy, place.clock)
        #expect(try result(back).contains("taken back"))
        #expect(try place.read { try $0.incidents().map(\.status) } == [.open])
        let nobody = try place.command("acknowledge", "{\"incident\":\"nobody\"}")
        await core.pass(Crowd.noisy, place.clock)
        #expect(try result(nobody) == "not acknowledged: nobody is not open")
    }

    @Test("a channel that is gone when it resolves hears of it when it is back")
    func channelGone() async throws {
        let policies = try Crowd.policies()
        let first = try place.core(settings, policies)
        for _ in 0..<2 { await first.pass(Crowd.noisy, place.clock) }
        await first.close()
        var others = settings
        others.channels = ["mail"]
        let second = try place.core(others, policies)
        for _ in 0..<5 { await second.pass(Crowd.calm, place.clock) }
        await second.close()
        #expect(try messages() == ["ops opened", "mail opened", "mail resolved", "ops resolved"])
        #expect(try place.read { try $0.outbox(channel: "ops").map(\.state) } == [.pending, .merged])
    }

    @Test("the state of telling is written when it changes, and only then")
    func writtenWhenChanged() async throws {
        let core = try place.core(settings, try Crowd.policies())
        await core.pass(Crowd.noisy, place.clock)
        try await core.execute("CREATE TEMP TABLE writes (key TEXT)")
        try await core.execute(
            "CREATE TEMP TRIGGER seen AFTER UPDATE ON main.state BEGIN INSERT INTO writes VALUES (new.key); END")
        for _ in 0..<3 { await core.pass(Crowd.calm, place.clock) }
        #expect(try await core.count("SELECT count(*) FROM writes WHERE key = 'telling'") == 0)
        #expect(try await core.count("SELECT count(*) FROM writes WHERE key LIKE 'engine:%'") == 3)
        for _ in 0..<2 { await core.pass(Crowd.noisy, place.clock) }
        #expect(try await core.count("SELECT count(*) FROM writes WHERE key = 'telling'") == 1)
    }

    // MARK: - Ten thousand at once

    @Test("ten thousand incidents at once are one message a channel, and resolve as one")
    func flood() async throws {
        var settings = settings
        settings.channels = ["ops", "mail"]
        let policies = try Crowd.policies {
            $0 = $0.replacing("active_runs.share > $noisy_share", with: "active_runs >= 1")
                .replacing("[notify, throttle, pause]", with: "[notify]").replacing("for: 10s", with: "for: 0s")
                .replacing("clear_after: 20s", with: "clear_after: 0s")
        }
        func count(_ status: Incident.Status) throws -> Int {
            try place.read { try $0.incidents(IncidentFilter(statuses: [status], limit: 20_000)).count }
        }
        let core = try place.core(settings, policies)
        let apps = Dictionary(uniqueKeysWithValues: (0..<10_000).map { ("app-\($0)", 1) })
        place.clock.advance(by: .seconds(10))
        await core.cycle(Crowd.runtime, Crowd.poll(apps, at: place.clock.now(), ended: 0))
        #expect(try count(.open) == 10_000)
        let rows = try place.read { try $0.outbox() }
        #expect(rows.map(\.message.event) == [.opened, .opened])
        #expect(rows.allSatisfy { $0.message.incident.hasPrefix("digest-") && $0.message.document.utf8.count < 32_000 })
        place.clock.advance(by: .seconds(10))
        await core.cycle(Crowd.runtime, Crowd.poll(apps.mapValues { _ in 0 }, at: place.clock.now(), ended: 1))
        #expect(try count(.resolved) == 10_000)
        #expect(try messages().sorted() == ["mail opened", "mail resolved", "ops opened", "ops resolved"])
    }

    // MARK: - Pace

    @Test("so many within so long, the rest after it, nothing lost")
    func pace() async throws {
        var settings = settings
        settings.guardOptions.stormIncidents = 1_000
        settings.telling.grouping.from = 1_000
        let policies = try Crowd.policies {
            $0 = $0.replacing("active_runs.share > $noisy_share", with: "active_runs >= 1")
                .replacing("[notify, throttle, pause]", with: "[notify]")
        }
        let core = try place.core(settings, policies)
        let apps = Dictionary(uniqueKeysWithValues: (0..<25).map { ("app-\($0)", 1) })
        for _ in 0..<2 { await core.pass(apps, place.clock) }
        let channel = SenderTests.ScriptedChannel()
        let sender = Sender(channel: channel, core: core, pace: Pace(10, in: .minutes(1)), clock: place.clock, logger: .silent)
        #expect(await sender.sendDue() == 10)
        #expect(await sender.sendDue() == 0)
        #expect(await sender.restTime() == .seconds(30), "not before a minute, and asked again after half of it")
        place.clock.advance(by: .seconds(59))
        #expect(await sender.sendDue() == 0)
        place.clock.advance(by: .seconds(1))
        #expect(await sender.sendDue() == 10)
        place.clock.advance(by: .minutes(1))
        #expect(await sender.sendDue() == 5)
        #expect(try place.read { try $0.outboxCounts().sent } == 25)
    }

    @Test("a clock that is set back holds nothing up")
    func paceAndClock() {
        let pacer = Pacer(Pace(1, in: .minutes(1)))
        let noon = Timestamp(milliseconds: 1_795_251_600_000)
        pacer.note(noon)
        #expect(pacer.wait(noon) == noon + .minutes(1))
        #expect(pacer.wait(noon - .hours(1)) == nil)
    }
}

extension Core {
    func count(_ sql: String) throws -> Int64? {
        try journal?.reading("count") { database throws(JournalError) in
            try database.row(sql) { row throws(JournalError) in row.int(0) }
        }
    }
}
