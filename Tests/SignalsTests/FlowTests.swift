import Model
import Testing

@testable import Signals

/// Workflows: counted beside their apps, and only where somebody asks.
@Suite struct FlowTests {
    private static let names = ["Generator", "Support", "Odd"]

    /// A series of a workflow's own.
    private static func own(_ text: String) -> SeriesRef {
        let plain = series(text)
        return SeriesRef(signal: plain.signal, scope: .workflow, window: plain.window)
    }

    private static func options(_ replicas: [String] = [Watched.url]) -> SignalOptions {
        var options = SignalOptions(replicas: replicas)
        options.retain(for: [own("errors[1m]")])
        return options
    }

    private static func open(
        _ process: inout FakeProcess, _ name: String, app: String, _ workflow: String, at second: Double
    ) {
        process.open(name, app: app, at: second)
        process.change(name) {
            $0.workflow = UInt32(names.firstIndex(of: workflow) ?? 0)
            $0.present.insert(.workflow)
        }
    }

    private static func perf(_ watched: inout Watched, _ process: FakeProcess, at second: Double, replica: String = Watched.url) throws {
        var table = process.table(at: second)
        table.workflows = names.map { Array($0.utf8) }
        try watched.ingest(.perf(table), at: second, replica: replica)
    }

    private static func reading(_ watched: inout Watched, _ app: String, _ name: String, _ text: String, at second: Double) throws
        -> Evidence
    {
        let table = try watched.table([own(text)], at: second)
        let row = try #require(table.index(of: PackID(name), app: AppID(app)), "no workflow \(name) of \(app)")
        return table.workflow(row, 0)
    }

    /// Two minutes in which of app a's packs one fails, and one works; app b runs the failing one, too, and well.
    private static func failing(
        isForgetful: Bool = false, journal: FakeJournal? = nil, besides demand: [SeriesRef] = []
    ) throws -> (Watched, FakeProcess) {
        var watched = Watched(options())
        watched.signals.options.retain(for: demand)
        watched.isForgetful = isForgetful
        watched.journal = journal
        var process = RunTests.alive
        try perf(&watched, process, at: 0)
        for step in 1...12 {
            let second = Double(step) * 10
            func round(_ name: String, _ app: String, _ workflow: String, errors: Int64, turnSeconds: Double) {
                open(&process, "\(name)\(step)", app: app, workflow, at: second - 8)
                process.work("\(name)\(step)", turns: 4, errors: errors, prompt: 10, cost: 0.01, turnSeconds: turnSeconds)
                process.end("\(name)\(step)", at: second - 2)
            }
            round("g", "a", "Generator", errors: 2, turnSeconds: 4)
            round("s", "a", "Support", errors: 0, turnSeconds: 1)
            round("b", "b", "Generator", errors: 0, turnSeconds: 1)
            if step == 12 { open(&process, "open", app: "a", "Support", at: second - 5) }
            try perf(&watched, process, at: second)
        }
        return (watched, process)
    }

    @Test("each workflow has its own figures, whether the state was kept in between or not", arguments: [0, 1, 2])
    func figures(kept: Int) throws {
        var (watched, _) = try FlowTests.failing(isForgetful: kept > 0, journal: kept == 2 ? FakeJournal() : nil)
        func value(_ app: String, _ name: String, _ text: String) throws -> Evidence {
            try FlowTests.reading(&watched, app, name, text, at: 120)
        }
        #expect(try value("a", "Generator", "errors[1m]") == .value(12))
        #expect(try value("a", "Support", "errors[1m]") == .value(0))
        #expect(try value("b", "Generator", "errors[1m]") == .value(0))
        #expect(try value("a", "Generator", "error_rate[1m]") == .value(50))
        #expect(try value("a", "Support", "error_rate[1m]") == .value(0))
        #expect(try value("a", "Generator", "run_starts[1m]") == .value(6))
        // One more that is still open.
        #expect(try value("a", "Support", "run_starts[1m]") == .value(7))
        #expect(try value("a", "Generator", "run_ends[1m]") == .value(6))
        #expect(try value("a", "Generator", "turns[1m]") == .value(24))
        #expect(try value("a", "Generator", "tokens[1m]") == .value(60))
        #expect(abs(try value("a", "Generator", "cost[1m]").number - 3.6) < 1e-9)
        #expect(abs(try value("a", "Generator", "turn_latency.p50[1m]").number - 4) < 0.04)
        #expect(abs(try value("a", "Support", "turn_latency.p95[1m]").number - 1) < 0.01)
        #expect(try value("a", "Generator", "silent_runs[1m]") == .value(0))
        #expect(try value("a", "Support", "active_runs") == .value(1))
        #expect(try value("a", "Generator", "active_runs") == .value(0))
        #expect(try value("a", "Support", "open_runs") == .value(1))
        #expect(try value("a", "Support", "stalled_runs") == .value(0))
        // What no workflow has.
        #expect(try value("a", "Generator", "gate_starts[1m]") == .missing(.notTracked))
    }

    @Test("what the workflows of an app do is what the app does; app. and runtime. reach there")
    func reach() throws {
        var (watched, _) = try FlowTests.failing()
        let demand = [
            FlowTests.own("turns[1m]"), SeriesRef(signal: .turns, scope: .app, window: .minutes(1)),
            SeriesRef(signal: .turns, scope: .runtime, window: .minutes(1)),
        ]
        let table = try watched.table(demand, at: 120)
        #expect(table.workflows.map { "\(table.apps[$0.app]) \($0.name)" } == ["a Generator", "a Support", "b Generator"])
        #expect((0..<3).map { table.workflow($0, 0) } == [.value(24), .value(24), .value(24)])
        #expect((0..<3).map { table.workflow($0, 1) } == [.value(48), .value(48), .value(24)])
        #expect((0..<3).map { table.workflow($0, 2) } == [.value(72), .value(72), .value(72)])
        #expect(table.workflows(of: 0) == 0..<2 && table.workflows(of: 1) == 2..<3)
        // Of a run of before the watching nobody said which workflow it is: app w has none.
        #expect(table.workflows(of: 2).isEmpty && table.apps.count == 3)
        #expect(table.index(of: PackID("Support"), app: AppID("b")) == nil)
        // Nobody else has a reading of a workflow's own.
        #expect(table.app(0, 0) == .missing(.notTracked) && table.runtime(0) == .missing(.notTracked))
    }

    @Test("the past of a workflow's app is read of its row, whether the state was kept in between or not", arguments: [false, true])
    func past(isKept: Bool) throws {
        let demand = [
            SeriesRef(total: .turns, of: .today, scope: .app),
            SeriesRef(signal: .turns, scope: .app, function: .earlier, range: .minutes(1), offset: .minutes(1)), FlowTests.own("turns[1m]"),
        ]
        let (begun, process) = try FlowTests.failing(isForgetful: isKept, besides: demand)
        var watched = begun
        for step in 13...20 { try FlowTests.perf(&watched, process, at: Double(step) * 10) }
        let table = try watched.table(demand, at: 200)
        let own = demand.prefix(2).map(\.ofSubject)
        let apps = try watched.table(own, at: 200)
        for row in table.workflows.indices {
            for slot in own.indices {
                let app = table.workflows[row].app
                #expect(table.workflow(row, slot) == apps.app(app, slot) && table.workflowFloor(row, slot) == apps.floor(app, slot))
            }
        }
        #expect(table.workflow(0, 1).value != nil && table.workflow(0, 0) != .missing(.notTracked))
        #expect(table.workflow(0, 2).value != nil)
    }

    @Test("what the version before wrote, with sums of days and without workflows, is read")
    func versionBefore() throws {
        // Without replicas: their workflows stand behind those of all.
        var watched = Watched(FlowTests.options([]))
        try watched.ingest(.gate(GateSignalTests.counts([:], others: 3)), at: 0, replica: Observation.gate)
        var bytes = watched.signals.encodedCore()
        #expect(bytes.suffix(2) == [0, 0] && bytes[4] == RuntimeSignals.flowsSince)
        bytes.removeLast(2)
        bytes[4] = RuntimeSignals.totalsSince
        let read = try RuntimeSignals(decoding: bytes, options: watched.signals.options)
        #expect(read.encodedCore() == watched.signals.encodedCore())
    }

    @Test("no changed byte of what is kept of workflows traps, and none of it may be missing")
    func hostileBytes() throws {
        let (watched, process) = try FlowTests.failing()
        // It stands at the end: chats and minutes are rows of their own.
        let bytes = watched.signals.encodedCore()
        let demand = [FlowTests.own("errors[1m]"), FlowTests.own("active_runs"), FlowTests.own("turn_latency.p50[1m]")]
        let whose = SeriesRef(signal: .turns, scope: .app, window: .minutes(1))
        for place in max(0, bytes.count - 400)..<bytes.count {
            #expect(throws: SignalStateError.self) {
                try RuntimeSignals(decoding: Array(bytes[..<place]), options: watched.signals.options)
            }
            for change: UInt8 in [1, 0x80, 0xFF] {
                var damaged = bytes
                damaged[place] ^= change
                guard let signals = try? RuntimeSignals(decoding: damaged, options: watched.signals.options) else { continue }
                var other = watched
                other.signals = signals
                try FlowTests.perf(&other, process, at: 130)
                let table = try other.table(demand + [whose], at: 130)
                for row in table.workflows.indices {
                    for slot in table.demand.indices { _ = (table.workflow(row, slot), table.workflowFloor(row, slot)) }
                }
            }
        }
    }

    @Test("runs that end with nothing done are told by workflow; of one that never counts anything they are not")
    func silent() throws {
        var watched = Watched(FlowTests.options())
        var process = RunTests.alive
        try FlowTests.perf(&watched, process, at: 0)
        for step in 1...12 {
            let second = Double(step) * 10
            for (run, workflow) in ["Generator", "Generator", "Generator", "Odd"].enumerated() {
                let name = "r\(step)-\(run)"
                FlowTests.open(&process, name, app: "a", workflow, at: second - 8)
                if run == 0 { process.work(name, turns: 1) }
                process.end(name, at: second - 2)
            }
            try FlowTests.perf(&watched, process, at: second)
        }
        #expect(try FlowTests.reading(&watched, "a", "Generator", "silent_runs[1m]", at: 120) == .value(12))
        #expect(try FlowTests.reading(&watched, "a", "Odd", "silent_runs[1m]", at: 120) == .missing(.deadCounter))
    }

    @Test("of several processes rates add up, and one that says nothing makes them partial")
    func replicas() throws {
        let urls = [Watched.url, "http://127.0.0.1:8001"]
        var watched = Watched(FlowTests.options(urls))
        var processes = [RunTests.alive, FakeProcess()]
        for index in 0..<2 { try FlowTests.perf(&watched, processes[index], at: 0, replica: urls[index]) }
        for step in 1...12 {
            let second = Double(step) * 10
            for index in 0..<2 {
                let name = "p\(index)-\(step)"
                FlowTests.open(&processes[index], name, app: "a", "Generator", at: second - 8)
                processes[index].work(name, turns: 2, errors: 1)
                processes[index].end(name, at: second - 2)
                try FlowTests.perf(&watched, processes[index], at: second, replica: urls[index])
            }
        }
        #expect(try FlowTests.reading(&watched, "a", "Generator", "errors[1m]", at: 120) == .value(12))
        try watched.missing(.perf, .unreachable, at: 130, replica: urls[1])
        try FlowTests.perf(&watched, processes[0], at: 130)
        #expect(try FlowTests.reading(&watched, "a", "Generator", "errors[1m]", at: 130) == .missing(.partial))
    }

    @Test("where nobody asks for workflows nothing is kept of them, and it goes when nobody does any more")
    func onlyWhereAsked() throws {
        var silent = Watched()
        var process = RunTests.alive
        FlowTests.open(&process, "r", app: "a", "Generator", at: -5)
        try FlowTests.perf(&silent, process, at: 0)
        #expect(silent.signals.shared.flows.directory.isEmpty && silent.signals.replicas.allSatisfy(\.flows.isEmpty))
        #expect(try silent.table([FlowTests.own("errors[1m]")], at: 1).workflows.isEmpty)

        var (watched, failing) = try FlowTests.failing()
        #expect(!watched.signals.shared.flows.directory.isEmpty)
        watched.signals.options.tracksWorkflows = false
        #expect(try watched.table([FlowTests.own("errors[1m]")], at: 121).workflows.isEmpty)
        #expect(watched.signals.shared.flows.directory.isEmpty && watched.signals.replicas.allSatisfy(\.flows.isEmpty))
        // Whoever asks again waits until enough was seen: an app's figures are there all the time.
        watched.signals.options.tracksWorkflows = true
        FlowTests.open(&failing, "later", app: "a", "Odd", at: 125)
        try FlowTests.perf(&watched, failing, at: 130)
        #expect(try FlowTests.reading(&watched, "a", "Generator", "errors[1m]", at: 130) == .missing(.tooLittleData))
        #expect(try watched.app("a", "errors[1m]", at: 130).value != nil)
    }

    @Test("no more are remembered than there is room for, nor any with an endless name; those seen first stay")
    func bounded() throws {
        var watched = Watched(FlowTests.options())
        var table = PerfTable(apps: [AppID("a")])
        table.workflows = (0..<FlowDirectory.limit + 5).map { Array("w\($0)".utf8) }
        table.workflows[3] = [UInt8](repeating: 0x61, count: FlowDirectory.longestName + 1)
        for index in table.workflows.indices {
            table.chats.append(
                PerfChat(
                    key: FakeProcess.key("c\(index)"), app: 0, workflow: UInt32(index), startedAt: FakeProcess.start,
                    present: FakeProcess.everything.union([.open, .workflow])))
        }
        for second in [0.0, 10] {
            try watched.ingest(.perf(table), at: second)
            #expect(watched.signals.workflowsLeftOut == 5)
        }
        let shown = try watched.table([FlowTests.own("open_runs")], at: 10)
        #expect(shown.workflows.count == FlowDirectory.limit)
        #expect(shown.index(of: PackID("w0"), app: AppID("a")) != nil)
        #expect(shown.index(of: PackID("w\(FlowDirectory.limit + 4)"), app: AppID("a")) == nil)
        // Its app is counted all the same.
        #expect(try watched.app("a", "open_runs", at: 10) == .value(Double(FlowDirectory.limit + 5)))
    }

    @Test("a workflow is forgotten as an app is, and its place goes to another")
    func forgotten() throws {
        var (watched, _) = try FlowTests.failing()
        var process = FakeProcess()
        FlowTests.open(&process, "new", app: "c", "Odd", at: 90_000)
        try FlowTests.perf(&watched, process, at: 90_010)
        let table = try watched.table([FlowTests.own("open_runs"), FlowTests.own("errors[1m]")], at: 90_010)
        #expect(table.apps.map(\.text) == ["c"])
        #expect(table.workflows.map(\.name.text) == ["Odd"])
        #expect(table.workflow(0, 0) == .value(1))
        _ = try RuntimeSignals(decoding: watched.signals.encoded(), options: watched.signals.options)
    }

    @Test("what the runtime tells of an app says of its workflows what can be no other way")
    func told() throws {
        var watched = Watched(FlowTests.options())
        var process = RunTests.alive
        FlowTests.open(&process, "young", app: "a", "Generator", at: -30)
        FlowTests.open(&process, "old", app: "a", "Support", at: -3_000)
        try FlowTests.perf(&watched, process, at: 0)
        func active(_ name: String, _ second: Double) throws -> Evidence {
            try FlowTests.reading(&watched, "a", name, "active_runs", at: second)
        }
        #expect(try active("Generator", 1) == .value(1))
        #expect(try active("Support", 1) == .missing(.tooLittleData))
        let cases = [(0, Evidence.value(0)), (2, .value(1)), (1, .missing(.contradictory))]
        for (index, (runs, expected)) in cases.enumerated() {
            let second = Double(2 + index)
            let view = InsideView(
                runs: Int64(runs), apps: [.init(app: AppID("a"), runs: Int64(runs))], isShortened: false, loopLag: nil)
            try watched.ingest(.inside(view), at: second)
            for name in ["Generator", "Support"] { #expect(try active(name, second) == expected, "\(runs) run, \(name)") }
        }
    }
}
