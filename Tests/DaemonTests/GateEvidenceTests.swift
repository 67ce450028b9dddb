import Actions
import Collector
import CycleKit
import Glibc
import JSONParsing
import Model
import Policy
import Server
import Signals
import TestKit
import Testing

@testable import Cycle
@testable import Daemon
@testable import Journal

/// What the gate counts, from a proxy's question over HTTP to a lease and back: as evidence like any other.
@Suite struct GateEvidenceTests {
    /// More than a start a second is hammering, however short the runs are.
    private static func policies() throws -> PolicySet {
        try Crowd.policies { text in
            text = text.replacing("when: active_runs.share > $noisy_share", with: "when: gate_starts[1m] > 60/min")
        }
    }

    /// A daemon's core with its gate, asked by a proxy over HTTP.
    private final class House {
        let gate: Gate
        let core: Core
        private let server: HTTPServer

        init(_ place: Workplace) throws {
            let settings = Crowd.settings()
            gate = place.gate(settings)
            core = try place.core(settings, try GateEvidenceTests.policies(), gate: gate)
            let endpoints = MonitorEndpoints(gate: gate, health: { DaemonHealth(isCycling: true) })
            server = HTTPServer { endpoints.answer($0) }
            try server.start()
        }

        /// What `forward_auth` gets for a start of that app: 204 or 429.
        func ask(_ app: String, times: Int = 1) throws -> [Int] {
            let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            defer { Glibc.close(socket) }
            var limit = timeval(tv_sec: 20, tv_usec: 0)
            setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = server.port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let connected = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            try #require(connected == 0)
            // All of them on one connection, the last of which closes it.
            let questions = (1...times).map { number in
                """
                GET /gate HTTP/1.1\r\nHost: gate\r\nX-Forwarded-Method: POST\r\n\
                X-Forwarded-Uri: /api/chats/\(app)/HelloWorld/start\r\n\(number == times ? "Connection: close\r\n" : "")\r\n
                """
            }.joined()
            var rest = Array(questions.utf8)[...]
            while !rest.isEmpty {
                let sent = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                try #require(sent > 0)
                rest = rest.dropFirst(sent)
            }
            var answer: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = recv(socket, &buffer, buffer.count, 0)
                guard count > 0 else { break }
                answer += buffer[..<count]
            }
            return String(decoding: answer, as: UTF8.self).split(separator: "HTTP/1.1 ").compactMap { Int($0.prefix(3)) }
        }

        /// Ten seconds later, a poll that finds nobody busy: the runs are over before it looks.
        func pass(_ place: Workplace, recorder: TapeEventTests.Tape? = nil) async -> Bool {
            place.clock.advance(by: .seconds(10))
            let observations = Crowd.poll(["app-bank": 0, "app-shop": 0], at: place.clock.now())
            guard let recorder else { return await core.cycle(Crowd.runtime, observations) }
            return await core.cycle(Crowd.runtime, observations, recorder: { recorder.write($0) })
        }

        /// - Parameter isClean: false: as after a kill, with what the last commit left.
        func close(isClean: Bool = true) async {
            if isClean { #expect(await core.drain()) }
            await core.close()
            server.stop()
        }
    }

    @Test("a tenant that hammers with runs too short to be seen is paused, and a replay of the tape agrees byte for byte")
    func hammering() async throws {
        let (place, folder) = (Workplace(), TemporaryFolder())
        let tape = folder.path("a.tape")
        let house = try House(place)
        let recorder = try TapeEventTests.Tape(tape, Crowd.settings())
        await house.core.publishLeases()
        #expect(await house.pass(place, recorder: recorder))
        // Nobody asked: what the gate counts is missing, and no zero.
        for _ in 0..<3 { #expect(await house.pass(place, recorder: recorder)) }
        #expect(try place.incidents().isEmpty)
        var refused = 0
        for _ in 0..<6 {
            let answers = try house.ask("app-shop", times: 30)
            #expect(answers.count == 30 && answers.allSatisfy { $0 == 204 || $0 == 429 })
            refused += answers.count { $0 == 429 }
            #expect(try house.ask("app-bank") == [204])
            #expect(await house.pass(place, recorder: recorder))
        }
        #expect(refused == 90)
        let counts = try #require(house.gate.counts(of: Crowd.runtime))
        #expect(counts.apps.map(\.app.text) == ["app-bank", "app-shop"])
        let starts = counts.apps.map(\.starts)
        #expect(starts == [GateCounts.Starts(allowed: 6), GateCounts.Starts(allowed: Int64(180 - refused), refused: Int64(refused))])
        for _ in 0..<12 { #expect(await house.pass(place, recorder: recorder)) }
        await house.close()

        let incidents = try place.incidents()
        let apps = incidents.compactMap { $0.subject.app?.text }
        #expect(apps == ["app-shop"])
        let shown = try #require(incidents.first)
        #expect(shown.resolvedAt != nil)
        #expect(shown.decisions.contains { $0.key.kind == ActionKind.pause })
        // The same decisions from the tape, and other ones without what the gate counted.
        let (replayed, lived) = (try replay(tape), try place.decisions())
        #expect(replayed == lived)
        let lines = try #require(folder.read("a.tape")).split(separator: 0x0A)
        let bare = lines.map { String(decoding: $0, as: UTF8.self) }.filter { !$0.contains(#""path":"/gate/counts""#) }
        #expect(lines.count - bare.count == 22)
        folder.write(bare.map { $0 + "\n" }.joined(), to: "bare.tape")
        #expect(try replay(folder.path("bare.tape")).isEmpty)
    }

    private func replay(_ tape: String) throws -> [String: String] {
        var reader = try TapeReader(path: tape)
        var settings = MonitorSettings()
        settings.interval = reader.header.interval
        settings.channels = ["ops"]
        settings.runtimes = reader.header.runtimes.map { .init(name: $0.name, replicas: $0.replicas) }
        var replay = TapeReplay(settings: settings, policies: .embeddedDefault, followsTape: true)
        while let line = try reader.next() { replay.take(line) }
        #expect(replay.warnings.isEmpty)
        return Dictionary(uniqueKeysWithValues: replay.story.incidents.map { ($0.id, $0.replayedDocument.serialized()) })
    }

    @Test("the daemon starts anew, cleanly or killed: what it had counted is no burst, and what comes then is counted")
    func restart() async throws {
        let place = Workplace()
        for isClean in [true, false, true] {
            let house = try House(place)
            await house.core.publishLeases()
            // Known from before: counted by name from the first question on.
            for _ in 0..<4 {
                #expect(try house.ask("app-shop", times: 8).allSatisfy { $0 == 204 })
                #expect(await house.pass(place))
            }
            let readings = await house.core.pipeline.signals[Crowd.runtime]
            var signals = try #require(readings)
            let table = signals.readings(
                at: place.clock.now(), demand: [SeriesRef(signal: .gateStarts, window: .seconds(30))])
            let row = try #require(table.index(of: AppID("app-shop")))
            let rate = try #require(table.app(row, 0).value)
            #expect(abs(rate - 48) < 0.01, "\(rate)")
            await house.close(isClean: isClean)
        }
        #expect(try place.incidents().isEmpty)
    }

    @Test("what strangers invent is counted for the runtime, and makes no subject, no lease and no row of history")
    func strangers() async throws {
        let place = Workplace()
        let house = try House(place)
        await house.core.publishLeases()
        #expect(await house.pass(place))
        for _ in 0..<18 {
            for number in 0..<300 { _ = house.gate.start("invented-\(number)") }
            #expect(await house.pass(place))
        }
        #expect(house.gate.counts(of: Crowd.runtime) == GateCounts(since: place.clock.origin.description, others: .init(allowed: 5_400)))
        let known = await house.core.pipeline.signals[Crowd.runtime]
        var signals = try #require(known)
        #expect(signals.subjects.map(\.text) == ["app-bank", "app-shop"])
        let table = signals.readings(at: place.clock.now(), demand: [SeriesRef(signal: .gateStarts, window: .minutes(1))])
        #expect(table.runtime(0) == .value(1_800))
        #expect(table.app(0, 0) == .value(0))
        await house.close()
        #expect(try place.incidents().isEmpty)
        let minutes = try place.read { journal in
            var past = try RecordedHistory(journal, runtime: Crowd.runtime, minutes: 0..<place.clock.now().minute + 1)
            return try past.rest()
        }
        #expect(minutes.contains { $0.gate.asked > 1_000 })
        #expect(minutes.allSatisfy { $0.app == nil || $0.app == AppID("app-bank") || $0.app == AppID("app-shop") })
    }

    @Test("without a gate nothing of it is read, and a rule that needs it knows nothing")
    func withoutAGate() async throws {
        let (place, folder) = (Workplace(), TemporaryFolder())
        let core = try place.core(Crowd.settings(), try GateEvidenceTests.policies())
        let recorder = try TapeEventTests.Tape(folder.path("a.tape"), Crowd.settings())
        for _ in 0..<4 {
            place.clock.advance(by: .seconds(10))
            let observations = Crowd.poll(Crowd.noisy, at: place.clock.now())
            #expect(await core.cycle(Crowd.runtime, observations, recorder: { recorder.write($0) }))
        }
        let known = await core.pipeline.signals[Crowd.runtime]
        var signals = try #require(known)
        let table = signals.readings(at: place.clock.now(), demand: [SeriesRef(signal: .gateStarts, window: .minutes(1))])
        #expect(table.runtime(0) == .missing(.notTracked))
        #expect(table.apps.indices.allSatisfy { table.app($0, 0) == .missing(.notTracked) })
        #expect(await core.drain())
        await core.close()
        #expect(try place.incidents().isEmpty)
        #expect(!String(decoding: try #require(folder.read("a.tape")), as: UTF8.self).contains("/gate/counts"))
    }
}
