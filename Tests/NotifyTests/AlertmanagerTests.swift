import Ambient
import Glibc
import HTTP
import JSONParsing
import Model
import TestKit
import Settings
import Testing

@testable import Notify

/// Against Debian's Alertmanager, read back through its own interface.
@Suite(.serialized) struct AlertmanagerTests {
    /// A real one on loopback, in a folder of its own.
    final class Running {
        struct Failure: Error, CustomStringConvertible { let description: String }

        let url: String
        private let program: RunningProgram
        private let folder = TemporaryFolder()

        init() throws {
            let path = ["/usr/bin", "/usr/local/bin"].map { $0 + "/prometheus-alertmanager" }
                .first { access($0, X_OK) == 0 }
            guard let path else {
                throw Failure(description: "prometheus-alertmanager is not installed: `make setup` installs it")
            }
            let configuration = folder.write(
                "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n", to: "alertmanager.yml")
            var last = ""
            // A free port may be taken by the time it is wanted: another one, then.
            for _ in 0..<5 {
                let address = "127.0.0.1:\(try Loopback.closedPort())"
                let program = try RunningProgram(
                    path,
                    [
                        "--config.file=\(configuration)", "--storage.path=\(folder.path("data"))",
                        "--web.listen-address=\(address)", "--cluster.listen-address=",
                    ], in: folder.path, atMost: 120)
                if program.waits(until: { $1.contains("Listening on") || $1.contains("msg=Listening") }) {
                    url = "http://\(address)"
                    self.program = program
                    return
                }
                last = program.waitForEnd().errors
            }
            throw Failure(description: "alertmanager does not start: \(last.suffix(600))")
        }

        func stop() {
            program.send(SIGTERM)
            _ = program.waitForEnd()
        }
    }

    /// The alerts that it holds and that have not ended, ordered by their ids.
    private static func alerts(_ url: String, _ client: HTTPClient) async throws -> [JSON] {
        let response = try await client.send(HTTPRequest(.get, url + "/api/v2/alerts", bodyLimit: 64 << 20))
        let alerts = try #require(try JSON(parsing: response.body.bytes).array)
        return alerts.sorted { ($0["labels"]?["incident"]?.string ?? "") < ($1["labels"]?["incident"]?.string ?? "") }
    }

    private func withAlertmanager(_ body: (HTTPClient, String) async throws -> Void) async throws {
        let running = try Running()
        defer { running.stop() }
        try await withClient { client in try await body(client, running.url) }
    }

    private static func message(_ name: String, shiftedTo now: Timestamp) throws -> Message {
        let message = try #require(Sample.messages.first { $0.name == name }).message
        var incident = Sample.incident(
            rule: message.incident.rule, subject: message.incident.subject, severity: message.incident.severity,
            transitions: message.incident.transitions)
        incident.decisions = message.incident.decisions
        if message.event == .resolved { incident.resolvedAt = now - .seconds(1) }
        return Message(event: message.event, incident: incident, environment: "production", mode: .enforce, at: now)
    }

    @Test func `opened => active with its labels => told again => resolved => gone`() async throws {
        try await withAlertmanager { (client, url) async throws in
            let clock = SystemClock()
            let channel = Alertmanager("alerts", .init(url: url), Means(client: client, clock: clock))
            let start = clock.now()
            let opened = try Self.message("noisy-throttled", shiftedTo: start)
            #expect(await channel.deliver(opened) == .delivered)
            let alert = try #require(try await Self.alerts(url, client).first)
            #expect(
                alert["labels"]?.object?.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.string ?? "")" } == [
                    "alertname=noisy-neighbor", "app=app-clinic", "environment=production",
                    "incident=\(opened.incident.id)", "runtime=shared", "severity=warning", "source=mozaiks-ops",
                    "subject=app", "topology=shared",
                ])
            #expect(alert["annotations"]?["summary"]?.string?.hasPrefix("Warning: noisy-neighbor") == true)
            #expect(
                alert["annotations"]?["description"]?.string?.contains("done: Throttled app-clinic to 2 runs at once")
                    == true)
            #expect(alert["status"]?["state"]?.string == "active")
            let end = try #require(alert["endsAt"]?.string.flatMap { Timestamp(rfc3339: $0) })
            #expect(end - start >= .minutes(5) && end - clock.now() <= .minutes(5))
            // Told again: the same alert, with a later end.
            #expect(await channel.deliver(opened) == .delivered)
            let again = try await Self.alerts(url, client)
            #expect(again.count == 1)
            #expect(try #require(again[0]["endsAt"]?.string.flatMap { Timestamp(rfc3339: $0) }) >= end)
            // Resolved.
            #expect(
                await channel.deliver(try Self.message("noisy-resolved-lease-over", shiftedTo: clock.now()))
                    == .delivered)
            #expect(try await Self.alerts(url, client).isEmpty)
        }
    }

    @Test func `an alert that nobody pushes again ends by itself`() async throws {
        try await withAlertmanager { (client, url) async throws in
            // This monitor stopped long enough ago for its last push to have run out.
            let past = SystemClock().now() - .minutes(5) - .seconds(1)
            let dead = Alertmanager("alerts", .init(url: url), Means(client: client, clock: FixedClock(past)))
            #expect(await dead.deliver(try Self.message("noisy-throttled", shiftedTo: past)) == .delivered)
            #expect(try await Self.alerts(url, client).isEmpty)
            let alive = Alertmanager("alerts", .init(url: url), Means(client: client, clock: SystemClock()))
            #expect(await alive.deliver(try Self.message("noisy-throttled", shiftedTo: past)) == .delivered)
            #expect(try await Self.alerts(url, client).count == 1)
        }
    }

    @Test func `every kind of message, and every hostile one, is taken`() async throws {
        try await withAlertmanager { (client, url) async throws in
            let channel = Alertmanager("alerts", .init(url: url), Means(client: client))
            for (name, message) in Sample.messages + Hostile.messages {
                #expect(await channel.deliver(message) == .delivered, "\(name)")
            }
            let alerts = try await Self.alerts(url, client)
            // One each of what was opened, drilled or updated, ids that look alike included.
            #expect(alerts.count >= Hostile.texts.count)
            for alert in alerts {
                for label in alert["labels"]?.object ?? JSONObject() {
                    let value = label.value.string ?? ""
                    #expect(!value.isEmpty && value.unicodeScalars.count <= 1_300, "\(label.key)")
                    #expect(!value.unicodeScalars.contains { $0.properties.generalCategory == .control })
                }
            }
        }
    }

    @Test func `a wrong address waits for the right one`() async throws {
        try await withAlertmanager { (client, url) async throws in
            // Not the base: there is nothing.
            let channel = Alertmanager("alerts", .init(url: url + "/api/v2/alerts"), Means(client: client))
            let delivery = await channel.deliver(Sample.messages[0].message)
            #expect(Kind(delivery) == .blocked)
            delivery.expectFitForLogs()
        }
    }

    static let names: [(key: String, name: String)] = [
        ("tier", "tier"), ("Tier_2", "Tier_2"), ("a.b/c-d", "a_b_c_d"), ("2nd", "label_2nd"), ("", "label_"),
        ("__meta", "_meta"), ("___", "label__"), ("é", "label__"), ("x\u{0}y", "x_y"),
    ]

    @Test("label names", arguments: names.map(\.key))
    func name(key: String) throws {
        let name = Alertmanager.name(key)
        #expect(name == Self.names.first { $0.key == key }?.name)
    }

    @Test func `a label of the runtime does not replace one of ours`() {
        var incident = Sample.noisy()
        incident.labels = ["severity": "none", "tier": "gold", "empty": "", "a-b": "1", "a.b": "2", "a_b": "3"]
        let labels = Alertmanager.labels(Sample.message(.opened, incident, 300))
        #expect(labels["severity"] == "warning" && labels["label_severity"] == "none" && labels["tier"] == "gold")
        #expect(labels["empty"] == nil)
        // Names that come out alike are all there, and none twice.
        #expect(Set(labels.map(\.key)).count == labels.count)
        #expect(["a_b", "label_a_b", "label_a_b_2"].map { labels[$0]?.string } == ["1", "2", "3"])
    }

    @Test(
        "golden",
        arguments: [
            "noisy-throttled", "noisy-resolved-lease-over", "runtime-down-staging", "drill", "acknowledged", "advice",
            "digest-storm", "digest-over",
        ])
    func golden(name: String) throws {
        let message = try #require(Sample.messages.first { $0.name == name }).message
        let alert = Alertmanager.alert(message, until: message.at + .minutes(5))
        Golden.expect(JSON.array([alert]).serialized(pretty: true) + "\n", is: "alertmanager-\(name).json")
    }
}
