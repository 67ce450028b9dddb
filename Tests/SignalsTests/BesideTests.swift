import Model
import Testing

@testable import Signals

/// What is read of hosts and services: of one look, of two, and of none.
@Suite struct BesideTests {
    /// Looks at one thing, second by second.
    struct Looks {
        var signals: RuntimeSignals
        let start: Int64 = 1_796_050_800_000

        init(_ kind: WatchedKind) {
            signals = RuntimeSignals(runtime: "this", options: SignalOptions(replicas: ["/proc"], kind: kind))
        }

        func at(_ second: Int64) -> Timestamp { Timestamp(milliseconds: start + second * 1_000) }

        mutating func take(_ content: Decoded, at second: Int64) {
            signals.ingest(Sample(at: at(second), runtime: "this", replica: "/proc", elapsedMilliseconds: 3, content: content))
        }

        mutating func table(_ demand: [SeriesRef], at second: Int64) -> ReadingTable { signals.readings(at: at(second), demand: demand) }

        mutating func read(_ signal: Signal, _ window: TimeSpan? = nil, at second: Int64) -> Evidence {
            let window = window ?? (signal.isWindowed ? .minutes(5) : nil)
            return table([SeriesRef(signal: signal, window: window)], at: second).runtime(0)
        }
    }

    /// A machine of four cores, with ticks of a hundredth of a second.
    static func machine(busy: Int64, all: Int64, _ change: (inout HostView) -> Void = { _ in }) -> HostView {
        var view = HostView()
        view.startedAt = 1_795_000_000
        view.uptimeSeconds = 1_050_800
        view.cores = 4
        view.cpu = HostView.Ticks(busy: busy, all: all)
        view.load = 6
        view.memory = HostView.Space(used: 30, all: 40)
        view.missing[.swap] = HostView.Why(.notTracked, "no swap space")
        view.files = HostView.Space(used: 1, all: 4)
        view.oomKills = 3
        view.pressure = [.cpu: 12.5]
        for part in [HostView.Part.pressureMemory, .pressureIO] { view.missing[part] = HostView.Why(.notTracked, "no pressure") }
        view.mounts = [
            .init(path: "/", space: .init(used: 60, all: 100), inodes: .init(used: 1, all: 10)),
            .init(path: "/data", space: .init(used: 95, all: 100)),
        ]
        change(&view)
        return view
    }

    // MARK: - Hosts

    @Test func aLookSaysWhatStands() {
        var looks = Looks(.host)
        looks.take(.host(Self.machine(busy: 0, all: 0)), at: 0)
        let expected: [(Signal, Evidence)] = [
            (.up, .value(1)), (.load, .value(1.5)), (.memory, .value(75)), (.swap, .missing(.notTracked)), (.diskFree, .value(5)),
            (.inodesFree, .value(90)), (.openFiles, .value(25)), (.pressureCPU, .value(12.5)), (.pressureIO, .missing(.notTracked)),
            (.uptime, .value(1_050_800)), (.unreadMounts, .value(0)),
        ]
        for (signal, evidence) in expected { #expect(looks.read(signal, at: 1) == evidence, "\(signal.name)") }
        // What takes two looks.
        for signal in [Signal.cpu, .oomKills] { #expect(looks.read(signal, at: 1) == .missing(.tooLittleData), "\(signal.name)") }
        #expect(looks.read(.cpuThrottled, at: 1) == .missing(.notTracked))
        // Of a runtime nothing is read here, and no app is a subject.
        #expect(looks.read(.healthy, at: 1) == .missing(.notTracked))
        let table = looks.table([SeriesRef(signal: .memory)], at: 1)
        #expect(table.kind == .host && table.apps.isEmpty)
    }

    @Test func theShareThatWasBusyIsOfTheLastInterval() {
        var looks = Looks(.host)
        looks.take(.host(Self.machine(busy: 100_000, all: 400_000)), at: 0)
        looks.take(.host(Self.machine(busy: 101_000, all: 404_000)), at: 10)
        #expect(looks.read(.cpu, at: 10) == .value(25))
        looks.take(.host(Self.machine(busy: 105_000, all: 408_000)), at: 20)
        #expect(looks.read(.cpu, at: 20) == .value(100))
        // Long after the last: what lies between is no interval.
        looks.take(.host(Self.machine(busy: 105_100, all: 500_000)), at: 500)
        #expect(looks.read(.cpu, at: 500) == .missing(.tooLittleData))
        looks.take(.host(Self.machine(busy: 105_200, all: 500_200)), at: 510)
        #expect(looks.read(.cpu, at: 510) == .value(50))
        #expect(looks.read(.cpu, at: 1_000) == .missing(.stale))
    }

    @Test func twoLooksWithinAMomentAreNoInterval() {
        var looks = Looks(.host)
        func take(_ view: HostView, at milliseconds: Int64) {
            looks.signals.ingest(
                Sample(
                    at: Timestamp(milliseconds: looks.start + milliseconds), runtime: "this", replica: "/proc", elapsedMilliseconds: 3,
                    content: .host(view)))
        }
        take(Self.machine(busy: 0, all: 400), at: 0)
        take(Self.machine(busy: 20, all: 424), at: 60)
        #expect(looks.read(.cpu, at: 1) == .missing(.tooLittleData))
        // With the one before it there is one.
        take(Self.machine(busy: 100, all: 800), at: 1_000)
        take(Self.machine(busy: 120, all: 820), at: 1_050)
        #expect(looks.read(.cpu, at: 2) == .value(100 * 100.0 / 396))
    }

    @Test func whatMountsSayIsKnownWhereTheKernelsFilesSayNothing() {
        var looks = Looks(.host)
        var view = HostView()
        for part in [HostView.Part.cpu, .memory, .swap] { view.missing[part] = HostView.Why(.unauthorized, "it may not be read") }
        view.missing[.load] = HostView.Why(.malformed, "loadavg is not as a kernel writes it")
        view.mounts = [.init(path: "/", space: .init(used: 60, all: 100))]
        looks.take(.host(view), at: 0)
        #expect(looks.read(.up, at: 1) == .value(0) && looks.read(.diskFree, at: 1) == .value(40))
        #expect(looks.read(.memory, at: 1) == .missing(.unauthorized) && looks.read(.cpu, at: 1) == .missing(.unauthorized))
        #expect(looks.read(.load, at: 1) == .missing(.malformed) && looks.read(.oomKills, at: 1) == .missing(.notTracked))
        let replica = looks.signals.summary.replicas[0]
        #expect(replica.missing[.host] == .unauthorized && replica.said[.host] == "40 % free on /")
        #expect(replica.figures == [.diskFree: 40])
    }

    @Test func theContainersLimitCountsWhereItIsNearer() {
        var looks = Looks(.host)
        func view(_ used: Int64, _ periods: Int64, _ throttled: Int64) -> HostView {
            Self.machine(busy: 1_000 + used / 10_000, all: 400 * used / 10_000) { view in
                view.group.cpuLimit = 0.5
                (view.group.cpuUsed, view.group.periods, view.group.throttled) = (used, periods, throttled)
                view.group.memory = HostView.Space(used: 90, all: 100)
            }
        }
        looks.take(.host(view(1_000_000, 100, 10)), at: 0)
        // Four seconds of cpu in ten, of five that it may have.
        looks.take(.host(view(5_000_000, 200, 35)), at: 10)
        #expect(looks.read(.cpu, at: 10) == .value(80))
        #expect(looks.read(.cpuThrottled, at: 10) == .value(25))
        #expect(looks.read(.memory, at: 10) == .value(90))
        // Nothing ran.
        looks.take(.host(view(5_000_000, 200, 35)), at: 20)
        #expect(looks.read(.cpuThrottled, at: 20) == .missing(.noTraffic))
        // A new container counts anew.
        looks.take(.host(view(10, 1, 0)), at: 30)
        #expect(looks.read(.cpuThrottled, at: 30) == .missing(.tooLittleData))
    }

    @Test func aRebootIsNoRate() {
        var looks = Looks(.host)
        looks.take(.host(Self.machine(busy: 100_000, all: 400_000)), at: 0)
        looks.take(.host(Self.machine(busy: 110_000, all: 440_000) { $0.startedAt = 1_796_050_700 }), at: 60)
        #expect(looks.read(.cpu, at: 60) == .missing(.tooLittleData))
        // What the counter shows after it has happened since.
        #expect(looks.read(.oomKills, at: 60) == .value(3))
        looks.take(.host(Self.machine(busy: 110_100, all: 440_200) { $0.startedAt = 1_796_050_701 }), at: 70)
        #expect(looks.read(.cpu, at: 70) == .value(50), "the clock that the start is reckoned by may be set")
    }

    @Test func killsAreCountedOnceAndLeaveTheWindow() {
        var looks = Looks(.host)
        looks.signals.options.longestWindow = .minutes(20)
        for second in stride(from: Int64(0), through: 900, by: 10) {
            // Two in a container: the machine counts them too. One of the machine alone, later.
            let (machine, group): (Int64, Int64) = second < 100 ? (3, 0) : second < 300 ? (5, 2) : (6, 2)
            looks.take(
                .host(
                    Self.machine(busy: second * 10, all: second * 400) { view in
                        (view.oomKills, view.group.oomKills) = (machine, group)
                    }), at: second)
            switch second {
            case 90: #expect(looks.read(.oomKills, .minutes(10), at: 90) == .value(0))
            case 100: #expect(looks.read(.oomKills, .minutes(10), at: 100) == .value(2))
            case 300: #expect(looks.read(.oomKills, .minutes(10), at: 300) == .value(3))
            case 690: #expect(looks.read(.oomKills, .minutes(10), at: 690) == .value(3))
            case 700: #expect(looks.read(.oomKills, .minutes(10), at: 700) == .value(1))
            case 900: #expect(looks.read(.oomKills, .minutes(10), at: 900) == .value(0))
            default: break
            }
        }
    }

    @Test func whatCannotBeReadIsMissingAndNeverZero() {
        var looks = Looks(.host)
        looks.take(
            .host(
                Self.machine(busy: 1, all: 2) { view in
                    (view.memory, view.load, view.oomKills, view.files) = (nil, nil, nil, nil)
                    view.missing[.memory] = HostView.Why(.unauthorized, "meminfo may not be read")
                    view.missing[.load] = HostView.Why(.malformed, "loadavg is not as a kernel writes it")
                    view.missing[.oomKills] = HostView.Why(.notTracked, "no oom_kill in vmstat")
                    view.mounts[1] = .init(path: "/data", missing: HostView.Why(.unreachable, "/data did not answer within 5s"))
                }), at: 0)
        #expect(looks.read(.memory, at: 1) == .missing(.unauthorized))
        #expect(looks.read(.load, at: 1) == .missing(.malformed))
        #expect(looks.read(.oomKills, at: 1) == .missing(.notTracked))
        #expect(looks.read(.openFiles, at: 1) == .missing(.notTracked))
        // What is left is judged, and what is not there is counted.
        #expect(looks.read(.diskFree, at: 1) == .value(40) && looks.read(.unreadMounts, at: 1) == .value(1))
        let replica = looks.signals.summary.replicas[0]
        #expect(looks.signals.summary.kind == .host)
        #expect(replica.said[.host] == "40 % free on /, a mount cannot be looked at")
        #expect(
            replica.detail[.host]
                == "load: loadavg is not as a kernel writes it; memory: meminfo may not be read; /data: /data did not answer within 5s")
        // And of no mounts at all nothing is known.
        looks.take(.host(Self.machine(busy: 1, all: 2) { $0.mounts = [] }), at: 10)
        #expect(looks.read(.diskFree, at: 11) == .missing(.notTracked))
    }

    @Test func aMachineThatSaysNothingIsNotUp() {
        var looks = Looks(.host)
        #expect(looks.read(.up, at: 0) == .missing(.tooLittleData))
        looks.take(.missing(.host, .unreachable, detail: "/nowhere: no stat; no meminfo"), at: 1)
        #expect(looks.read(.up, at: 1) == .value(0) && looks.read(.memory, at: 1) == .missing(.unreachable))
        looks.take(.missing(.host, .malformed, detail: "no mounts in it"), at: 2)
        #expect(looks.read(.up, at: 2) == .missing(.malformed), "what cannot be read says neither")
    }

    // MARK: - Services

    @Test func aServiceThatIsDownIsAValue() {
        var looks = Looks(.service)
        looks.take(
            .probe(
                ProbeView(
                    isUp: true, latency: 0.25, status: 200, certificateDays: 12.5, phases: [.resolve: 0.01, .connect: 0.02])), at: 0)
        #expect(looks.read(.up, at: 1) == .value(1) && looks.read(.latency, at: 1) == .value(0.25))
        #expect(looks.read(.latencyResolve, at: 1) == .value(0.01) && looks.read(.latencyTLS, at: 1) == .missing(.notTracked))
        #expect(looks.read(.status, at: 1) == .value(200) && looks.read(.certificateDays, at: 1) == .value(12.5))
        looks.take(.probe(ProbeView(isUp: false, detail: "refused", certificateDays: -3)), at: 10)
        #expect(looks.read(.up, at: 10) == .value(0) && looks.read(.latency, at: 10) == .missing(.noTraffic))
        #expect(looks.read(.certificateDays, at: 10) == .value(0), "none is left, however long ago it ran out")
        let replica = looks.signals.summary.replicas[0]
        #expect(replica.isHealthy == false && replica.detail[.probe] == "refused")
        #expect(replica.said[.probe] == "down, certificate expired 3 days ago")
        for (days, words) in [(-0.2, "expired less than a day ago"), (0, "expired"), (0.4, "for less than a day"), (1.5, "for a day")] {
            looks.take(.probe(ProbeView(isUp: true, certificateDays: days)), at: 20)
            #expect(looks.signals.summary.replicas[0].said[.probe] == "up, certificate \(words)")
        }
    }

    // MARK: - Kept

    @Test("what was seen comes back after a restart, and what it is without a configuration", arguments: [true, false])
    func kept(_ whole: Bool) throws {
        var looks = Looks(.host)
        looks.take(.host(Self.machine(busy: 100_000, all: 400_000)), at: 0)
        looks.take(.host(Self.machine(busy: 101_000, all: 404_000)), at: 10)
        let bytes = whole ? looks.signals.encoded() : looks.signals.encodedCore()
        var restored = Looks(.runtime)
        restored.signals = try RuntimeSignals(decoding: bytes, options: SignalOptions(replicas: ["/proc"]))
        #expect(restored.signals.options.kind == .host)
        for signal in [Signal.cpu, .memory, .diskFree, .up] { #expect(restored.read(signal, at: 12) == looks.read(signal, at: 12)) }
        restored.take(.host(Self.machine(busy: 101_100, all: 404_200) { $0.oomKills = 4 }), at: 20)
        #expect(restored.read(.cpu, at: 20) == .value(50) && restored.read(.oomKills, at: 20) == .value(1))
    }

    @Test("the history of a host says what it said", arguments: [WatchedKind.host, .service])
    func history(_ kind: WatchedKind) {
        var looks = Looks(kind)
        let demand = [
            SeriesRef(signal: .up), SeriesRef(signal: .memory), SeriesRef(signal: .latency),
            SeriesRef(signal: .oomKills, window: .minutes(5)),
        ]
        var past = HistorySignals(runtime: "this", options: SignalOptions())
        var judged = 0
        for second in stride(from: Int64(0), through: 600, by: 10) {
            let kills: Int64 = second < 300 ? 3 : 5
            let content: Decoded =
                kind == .host
                ? .host(Self.machine(busy: second * 10, all: second * 400) { $0.oomKills = kills })
                : .probe(ProbeView(isUp: second < 300, latency: 0.5))
            looks.take(content, at: second)
            _ = looks.table(demand, at: second)
            for row in looks.signals.drainClosedMinutes() {
                #expect(row.watch?.kind == kind && row.watch?.polled == [kind == .host ? .host : .probe])
                past.take([row])
                let table = past.readings(demand: demand)
                #expect(table?.kind == kind)
                judged += 1
                // The minute that ended: its last look is at its end or ten seconds before.
                guard row.minute == Timestamp(milliseconds: looks.start).minute + 7 else { continue }
                if kind == .host {
                    #expect(table?.runtime(0) == .value(1) && table?.runtime(1) == .value(75) && table?.runtime(3) == .value(2))
                } else {
                    #expect(table?.runtime(0) == .value(0) && table?.runtime(1) == .missing(.notTracked))
                }
            }
        }
        #expect(judged == 10, "a minute closes as soon as a look is past it")
    }
}
