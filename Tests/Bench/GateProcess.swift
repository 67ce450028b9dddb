import Actions
import BenchReference
import Collector
import Glibc
import Model
import Server
import Synchronization

/// The monitor's gate in a process on one core, with the rest of a cycle on a thread beside it when told so.
///
/// Prints the ports of the gate and of a bare server (what HTTP costs on this machine at the least). Lines on standard
/// input: `busy` decodes the body again and again from then on, `idle` stops that, `cpu` reports the seconds of processor
/// time so far.
enum GateProcess {
    static func run(_ words: ArraySlice<String>) throws {
        guard let path = words.first else { throw BenchFailure("gate needs a file") }
        benchreference_pin(0)
        let body = Body(try FileBody(path))
        let gate = Gate(table: table()) { now() }
        let endpoints = MonitorEndpoints(gate: gate, health: { DaemonHealth(isCycling: true) })
        let server = HTTPServer(mode: .epoll(threads: 1), handler: endpoints.answer)
        try server.start()
        say("gate \(server.port)")
        say("bare \(benchreference_serve())")
        let cycle = BusyCycle(body)
        while let line = readLine() {
            switch line {
            case "busy": cycle.isBusy.store(true, ordering: .releasing)
            case "idle":
                cycle.isBusy.store(false, ordering: .releasing)
                report("cycles", Double(cycle.count.exchange(0, ordering: .acquiringAndReleasing)))
            case "cpu": report("cpu", Double(clock()) / Double(CLOCKS_PER_SEC))
            default: throw BenchFailure("say busy, idle or cpu")
            }
        }
        server.stop()
    }

    private static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// A hundred apps of a thousand are throttled.
    private static func table() -> GateTable {
        let leases = stride(from: 0, to: 1_000, by: 10).map { index in
            Lease(
                id: "lease-\(index)",
                key: LeaseKey(kind: .throttle, runtime: "shared", app: AppID("app-\(index)")),
                effect: .throttle(Limits(concurrentWorkflows: 2, requestsPerMinute: 10)), holders: [],
                createdAt: now(), expiresAt: now() + .hours(1), state: .inForce, shadow: false)
        }
        let open = Dictionary(uniqueKeysWithValues: (0..<1_000).map { (AppID("app-\($0)"), $0 % 7) })
        return GateTable(
            runtimes: ["shared"], leases: leases, openRuns: ["shared": OpenRuns(at: now(), byApp: open)],
            staleAfter: .hours(1))
    }
}

/// A thread that decodes a body again and again while it is told to.
private final class BusyCycle: Sendable {
    let isBusy = Atomic<Bool>(false)
    let count = Atomic<Int>(0)
    private let body: Body

    init(_ body: Body) {
        self.body = body
        let pointer = Unmanaged.passRetained(self).toOpaque()
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<BusyCycle>.fromOpaque(context).takeUnretainedValue().turn()
                return nil
            }, pointer)
    }

    private func turn() {
        while true {
            guard isBusy.load(ordering: .acquiring) else {
                // No test waits for this: the idle phase of a measurement, in which the thread must take no processor time.
                usleep(10_000)
                continue
            }
            _ = try? PerfDecoder.decode(body)
            count.add(1, ordering: .relaxed)
        }
    }
}
