import Ambient
import CycleKit
import Model
import Notify
import Synchronization
import TestKit
import Testing

@testable import Cycle
@testable import Daemon
@testable import Journal

/// Channels that are told again what is open, and channels that know an incident by a name of their own.
@Suite struct StandingTests {
    let place = Workplace()

    /// Forgets what is not repeated, and calls each incident by a name.
    final class ForgetfulChannel: Channel {
        let name = "ops"
        let keepAlive: TimeSpan? = .minutes(1)
        let given = Lines()
        let script: Mutex<[Delivery]>

        init(_ script: [Delivery] = []) {
            self.script = Mutex(script)
        }

        func deliver(_ message: Message) async -> Delivery { await deliver(message, knownAs: nil) }

        func deliver(_ message: Message, knownAs reference: String?) async -> Delivery {
            given.add("\(message.event.rawValue) \(reference ?? "-")\n")
            return script.withLock { $0.isEmpty ? .deliveredAs("thread") : $0.removeFirst() }
        }
    }

    private func core() throws -> Core {
        try place.core(
            Crowd.settings(), try Crowd.policies { $0 = $0.replacing("[notify, throttle, pause]", with: "[notify]") })
    }

    private func sender(_ channel: any Channel, _ core: Core) -> Sender {
        Sender(channel: channel, core: core, clock: place.clock, logger: .silent, jitter: { 0 })
    }

    @Test("the name that a service gives comes back with the incident's next message, also after a restart")
    func reference() async throws {
        let channel = ForgetfulChannel()
        do {
            let core = try core()
            for _ in 0..<2 { await core.pass(Crowd.noisy, place.clock) }
            #expect(await sender(channel, core).sendDue() == 1)
            for _ in 0..<4 { await core.pass(Crowd.calm, place.clock) }
            #expect(await sender(channel, core).sendDue() == 1)
        }
        #expect(channel.given.text == "opened -\nresolved thread\n")
        #expect(try place.read { try $0.outbox().map(\.reference) } == ["thread", "thread"])
    }

    @Test("open => told again and again; resolved => not any more")
    func repeated() async throws {
        let core = try core()
        let channel = ForgetfulChannel()
        let sender = sender(channel, core)
        #expect(await sender.repeatStanding() == 0)
        for _ in 0..<2 { await core.pass(Crowd.noisy, place.clock) }
        #expect(await sender.repeatStanding() == 0, "nobody heard of it yet")
        #expect(await sender.sendDue() == 1)
        #expect(await sender.repeatStanding() == 1)
        #expect(await sender.repeatStanding() == 1)
        for _ in 0..<4 { await core.pass(Crowd.calm, place.clock) }
        #expect(await sender.repeatStanding() == 0, "its resolution waits")
        #expect(await sender.sendDue() == 1)
        #expect(await sender.repeatStanding() == 0)
        #expect(channel.given.text == "opened -\nopened thread\nopened thread\nresolved thread\n")
        // Telling again is no message of its own.
        #expect(try place.read { try $0.outbox().map(\.attempts) } == [1, 1])
    }

    @Test("one that the service will never take keeps the others from nothing")
    func refusedOne() async throws {
        let core = try core()
        let channel = ForgetfulChannel()
        let sender = sender(channel, core)
        for _ in 0..<2 { await core.pass(Crowd.noisy, place.clock) }
        #expect(await sender.sendDue() == 1)
        try await core.execute(
            """
            INSERT INTO outbox (incident, channel, event, created_ms, due_ms, state, document, checksum)
            SELECT 'digest-' || value, channel, event, created_ms, due_ms, 'sent', document, checksum
            FROM outbox, (SELECT 1 AS value UNION SELECT 2 UNION SELECT 3)
            """)
        channel.script.withLock { $0 = [.deliveredAs("a"), .rejected(reason: "no"), .deliveredAs("b"), .deliveredAs("c")] }
        #expect(await sender.repeatStanding() == 3)
        #expect(sender.trouble == nil)
        try await core.execute("UPDATE outbox SET document = '{}' WHERE incident = 'digest-2'")
        #expect(await sender.repeatStanding() == 3)
    }

    @Test("a service that does not take one is left alone until the next round")
    func refused() async throws {
        let core = try core()
        let channel = ForgetfulChannel([
            .deliveredAs("thread"), .retry(after: nil, reason: "busy"), .blocked(reason: "no"),
        ])
        let sender = sender(channel, core)
        for _ in 0..<2 { await core.pass(Crowd.noisy, place.clock) }
        #expect(await sender.sendDue() == 1)
        #expect(await sender.repeatStanding() == nil)
        #expect(await sender.repeatStanding() == nil)
        #expect(await sender.repeatStanding() == 1)
        #expect(try place.read { try $0.outbox().map(\.state) } == [.sent])
    }
}
