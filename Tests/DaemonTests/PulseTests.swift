import Ambient
import CycleKit
import HTTP
import Model
import Notify
import Synchronization
import TestKit
import Testing
@testable import Cycle
@testable import Daemon

/// The heartbeats of a daemon, on a clock that moves when told.
@Suite struct PulseTests {
    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
        var logger: Logger {
            Logger(level: .info, writesTime: false) { line in
                self.all.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
                return true
            }
        }
    }

    /// What a test changes while others read it.
    private final class Box<Value: Sendable>: Sendable {
        private let state: Mutex<Value>
        init(_ value: Value) { state = Mutex(value) }
        var value: Value {
            get { state.withLock { $0 } }
            set { state.withLock { $0 = newValue } }
        }
    }

    private static func answer(_ status: Int) -> String { "HTTP/1.1 \(status) X\r\nContent-Length: 2\r\n\r\nOK" }

    @Test("one ping an interval: well, or not; the first says that it began")
    func beats() async throws {
        let server = try MisbehavingServer(always: PulseTests.answer(200))
        defer { server.stop() }
        let client = try HTTPClient()
        let clock = ManualClock()
        let isWell = Box(true)
        let heartbeat = Heartbeat(url: { Secret("\(server.url)/uuid") }, client: client)
        let pulse = Pulse(heartbeat: heartbeat, interval: .minutes(1), clock: clock, logger: .silent)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await pulse.run { isWell.value } }
            for next in [true, false, true] {
                while clock.sleepers == 0 { await Task.yield() }
                isWell.value = next
                clock.advance(by: .minutes(1))
            }
            while server.requests.count < 4 { await Task.yield() }
            group.cancelAll()
        }
        await client.shutdown()
        #expect(server.requests.map(\.path) == ["/uuid/start", "/uuid", "/uuid/fail", "/uuid"])
    }

    @Test("a service that does not hear is logged once, and again when it hears")
    func logsOnce() async throws {
        let status = Box(503)
        let server = try MisbehavingServer { _, peer in peer.write(PulseTests.answer(status.value)) }
        defer { server.stop() }
        let client = try HTTPClient()
        let lines = Lines()
        let heartbeat = Heartbeat(url: { Secret("\(server.url)/uuid") }, client: client)
        let pulse = Pulse(heartbeat: heartbeat, interval: .minutes(1), clock: ManualClock(), logger: lines.logger)
        for _ in 0..<3 { await pulse.beat(.success) }
        status.value = 200
        for _ in 0..<2 { await pulse.beat(.success) }
        status.value = 500
        await pulse.beat(.success)
        await client.shutdown()
        #expect(
            lines.all.withLock { $0 } == [
                "level=warn msg=\"the heartbeat is not heard; said once, until it is heard again\" why=\"it answered 503\"\n",
                "level=info msg=\"the heartbeat is heard again\"\n",
                "level=warn msg=\"the heartbeat is not heard; said once, until it is heard again\" why=\"it answered 500\"\n",
            ])
    }

    @Test("a ping that hangs ends with its task, and is no fault")
    func cancelled() async throws {
        let server = try MisbehavingServer { _, peer in peer.waitUntilClosed() }
        defer { server.stop() }
        let client = try HTTPClient()
        let lines = Lines()
        let heartbeat = Heartbeat(url: { Secret("\(server.url)/uuid") }, client: client, timeoutMs: 600_000)
        let pulse = Pulse(heartbeat: heartbeat, interval: .minutes(1), clock: ManualClock(), logger: lines.logger)
        let task = Task { await pulse.run { true } }
        while server.requests.isEmpty { await Task.yield() }
        task.cancel()
        await task.value
        await client.shutdown()
        #expect(lines.all.withLock { $0 }.isEmpty)
    }
}
