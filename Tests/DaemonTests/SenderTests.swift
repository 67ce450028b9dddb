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

/// From the outbox to a channel and back.
@Suite struct SenderTests {
    let place = Workplace()

    /// A channel that does as it is told, and remembers what it was given.
    final class ScriptedChannel: Channel {
        let name: String
        let given = Lines()
        private let script: Mutex<[Delivery]>
        private let gate: Turnstile?

        init(_ name: String = "ops", _ script: [Delivery] = [], held by: Turnstile? = nil) {
            self.name = name
            self.script = Mutex(script)
            gate = by
        }

        func deliver(_ message: Message) async -> Delivery {
            await gate?.pass()
            let news = message.news.map { " \($0.rawValue)" } ?? ""
            given.add("\(message.event.rawValue)\(news) \(message.incident.subject.app?.text ?? "-")\n")
            return script.withLock { $0.isEmpty ? .delivered : $0.removeFirst() }
        }
    }

    /// Lets nobody through until it is opened.
    actor Turnstile {
        private var isOpen = false
        private var waiting: [CheckedContinuation<Void, Never>] = []
        var queue: Int { waiting.count }

        func pass() async {
            if isOpen { return }
            await withCheckedContinuation { waiting.append($0) }
        }

        func open() {
            isOpen = true
            for waiter in waiting { waiter.resume() }
            waiting = []
        }
    }

    private func core(_ channels: [String] = ["ops"]) throws -> Core {
        var settings = Crowd.settings()
        settings.channels = channels
        return try place.core(
            settings, try Crowd.policies { $0 = $0.replacing("[notify, throttle, pause]", with: "[notify]") })
    }

    private func sender(_ channel: ScriptedChannel, _ core: Core) -> Sender {
        Sender(channel: channel, core: core, clock: place.clock, logger: .silent, jitter: { 0 })
    }

    private func open(_ core: Core) async {
        for _ in 0..<2 { await core.pass(Crowd.noisy, place.clock) }
    }

    private func resolve(_ core: Core) async {
        for _ in 0..<4 { await core.pass(Crowd.calm, place.clock) }
    }

    private var states: [OutboxRow.State] {
        get throws { try place.read { try $0.outbox().map(\.state) } }
    }

    @Test("opening and resolution, each once, in order")
    func order() async throws {
        let core = try core()
        let channel = ScriptedChannel()
        let sender = sender(channel, core)
        await open(core)
        #expect(await sender.sendDue() == 1)
        await resolve(core)
        #expect(await sender.sendDue() == 1)
        #expect(await sender.sendDue() == 0)
        #expect(channel.given.text == "opened app-shop\nresolved app-shop\n")
        #expect(try states == [.sent, .sent])
    }

    @Test("unsent opening + resolution => one message that stands for both")
    func coalesced() async throws {
        let core = try core()
        let channel = ScriptedChannel()
        await open(core)
        await resolve(core)
        #expect(await sender(channel, core).sendDue() == 1)
        #expect(channel.given.text == "resolved app-shop\n")
        let rows = try place.read { try $0.outbox() }
        #expect(rows.map(\.state) == [.sent, .merged])
        #expect(rows.first?.carriesOpening == true)
    }

    @Test(
        "a failure is tried again, and not before the time that the service asked for"
    )
    func retryAfter() async throws {
        let core = try core()
        let channel = ScriptedChannel("ops", [.retry(after: .seconds(30), reason: "busy")])
        let sender = sender(channel, core)
        await open(core)
        #expect(await sender.sendDue() == 0)
        place.clock.advance(by: .seconds(29))
        #expect(await sender.sendDue() == 0)
        place.clock.advance(by: .seconds(1))
        #expect(await sender.sendDue() == 1)
        #expect(channel.given.text == "opened app-shop\nopened app-shop\n")
        let row = try #require(try place.read { try $0.outbox().first })
        #expect(row.attempts == 2)
    }

    @Test("what is refused for good becomes a dead letter with its reason, and the next message goes out")
    func rejected() async throws {
        let core = try core()
        let channel = ScriptedChannel("ops", [.rejected(reason: "no_service")])
        let sender = sender(channel, core)
        await open(core)
        #expect(await sender.sendDue() == 0)
        #expect(try place.read { try $0.outbox().map(\.lastError) } == ["no_service"])
        await resolve(core)
        #expect(await sender.sendDue() == 1)
        #expect(try states == [.sent, .dead])
    }

    @Test("a wrong token => nothing lost, asked once a minute, named; mended => all of it, in order")
    func blocked() async throws {
        let core = try core()
        let wrong = Delivery.blocked(reason: "invalid_auth")
        let channel = ScriptedChannel("ops", Array(repeating: wrong, count: 60))
        let sender = sender(channel, core)
        await open(core)
        for _ in 0..<3_600 {
            await sender.sendDue()
            place.clock.advance(by: .seconds(1))
        }
        #expect(channel.given.text.split(separator: "\n").count == 60, "once a minute for an hour")
        #expect(sender.trouble?.reason == "invalid_auth")
        await resolve(core)
        #expect(try states.contains(.dead) == false)
        place.clock.advance(by: .minutes(1))
        #expect(await sender.sendDue() == 1)
        #expect(sender.trouble == nil)
    }

    @Test("a service that is down is asked ever less often, not once for each message that waits")
    func down() async throws {
        let core = try core()
        let record = try messages(10_000)
        try await core.commit(record)
        let down = Delivery.retry(after: nil, reason: "503")
        let channel = ScriptedChannel("ops", Array(repeating: down, count: 100_000))
        let sender = sender(channel, core)
        for _ in 0..<3_600 {
            await sender.sendDue()
            place.clock.advance(by: .seconds(1))
        }
        let asked = channel.given.text.split(separator: "\n").count
        #expect((30...140).contains(asked), "\(asked) in an hour")
        #expect(try place.read { try $0.outboxCounts().pending } == 10_000)
    }

    @Test("an update that replaced others is told for the weightiest of their news")
    func occasions() async throws {
        let core = try core()
        let record = try messages(1)
        let opening = try #require(record.messages.first)
        for news in [Message.News.approval, .reminder, .advice] {
            let update = OutboxMessage(
                incident: opening.incident, channel: "ops", event: .updated, news: news, createdAt: opening.createdAt,
                dueAt: opening.dueAt, document: opening.document.replacing("\"opened\"", with: "\"updated\""))
            try await core.commit(TickRecord(messages: [update]))
        }
        let channel = ScriptedChannel()
        #expect(await sender(channel, core).sendDue() == 1)
        #expect(channel.given.text == "updated approval app-shop\n")
    }

    @Test("what waits for a channel that is gone is a dead letter after 72 hours, not before, and never while it is there")
    func stranded() async throws {
        let core = try core(["ops"])
        try await core.commit(try messages(3))
        try await core.execute("UPDATE outbox SET channel = 'gone' WHERE id > 1")
        for hours in [71, 1] {
            place.clock.advance(by: .hours(hours))
            await core.pass(Crowd.calm, place.clock)
        }
        // The round that looks is the first of an hour.
        place.clock.advance(by: .hours(1))
        await core.pass(Crowd.calm, place.clock)
        #expect(try states == [.dead, .dead, .pending])
    }

    /// So many openings of incidents of their own, as a storm leaves them.
    private func messages(_ count: Int) throws -> TickRecord {
        let now = place.clock.now()
        let app = AppID("app-shop")
        let incident = Incident(
            fingerprint: "0", id: "0-0", rule: "r", subject: .app(app, runtime: "shared"), severity: .warning, summary: "",
            origin: Origin(file: "f", line: 1), condition: "", openedAt: now, since: now, transitions: [], evidence: [],
            suggestions: [], nextSteps: [], playbook: nil, labels: [:])
        let message = Message(event: .opened, incident: incident, environment: "production", mode: .observe, at: now)
        let document = MessageDocument.encode(message)
        return TickRecord(
            messages: (0..<count).map {
                OutboxMessage(
                    incident: "i\($0)", channel: "ops", event: .opened, createdAt: now, dueAt: now, document: document)
            })
    }

    @Test("broken off: the message is due as before, and no attempt is counted")
    func cancelled() async throws {
        let core = try core()
        let turnstile = Turnstile()
        let channel = ScriptedChannel("ops", [.retry(after: nil, reason: "cancelled")], held: turnstile)
        let sender = sender(channel, core)
        await open(core)
        let sending = Task { await sender.sendDue() }
        while await turnstile.queue == 0 { await Task.yield() }
        sending.cancel()
        await turnstile.open()
        #expect(await sending.value == 0)
        #expect(try place.read { try $0.outbox().map(\.attempts) } == [0])
        #expect(await sender.sendDue() == 1)
    }

    @Test("a message that cannot be read is a dead letter, not a stop")
    func unreadable() async throws {
        let core = try core()
        await open(core)
        try await core.execute("UPDATE outbox SET document = '{}', checksum = \(Checksum.of("{}"))")
        let channel = ScriptedChannel()
        #expect(await sender(channel, core).sendDue() == 0)
        #expect(channel.given.text.isEmpty)
        #expect(try states == [.dead])
        await resolve(core)
        #expect(await sender(channel, core).sendDue() == 1)
    }

    @Test("a slow channel holds up neither a cycle nor another channel")
    func slow() async throws {
        let core = try core(["ops", "mail"])
        let turnstile = Turnstile()
        let slow = ScriptedChannel("mail", held: turnstile)
        let quick = ScriptedChannel("ops")
        let (slowSender, quickSender) = (sender(slow, core), sender(quick, core))
        await open(core)
        let sending = Task { await slowSender.sendDue() }
        while await turnstile.queue == 0 { await Task.yield() }
        await resolve(core)
        #expect(await quickSender.sendDue() == 1)
        #expect(quick.given.text == "resolved app-shop\n")
        await turnstile.open()
        // The opening was under way when the incident resolved: both go out, in order.
        #expect(await sending.value == 2)
        #expect(slow.given.text == "opened app-shop\nresolved app-shop\n")
    }

    @Test("at least once: what was under way when the process died goes out again after it")
    func crash() async throws {
        let turnstile = Turnstile()
        let core = try core()
        await open(core)
        let lost = ScriptedChannel("ops", held: turnstile)
        let first = sender(lost, core)
        let sending = Task { await first.sendDue() }
        while await turnstile.queue == 0 { await Task.yield() }
        await core.close()
        let next = try self.core()
        let channel = ScriptedChannel()
        #expect(await sender(channel, next).sendDue() == 1)
        #expect(channel.given.text == "opened app-shop\n")
        await turnstile.open()
        _ = await sending.value
    }

    @Test(
        "a result that cannot be written down is written later; meanwhile the message is not sent again",
        // A full disk still takes that: it needs no new page.
        arguments: [Obstacle.readOnly, .locked])
    func unsettled(obstacle: Obstacle) async throws {
        let core = try core()
        let channel = ScriptedChannel()
        let sender = sender(channel, core)
        await open(core)
        let remove = try await obstacle.raise(core, place)
        #expect(await sender.sendDue() == 1)
        #expect(await sender.sendDue() == 0)
        #expect(channel.given.text == "opened app-shop\n")
        #expect(try states == [.pending])
        try await remove()
        await core.pass(Crowd.noisy, place.clock)
        #expect(try states == [.sent])
        #expect(await sender.sendDue() == 0)
    }

    @Test("a sender rests until its own channel has something to do, not another one's")
    func rest() async throws {
        let core = try core(["ops", "mail"])
        let quick = sender(ScriptedChannel("ops"), core)
        let asked = sender(ScriptedChannel("mail", [.retry(after: .seconds(20), reason: "busy")]), core)
        await open(core)
        #expect(await quick.restTime() == .seconds(0.05))
        await quick.sendDue()
        await asked.sendDue()
        #expect(await quick.restTime() == .seconds(30))
        #expect(await asked.restTime() == .seconds(20))
        place.clock.advance(by: .seconds(25))
        await asked.sendDue()
        #expect(await asked.restTime() == .seconds(30))
    }

    @Test("a sender that is told to end sends what is due first, whoever rings")
    func ending() async throws {
        let core = try core()
        let channel = ScriptedChannel()
        let sender = sender(channel, core)
        await open(core)
        await sender.run(bell: Bell()) { true }
        #expect(channel.given.text == "opened app-shop\n")
    }
}
