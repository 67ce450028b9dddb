import Collector
import CycleKit
import JSONParsing
import Model
import Policy
import Synchronization
import Telling
import TestKit
import Testing

@testable import Cycle
@testable import Daemon
@testable import Journal

/// What people do while a tape is recorded is on the tape, so that a replay of it agrees.
@Suite struct TapeEventTests {
    /// Lives through polls with a gate and a recorder; `meanwhile` is what people do before a poll.
    private func live(
        _ polls: [[String: Int]], _ place: Workplace, _ tape: String, isWhole: Bool = true,
        meanwhile: (Int, Core, Workplace) async throws -> Void
    ) async throws {
        let settings = Crowd.settings()
        let gate = place.gate(settings)
        let core = try place.core(settings, try Crowd.policies(), gate: gate)
        let recorder = try Tape(tape, settings, isWhole ? await core.tapeState : nil)
        for (index, open) in polls.enumerated() {
            place.clock.advance(by: .seconds(10))
            try await meanwhile(index, core, place)
            let observations = Crowd.poll(open, at: place.clock.now())
            #expect(await core.cycle(Crowd.runtime, observations, recorder: { recorder.write($0) }))
        }
        #expect(await core.drain())
        await core.close()
    }

    private func replay(_ tape: String, followsTape: Bool = true) throws -> TapeReplay {
        var reader = try TapeReader(path: tape)
        var settings = MonitorSettings()
        settings.interval = reader.header.interval
        settings.channels = ["ops"]
        settings.runtimes = reader.header.runtimes.map { .init(name: $0.name, replicas: $0.replicas) }
        var replay = TapeReplay(
            settings: settings, policies: .embeddedDefault, followsTape: followsTape, state: reader.state)
        while let line = try reader.next() { replay.take(line) }
        return replay
    }

    private func decisions(_ replay: TapeReplay) -> [String: String] {
        Dictionary(uniqueKeysWithValues: replay.story.incidents.map { ($0.id, $0.replayedDocument.serialized()) })
    }

    /// Noisy, calm, and noisy again: two leases where nobody interferes.
    private static let polls =
        [Crowd.calm, Crowd.calm] + Array(repeating: Crowd.noisy, count: 6) + Array(repeating: Crowd.calm, count: 6)
        + Array(repeating: Crowd.noisy, count: 8) + Array(repeating: Crowd.calm, count: 8)

    enum Deed: String, CaseIterable {
        case nothing, revert, killSwitch, reload
    }

    @Test("live with somebody acting, and the replay of its tape: the same decisions, byte for byte", arguments: Deed.allCases)
    func agrees(deed: Deed) async throws {
        let (place, folder) = (Workplace(), TemporaryFolder())
        let tape = folder.path("a.tape")
        try await live(TapeEventTests.polls, place, tape) { index, core, place in
            switch (deed, index) {
            case (.revert, 5): _ = try place.command(Commands.revertAll)
            case (.killSwitch, 2): try place.folder.turnKillSwitchOn()
            case (.killSwitch, 15): try place.folder.turnKillSwitchOff()
            case (.reload, 4):
                let policies = try Crowd.policies { $0 = $0.replacing("noisy_share: 40%", with: "noisy_share: 90%") }
                await core.reload(settings: Crowd.settings(), policies: policies)
            default: break
            }
        }
        let lived = try place.decisions()
        let replayed = try replay(tape)
        #expect(replayed.warnings.isEmpty)
        #expect(decisions(replayed) == lived)
        #expect(!lived.isEmpty)
        guard deed != .nothing else { return }
        // What was done changed something: without it on the tape, the replay would have come to other decisions.
        let bare = folder.path("bare.tape")
        let lines = try #require(folder.read("a.tape")).split(separator: 0x0A).filter { line in
            let text = String(decoding: line.prefix(80), as: UTF8.self)
            // The settings of the beginning stay.
            return !text.contains("\"event\":") || (text.contains("settings") && deed != .reload)
        }
        folder.write(lines.map { String(decoding: $0, as: UTF8.self) + "\n" }.joined(), to: "bare.tape")
        if deed != .reload { #expect(decisions(try replay(bare)) != lived) }
        #expect(try replay(tape, followsTape: false).passedOver == (deed == .reload ? 2 : 1))
    }

    @Test("a tape that begins in the middle, after a restart: what was open and in force goes on as it did live")
    func beginsInTheMiddle() async throws {
        let (place, folder) = (Workplace(), TemporaryFolder())
        // The restart comes while a lease is in force; it runs out, and a second one follows.
        let turn = 7
        try await live(Array(TapeEventTests.polls.prefix(turn)), place, folder.path("before.tape")) { _, _, _ in }
        let open = try place.incidents().filter { $0.resolvedAt == nil }
        #expect(open.count == 1 && !open[0].decisions.isEmpty)
        try await live(Array(TapeEventTests.polls.dropFirst(turn)), place, folder.path("a.tape")) { _, _, _ in }
        let lived = try place.decisions()
        let replayed = try replay(folder.path("a.tape"))
        #expect(replayed.warnings.isEmpty && !replayed.beginsWithoutDecisions)
        #expect(decisions(replayed) == lived)
        #expect(lived[open[0].id] != nil)
        // Without its second line it would have come to something else.
        let lines = try #require(folder.read("a.tape")).split(separator: 0x0A)
        #expect(lines[1].starts(with: #"{"state":"#.utf8))
        let bare = [lines[0]] + lines.dropFirst(2)
        folder.write(bare.map { String(decoding: $0, as: UTF8.self) + "\n" }.joined(), to: "bare.tape")
        #expect(decisions(try replay(folder.path("bare.tape"))) != lived)
        // Other policies have decided nothing before: only the evidence is taken up.
        let tried = try replay(folder.path("a.tape"), followsTape: false)
        #expect(tried.beginsWithoutDecisions && !tried.story.incidents.contains { $0.id == open[0].id })
        // What cannot be read is named, and the rest goes on.
        var damaged = lines
        damaged[1] = Array(#"{"state":{"engine":3,"signals":{"shared":"????"}}}"#.utf8)[...]
        folder.write(damaged.map { String(decoding: $0, as: UTF8.self) + "\n" }.joined(), to: "damaged.tape")
        let poor = try replay(folder.path("damaged.tape"))
        #expect(poor.warnings.count == 2 && poor.story.ticks > 0, "\(poor.warnings)")
    }

    @Test("functions that a reload asks for have on the tape the history that they had live")
    func reloadWithHistory() async throws {
        let (place, folder) = (Workplace(), TemporaryFolder())
        let polls = Array(repeating: Crowd.calm, count: 40) + Array(repeating: Crowd.noisy, count: 14)
        try await live(polls, place, folder.path("a.tape")) { index, core, _ in
            guard index == 36 else { return }
            let policies = try Crowd.policies {
                $0 += """
                      busier:
                        subject: runtime
                        when: active_runs > 1.3 * avg(active_runs[10m])
                        severity: info
                        summary: More runs than usual.

                    """
            }
            await core.reload(settings: Crowd.settings(), policies: policies)
        }
        let lived = try place.decisions()
        #expect(try place.incidents().contains { $0.rule == "busier" })
        #expect(decisions(try replay(folder.path("a.tape"))) == lived)
        let text = String(decoding: try #require(folder.read("a.tape")), as: UTF8.self)
        let bare = text.replacing("\"minutes\":{", with: "\"others\":{")
        #expect(bare != text)
        folder.write(bare, to: "bare.tape")
        #expect(decisions(try replay(folder.path("bare.tape"))) != lived)
    }

    @Test("a tape holds whose clocks and labels a rule went by, and the replay comes to the same, byte for byte")
    func hoursAndLabels() async throws {
        let (place, folder) = (Workplace(), TemporaryFolder())
        let zone = try #require(Zone(fixed: "+05:30"))
        try await live(TapeEventTests.polls, place, folder.path("a.tape")) { index, core, place in
            guard index == 4 else { return }
            let local = LocalHour(place.clock.now(), in: zone)
            let policies = try Crowd.policies {
                $0 += """
                      by-hour:
                        subject: runtime
                        when: count(active_runs > 0) >= 1 and hour() == \(local.hour) and label(tier) == "gold"
                        severity: info
                        summary: At this hour.

                    """
            }
            var settings = Crowd.settings()
            settings.telling.zone = zone
            settings.runtimes[0].labels = ["tier": "gold"]
            await core.reload(settings: settings, policies: policies)
        }
        let lived = try place.decisions()
        let incident = try #require(try place.incidents().first { $0.rule == "by-hour" })
        #expect(incident.transitions.last?.condition.contains("UTC+05:30") == true, "\(incident.transitions)")
        #expect(decisions(try replay(folder.path("a.tape"))) == lived)
        let text = String(decoding: try #require(folder.read("a.tape")), as: UTF8.self)
        for part in ["\"zone\":{", "\"tier\":\"gold\""] {
            let bare = text.replacing(part, with: part.replacing("zone", with: "other").replacing("gold", with: "lead"))
            #expect(bare != text)
            folder.write(bare, to: "bare.tape")
            #expect(decisions(try replay(folder.path("bare.tape"))) != lived, "\(part)")
        }
    }

    @Test("lines about what people did are read back as written; others of that kind are errors with their line")
    func lines() throws {
        let folder = TemporaryFolder()
        let at = Timestamp(milliseconds: 1_795_251_600_000)
        let header = TapeHeader(interval: .seconds(10), runtimes: [.init(name: "shared", replicas: [])])
        do {
            let writer = try TapeWriter(path: folder.path("a.tape"), header: header)
            try writer.write(.event(at: at, .command(kind: "revert", actor: "алиса", arguments: #"{"lease":"x"}"#)))
            try writer.write(.event(at: at, .killSwitch(isOn: true)))
            try writer.write(.event(at: at, .settings(["mode": "enforce"])))
        }
        var reader = try TapeReader(path: folder.path("a.tape"))
        guard case .event(at, .command("revert", "алиса", #"{"lease":"x"}"#)) = try reader.next() else {
            Issue.record("no command")
            return
        }
        guard case .event(at, .killSwitch(isOn: true)) = try reader.next() else {
            Issue.record("no kill switch")
            return
        }
        guard case .event(at, .settings(let document)) = try reader.next(), document["mode"]?.string == "enforce" else {
            Issue.record("no settings")
            return
        }
        for bad in [
            #"{"at":"2026-11-21T09:00:00Z","event":"command","kind":"x"}"#,
            #"{"at":"2026-11-21T09:00:00Z","event":"kill_switch"}"#,
            #"{"at":"2026-11-21T09:00:00Z","event":"settings","settings":3}"#,
            #"{"at":"2026-11-21T09:00:00Z","event":"earthquake"}"#, #"{"event":"kill_switch","on":true}"#,
        ] {
            folder.write(
                String(decoding: TapeWriter.bytes(of: header), as: UTF8.self) + bad + "\n{}\n", to: "bad.tape")
            #expect(throws: TapeError.self, "\(bad)") {
                var reader = try TapeReader(path: folder.path("bad.tape"))
                _ = try reader.next()
            }
        }
    }

    @Test("settings on a tape that are no settings are left out with a warning, and what was in force stays")
    func hostileSettings() throws {
        var replay = TapeReplay(settings: Crowd.settings(), policies: try Crowd.policies(), followsTape: true)
        let at = Timestamp(milliseconds: 1_795_251_600_000)
        for document: JSON in [
            ["mode": "chaos"], ["policies": [["file": "ops_policy.default.yaml", "text": "schema: ["]]],
            ["policies": [["file": "ops_policy.default.yaml", "text": "ops_policy: default"]]],
        ] {
            replay.take(.event(at: at, .settings(document)))
        }
        #expect(replay.warnings.count == 3)
        #expect(replay.pipeline.settings.mode == .enforce)
        #expect(replay.pipeline.policies.rules(for: .runtime).isEmpty)
        // Numbers out of range are left as they were.
        replay.take(.event(at: at, .settings(["guard": ["cooldown_ms": -5, "per_app_hour": 1e300, "blast_percent": 7]])))
        #expect(replay.pipeline.settings.guardOptions.cooldown == .seconds(1))
        #expect(replay.pipeline.settings.guardOptions.blastPercent == 7)
    }

    @Test("settings and policies come back as they were written")
    func settingsRoundTrip() throws {
        var settings = Crowd.settings()
        settings.guardOptions.protected = [AppID("app/ü"), AppID(bytes: [0xFF, 0x00])]
        settings.guardOptions.perAppHour = 7
        settings.guardOptions.approvalExpiry = .hours(3)
        let key = LeaseKey(kind: .throttle, runtime: Crowd.runtime, app: AppID("app-shop"))
        settings.landableKeys = [key]
        settings.landableOnApproval = [
            LeaseKey(kind: .disablePack, runtime: Crowd.runtime, app: AppID("app-bank"), pack: PackID("Support")): "it says so"
        ]
        settings.telling.maintenance = [
            .init(
                hours: Hours(days: [0, 6], from: 22 * 60, to: 7 * 60),
                match: IncidentMatch(apps: [Glob("app-*")], rules: [Glob("noisy-neighbor")]), comment: "the backup, sic")
        ]
        settings.telling.zone = Zone(
            name: "Europe/Berlin", first: 3_208, changes: [.init(at: -2_422_054_408, offset: 3_600)],
            tail: .init(
                offset: 3_600,
                summer: .init(
                    offset: 7_200, begins: .init(day: .weekday(month: 3, week: 5, weekday: 0), seconds: 7_200),
                    ends: .init(day: .julian(300), seconds: -3_600))))
        settings.runtimes[0].labels = ["tier": "gold"]
        settings.price = .init(promptPerMillion: 0.15, completionPerMillion: 0.6)
        let policies = try Crowd.policies()
        let document = try JSON(parsing: TapeSettings.document(settings, policies).serializedBytes())
        var blank = MonitorSettings()
        blank.runtimes = [.init(name: Crowd.runtime, replicas: [Crowd.replica])]
        let (back, read) = try TapeSettings.read(document, onto: blank)
        #expect(back.guardOptions == settings.guardOptions)
        #expect(back.mode == settings.mode && back.landable == settings.landable && back.price == settings.price)
        #expect(back.labels(of: Crowd.runtime) == settings.labels(of: Crowd.runtime))
        #expect(back.landableKeys == settings.landableKeys && back.landableOnApproval == settings.landableOnApproval)
        #expect(back.telling.maintenance == settings.telling.maintenance && back.telling.zone == settings.telling.zone)
        let kept = try #require(read)
        #expect(kept.files.map(\.bytes) == policies.files.map(\.bytes))
        #expect(TapeSettings.document(back, kept).serialized() == TapeSettings.document(settings, policies).serialized())
        // Where it was recorded holds under other policies, too, and without hours of maintenance.
        settings.telling.maintenance = []
        var replay = TapeReplay(settings: blank, policies: policies, followsTape: false)
        replay.take(.event(at: Timestamp(milliseconds: 1_795_251_600_000), .settings(TapeSettings.document(settings, policies))))
        #expect(replay.passedOver == 1 && replay.pipeline.settings.telling.zone == settings.telling.zone)
        #expect(replay.pipeline.settings.guardOptions == blank.guardOptions)
        #expect(replay.pipeline.settings.labels(of: Crowd.runtime) == settings.labels(of: Crowd.runtime))
        var configured = TapeReplay(settings: blank, policies: policies, followsTape: false, takesPlace: false)
        configured.take(.event(at: Timestamp(milliseconds: 1_795_251_600_000), .settings(TapeSettings.document(settings, policies))))
        #expect(configured.pipeline.settings.telling.zone == .utc)
        #expect(configured.pipeline.settings.labels(of: Crowd.runtime) == blank.labels(of: Crowd.runtime))
        #expect(TapeSettings.Place(["zone": "nowhere"]).zone == nil && TapeSettings.Place([:]).zone == nil)
    }

    /// Writes a tape as the program's recorder does.
    final class Tape: Sendable {
        private struct State: ~Copyable {
            var writer: TapeWriter
            var ticks: Int64 = 0
        }

        private let state: Mutex<State>

        init(_ path: String, _ settings: MonitorSettings, _ beginning: JSON? = nil) throws {
            let header = TapeHeader(
                interval: settings.interval,
                runtimes: settings.runtimes.map { .init(name: $0.name, replicas: $0.replicas) })
            state = Mutex(State(writer: try TapeWriter(path: path, header: header, state: beginning)))
        }

        func write(_ step: TapeStep) {
            state.withLock { state in
                do {
                    switch step {
                    case .polled(let observations):
                        for observation in observations { try state.writer.write(.exchange(observation)) }
                    case .event(let event, let at): try state.writer.write(.event(at: at, event))
                    case .judged(let runtime, let at):
                        state.ticks += 1
                        try state.writer.write(.tick(at: at, runtime: runtime, count: state.ticks))
                    }
                } catch { Issue.record("\(error)") }
            }
        }
    }
}
