import Model
import Testing

@testable import Signals

/// Who the replicas are, where that is found: they come and go, and what is known of one that returns was never lost.
@Suite struct FoundTargetsTests {
    static let one = "http://10.0.0.1:8000"
    static let two = "http://10.0.0.2:8000"

    /// A runtime whose replicas are to be found.
    static func watched() -> Watched { Watched(SignalOptions()) }

    @Test("replicas come with the list and go with it, and one that is gone is no reading any more", arguments: [false, true])
    func comeAndGo(isForgetful: Bool) throws {
        var watched = Self.watched()
        watched.isForgetful = isForgetful
        try watched.named([Self.two, Self.one], at: 0)
        try watched.health(at: 1, replica: Self.one)
        try watched.missing(.health, .unreachable, at: 1, replica: Self.two)
        let both = try watched.table([series("up")], at: 2)
        #expect(both.replicas == [Self.one, Self.two] && both.namesAllReplicas, "by their bytes")
        #expect(both.replica(0, 0) == .value(1) && both.replica(1, 0) == .value(0))
        try watched.named([Self.one], at: 30)
        let left = try watched.table([series("up")], at: 31)
        #expect(left.replicas == [Self.one] && left.namesAllReplicas)
        #expect(watched.signals.replicaURLs == [Self.one, Self.two], "set aside, not forgotten")
        #expect(watched.signals.summary.replicas.map(\.url) == [Self.one])
        #expect(watched.signals.expectedReplicas == [Self.one])
    }

    @Test("what nobody names makes no figure partial")
    func goneIsNotPartial() throws {
        var watched = Self.watched()
        try watched.named([Self.one, Self.two], at: 0)
        for second in stride(from: 0.0, through: 60, by: 10) {
            try watched.perf(ProcessTests.busy("x", count: 3, turns: 5, from: -500), at: second, replica: Self.one)
            try watched.missing(.perf, .unreachable, at: second, replica: Self.two)
        }
        #expect(try watched.runtime("open_runs", at: 60) == .missing(.partial))
        try watched.named([Self.one], at: 61)
        #expect(try watched.runtime("open_runs", at: 62) == .value(3))
        #expect(try watched.runtime("turns[1m]", at: 62) == .value(0))
    }

    @Test("one that was away for a while is who it was: what it did meanwhile counts, and its chats are no new ones")
    func returns() throws {
        for keepsRows in [false, true] {
            var watched = Self.watched()
            watched.isForgetful = keepsRows
            if keepsRows { watched.journal = FakeJournal() }
            var busy = RunTests.alive
            busy.open("x", app: "a", at: -5)
            busy.work("x", turns: 10)
            try watched.named([Self.one, Self.two], at: 0)
            for second in [0.0, 20] {
                try watched.perf(FakeProcess(), at: second, replica: Self.one)
                try watched.perf(busy, at: second, replica: Self.two)
            }
            try watched.named([Self.one], at: 30)
            _ = try watched.table([series("turns[1m]")], at: 31)
            try watched.perf(FakeProcess(), at: 40, replica: Self.one)
            try watched.named([Self.one, Self.two], at: 50)
            busy.work("x", turns: 6)
            for second in [60.0, 80] {
                try watched.perf(FakeProcess(), at: second, replica: Self.one)
                try watched.perf(busy, at: second, replica: Self.two)
            }
            #expect(try watched.app("a", "turns[1m]", at: 80) == .value(6), "keepsRows \(keepsRows)")
            #expect(try watched.app("a", "run_starts[1m]", at: 80) == .value(0))
            let replica = try #require(watched.signals.summary.replicas.first { $0.url == Self.two })
            #expect(replica.restarts == 0 && !replica.answersForSeveralProcesses)
        }
    }

    @Test("a quarter of an hour later it is nobody's: whoever has its address next does not have its chats")
    func forgotten() throws {
        var watched = Self.watched()
        watched.isForgetful = true
        watched.journal = FakeJournal()
        try watched.named([Self.one, Self.two], at: 0)
        try watched.perf(ProcessTests.busy("x", count: 3, turns: 1, from: -50), at: 20, replica: Self.two)
        try watched.named([Self.one], at: 30)
        _ = try watched.table([series("up")], at: 920)
        #expect(watched.journal?.chats.count == 3 && watched.signals.replicaURLs.contains(Self.two))
        _ = try watched.table([series("up")], at: 921)
        #expect(watched.journal?.chats.isEmpty == true && !watched.signals.replicaURLs.contains(Self.two))
    }

    @Test("who cannot be asked takes nobody away, and it is said")
    func failure() throws {
        var watched = Self.watched()
        try watched.named([Self.one], at: 0)
        try watched.missing(.targets, .unreachable, at: 30, replica: Observation.targets)
        try watched.missing(.targets, .unreachable, at: 3_600, replica: Observation.targets)
        #expect(try watched.table([series("up")], at: 3_601).replicas == [Self.one])
        #expect(watched.signals.findingTrouble == "why" && watched.signals.summary.finding?.trouble == "why")
        #expect(!watched.signals.isDeserted)
        try watched.named([Self.one], at: 3_630)
        #expect(watched.signals.findingTrouble == nil)
    }

    @Test("an answer without replicas is believed after missing_after: then nobody is there, and that is the runtime's being down")
    func deserted() throws {
        var watched = Self.watched()
        try watched.named([Self.one], at: 0)
        try watched.health(at: 1, replica: Self.one)
        try watched.named([], at: 30)
        try watched.named([], at: 60)
        #expect(try watched.table([series("up")], at: 329).replicas == [Self.one])
        #expect(watched.signals.findingTrouble == "dns runtime.internal has named no replica since \(FakeProcess.at(30))")
        #expect(try watched.table([series("up")], at: 330).replicas == [])
        #expect(try watched.runtime("up", at: 331) == .value(0))
        for series in ["healthy", "open_runs", "turns[1m]"] {
            #expect(try watched.runtime(series, at: 331) == .missing(.unreachable), "\(series)")
        }
        // The timers of rules go on with what is heard of who is there.
        try watched.named([], at: 340)
        #expect(watched.signals.newestObservation(of: .health) == FakeProcess.at(340))
        #expect(watched.signals.summary.finding?.isDeserted == true)
        try watched.named([Self.one], at: 360)
        try watched.health(at: 361, replica: Self.one)
        #expect(try watched.runtime("up", at: 362) == .value(1))
        #expect(watched.signals.findingTrouble == nil)
    }

    @Test("where nobody was ever found it is the same, from the first question on")
    func neverFound() throws {
        var watched = Self.watched()
        for second in [0.0, 100, 200] { try watched.missing(.targets, .unreachable, at: second, replica: Observation.targets) }
        #expect(try watched.runtime("up", at: 299) == .missing(.tooLittleData))
        #expect(try watched.runtime("up", at: 300) == .value(0))
    }

    @Test("minutes go on closing where nobody is, and say that nobody was")
    func minutes() throws {
        var watched = Self.watched()
        try watched.named([], at: 0)
        for second in stride(from: 30.0, through: 720, by: 30) { try watched.named([], at: second) }
        _ = try watched.table([series("up")], at: 721)
        let rows = watched.signals.drainClosedMinutes()
        let last = try #require(rows.last)
        #expect(last.app == nil && last.watch?.replicas.isEmpty == true)
        #expect(last.readings[try #require(Signal.allCases.firstIndex(of: .up))] == .value(0))
        #expect(last.watch?.hasHeard(of: .health) == true)
    }

    @Test("labels are those of the newest list, and of the configuration's replicas none")
    func labels() throws {
        var watched = Self.watched()
        try watched.ingest(
            .targets(TargetList(source: "file_sd", replicas: [Self.one], labels: ["tier": "gold"])), at: 0, replica: Observation.targets)
        #expect(watched.signals.foundLabels == ["tier": "gold"])
        let kept = try RuntimeSignals(decoding: watched.signals.encodedCore(), options: SignalOptions())
        #expect(kept.foundLabels == ["tier": "gold"] && kept.expectedReplicas == [Self.one])
        #expect(kept.encodedCore() == watched.signals.encodedCore())
        var configured = Watched()
        try configured.named([Self.one], at: 0)
        #expect(try configured.table([series("up")], at: 1).replicas == [Watched.url])
        #expect(configured.signals.foundLabels.isEmpty && configured.signals.summary.finding == nil)
    }

    @Test("a URL that answers for several processes has no rates, among others that were found, too")
    func several() throws {
        var watched = Self.watched()
        try watched.named([Self.one, Self.two], at: 0)
        let first = ProcessTests.busy("x", count: 5, turns: 100, from: -500)
        let second = ProcessTests.busy("y", count: 5, turns: 900, from: -400)
        for (index, process) in [first, second, first, second].enumerated() {
            try watched.perf(process, at: Double(index) * 20, replica: Self.one)
            try watched.perf(ProcessTests.busy("z", count: 2, turns: 7, from: -300), at: Double(index) * 20, replica: Self.two)
        }
        #expect(try watched.runtime("turns[1m]", at: 60) == .missing(.partial))
        #expect(watched.signals.summary.replicas.map(\.answersForSeveralProcesses) == [true, false])
    }

    @Test("what the version before wrote is read")
    func versionBefore() throws {
        // Without replicas: their tracks stand behind it.
        var watched = Self.watched()
        try watched.ingest(.gate(GateSignalTests.counts([:], others: 3)), at: 0, replica: Observation.gate)
        var bytes = watched.signals.encodedCore()
        // Nothing found, and nobody set aside; behind it five bytes of no page of metrics, no sums and two bytes of no workflows.
        #expect(bytes.suffix(10) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0] && bytes[4] >= RuntimeSignals.foundSince)
        bytes.removeLast(10)
        bytes[4] = RuntimeSignals.foundSince - 1
        let read = try RuntimeSignals(decoding: bytes, options: watched.signals.options)
        #expect(read.encodedCore() == watched.signals.encodedCore())
    }
}

extension Watched {
    mutating func named(_ replicas: [String], at second: Double) throws {
        try ingest(.targets(TargetList(source: "dns runtime.internal", replicas: replicas)), at: second, replica: Observation.targets)
    }
}
