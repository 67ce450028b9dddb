import Ambient
import Glibc
import Model
import Simulator

/// `simulate`: the simulator alone.
enum SimulateCommand {
    static let command = Command(
        ["simulate"], "A runtime that behaves as the real one does, with named scenarios",
        discussion: "Listens on loopback and prints where, then runs until its scenario ends or it is interrupted. "
            + "'simulate --list' names the scenarios.",
        positionals: [Positional("SCENARIO", required: false, "default: busy")],
        options: [
            Option("list", "name the scenarios"),
            Option("port", value: "PORT", "of the first replica; others follow (default: free ones)"),
            Option("speed", value: "N", "its clock runs so many times as fast (default 1)"),
            Option("seed", value: "N", "another seed, other details; the same seed, the same story"),
            Option("for", value: "SPAN", "end after so long of real time; with --tape, of simulated time (default 30m)"),
            Option("tape", value: "FILE", "write what polls of it would show to a tape, at once, and listen nowhere"),
            Option("interval", value: "SPAN", "with --tape: time between two polls (default 10s)"),
            Option("chats", value: "N", "chats that the process has tracked already"),
            Option("metrics", "each process also shows a page of Prometheus metrics at /metrics, as some builds do"),
            Option("front-door", "also a reverse proxy before it that asks a gate, as docs/deploy/nginx.conf does"),
            Option("gate-port", value: "PORT", "where that gate is (default 9465; 0: a free port, as announced)"),
            Option("control-plane", value: "PORT", "also a control plane where leases can land (0: a free port)"),
            Option("fixtures", value: "DIR", "answer with recorded bodies from this folder instead"),
            Option("announce", value: "FILE", "write the addresses there as JSON, once they listen"),
        ],
        examples: [
            ("mozaiks-ops simulate noisy-neighbor --port 8000 --speed 10", "a noisy tenant, ten times as fast"),
            ("mozaiks-ops simulate --list", "every scenario with a line on each"),
            ("mozaiks-ops simulate noisy-neighbor --tape day.tape --for 30m", "a recorded half hour, to try policies on"),
            ("mozaiks-ops simulate --fixtures recorded/busy --port 8000", "recorded answers"),
        ]
    ) { invocation in
        let arguments = invocation.arguments
        if arguments.has("list") {
            invocation.list(Scenario.all)
            return .ok
        }
        if let path = arguments.value("tape") { return try record(path, invocation) }
        let signals = await ProcessSignal.listen(for: [.interrupt, .terminate])
        let length = try invocation.span("for")
        if let folder = arguments.value("fixtures") {
            return try await replayFixtures(folder, length, signals, invocation)
        }
        let stage = try Stage(invocation)
        try stage.start()
        defer { stage.stop() }
        invocation.print(text: stage.text, as: .stage, json: stage.document)
        if let file = arguments.value("announce") { try stage.announce(to: file) }
        await wait(signals, length, invocation) { stage.simulator.isOver }
        return .ok
    }

    private static func record(_ path: String, _ invocation: Invocation) throws -> ExitCode {
        let name = invocation.arguments.positional("SCENARIO") ?? "busy"
        guard var scenario = Scenario.named(name) else {
            throw UsageError(
                "there is no scenario '\(name)'",
                hint: nearest(name, in: Scenario.all.map(\.name)).map { "did you mean \($0)?" }
                    ?? "mozaiks-ops simulate --list")
        }
        if let seed = try invocation.number("seed", in: 0...Int.max) { scenario.seed = UInt64(seed) }
        if let chats = try invocation.number("chats", in: 0...1_000_000) { scenario.trackedBefore = chats }
        let length = try invocation.span("for") ?? .minutes(30)
        var tape = SimulatedTape(scenario)
        let exchanges = try tape.write(to: path, length: length, interval: try invocation.span("interval") ?? .seconds(10))
        invocation.print(
            text: "\(path): \(length) of \(name), \(exchanges) exchanges\n",
            as: .recording, json: ["tape": .string(path), "scenario": .string(name), "exchanges": .int(Int64(exchanges))])
        return .ok
    }

    private static func replayFixtures(
        _ folder: String, _ length: TimeSpan?, _ signals: AsyncStream<ProcessSignal>, _ invocation: Invocation
    ) async throws -> ExitCode {
        let port = UInt16(try invocation.number("port", in: 0...65_535) ?? 0)
        let server = try FixtureServer(folder: folder, port: port)
        try server.start()
        defer { server.stop() }
        invocation.print(
            text: "answers from \(folder) at \(server.url)\n", as: .stage,
            json: ["scenario": .null, "runtime": [.string(server.url)], "url": .string(server.url)])
        await wait(signals, length, invocation) { false }
        return .ok
    }

    private static func wait(
        _ signals: AsyncStream<ProcessSignal>, _ length: TimeSpan?, _ invocation: Invocation,
        until isOver: @escaping @Sendable () -> Bool
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in signals { return } }
            if let length { group.addTask { try? await invocation.clock.sleep(for: length) } }
            group.addTask {
                while !isOver() {
                    do { try await invocation.clock.sleep(for: .seconds(0.2)) } catch { return }
                }
            }
            _ = await group.next()
            group.cancelAll()
        }
    }
}
