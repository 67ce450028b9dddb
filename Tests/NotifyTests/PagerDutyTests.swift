import Ambient
import HTTP
import JSONParsing
import Model
import Synchronization
import TestKit
import Settings
import Testing

@testable import Notify

/// Events against a service that keeps alerts as PagerDuty does.
@Suite struct PagerDutyTests {
    /// The Events API v2 as documented: what it demands of an event, and what becomes of the alert.
    final class Service: Sendable {
        struct Alert: Equatable {
            var status: String
            var summary: String
            var triggers: Int
        }

        let alerts = Mutex<[String: Alert]>([:])
        /// Answers before any event is looked at, one each.
        let script = Mutex<[(status: Int, isTaken: Bool)]>([])

        func answer(_ request: MisbehavingServer.Request, _ peer: Peer) {
            let planned = script.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            if let planned, !planned.isTaken { return peer.answer(planned.status, #"{"message":"later"}"#) }
            guard request.method == "POST", request.path == "/v2/enqueue" else { return peer.answer(404, "") }
            guard request.body.count <= 512 << 10 else { return peer.answer(413, "") }
            let errors = take(request.body)
            if planned != nil { return peer.close() }
            guard errors.isEmpty else {
                let list = errors.map { "\"\($0)\"" }.joined(separator: ",")
                return peer.answer(
                    400, #"{"status":"invalid event","message":"Event object is invalid","errors":[\#(list)]}"#)
            }
            peer.answer(202, #"{"status":"success","message":"Event processed","dedup_key":"x"}"#)
        }

        private func take(_ body: [UInt8]) -> [String] {
            guard let event = try? JSON(parsing: body) else { return ["not JSON"] }
            var errors: [String] = []
            if event["routing_key"]?.string?.utf8.count != 32 { errors.append("'routing_key' is missing or invalid") }
            let action = event["event_action"]?.string ?? ""
            let key = event["dedup_key"]?.string ?? ""
            if key.isEmpty || key.unicodeScalars.count > 255 { errors.append("'dedup_key' is invalid") }
            if action == "trigger" {
                let payload = event["payload"]
                let summary = payload?["summary"]?.string ?? ""
                if summary.isEmpty || summary.unicodeScalars.count > 1_024 {
                    errors.append("'payload.summary' is invalid")
                }
                if payload?["source"]?.string?.isEmpty != false {
                    errors.append("'payload.source' is missing or blank")
                }
                if !["critical", "error", "warning", "info"].contains(payload?["severity"]?.string ?? "") {
                    errors.append("'payload.severity' is invalid")
                }
                if payload?["timestamp"]?.string.flatMap({ Timestamp(rfc3339: $0) }) == nil {
                    errors.append("'timestamp'")
                }
                for link in event["links"]?.array ?? [] where link["href"]?.string?.hasPrefix("https://") != true {
                    errors.append("'links'")
                }
                guard errors.isEmpty else { return errors }
                alerts.withLock { alerts in
                    var alert = alerts[key] ?? Alert(status: "triggered", summary: "", triggers: 0)
                    if alert.status == "resolved" { alert.status = "triggered" }
                    alert.summary = summary
                    alert.triggers += 1
                    alerts[key] = alert
                }
            } else if action == "acknowledge" || action == "resolve" {
                guard errors.isEmpty else { return errors }
                alerts.withLock { $0[key]?.status = action == "resolve" ? "resolved" : "acknowledged" }
            } else {
                errors.append("'event_action' is invalid")
            }
            return errors
        }
    }

    private static let key = "0123456789abcdef0123456789abcdef"

    private func deliveries(
        _ messages: [Message], _ service: Service = Service(), link: String? = nil
    ) async throws -> (deliveries: [Delivery], service: Service, bodies: [JSON]) {
        let server = try MisbehavingServer { service.answer($0, $1) }
        defer { server.stop() }
        var settings = PagerDuty.Settings(routingKey: .literal(Secret(Self.key)))
        settings.url = server.url
        settings.link = link
        let deliveries = try await withClient { [settings] client in
            let channel = PagerDuty("page", settings, Means(client: client))
            var deliveries: [Delivery] = []
            for message in messages { deliveries.append(await channel.deliver(message)) }
            return deliveries
        }
        for delivery in deliveries { #expect(!delivery.reason.contains(Self.key)) }
        return (deliveries, service, try server.requests.map { try JSON(parsing: $0.body) })
    }

    private static func sample(_ name: String) -> Message {
        // A name that is none ends the test process: it stands in this file.
        Sample.messages.first { $0.name == name }!.message
    }

    @Test func `opened => triggered => acknowledged => resolved, one alert`() async throws {
        let opened = Self.sample("noisy-throttled")
        var seen = opened.incident
        seen.acknowledged = .init(at: Sample.at(400), by: "dana", until: nil, comment: "")
        let updated = Sample.message(.updated, seen, 500)
        let service = Service()
        #expect(try await deliveries([opened], service).deliveries == [.delivered])
        #expect(service.alerts.withLock { $0[opened.incident.id]?.status } == "triggered")
        #expect(try await deliveries([updated, updated], service).deliveries == [.delivered, .delivered])
        #expect(service.alerts.withLock { $0[opened.incident.id]?.status } == "acknowledged")
        let resolved = Self.sample("noisy-resolved-lease-over")
        #expect(try await deliveries([resolved, resolved], service).deliveries == [.delivered, .delivered])
        #expect(service.alerts.withLock { $0.mapValues(\.status) } == [opened.incident.id: "resolved"])
    }

    @Test func `an acknowledgement that is over is none`() throws {
        var incident = Sample.noisy()
        incident.acknowledged = .init(at: Sample.at(0), by: "dana", until: Sample.at(400), comment: "")
        #expect(PagerDuty.actions(Sample.message(.updated, incident, 300)) == [.trigger, .acknowledge])
        #expect(PagerDuty.actions(Sample.message(.updated, incident, 400)) == [.trigger])
    }

    @Test("severities", arguments: [(Severity.info, "info"), (.warning, "warning"), (.critical, "critical")])
    func severity(severity: Severity, word: String) async throws {
        let incident = Sample.incident(severity: severity, transitions: [Sample.fired])
        let (_, _, bodies) = try await deliveries([Sample.message(.opened, incident, 300)])
        #expect(bodies.first?["payload"]?["severity"]?.string == word)
    }

    @Test func `a drill is information, and an alert of its own`() async throws {
        let (deliveries, service, bodies) = try await deliveries([Self.sample("runtime-down"), Self.sample("drill")])
        #expect(deliveries == [.delivered, .delivered])
        #expect(service.alerts.withLock { $0.count } == 2)
        let drill = bodies.dropFirst()
        #expect(drill.first?["payload"]?["severity"]?.string == "info")
        #expect(drill.first?["payload"]?["summary"]?.string?.hasPrefix("Drill, nothing to do") == true)
        #expect(drill.map { $0["event_action"]?.string } == ["trigger", "resolve"], "nobody has to clear it up")
        #expect(Set(drill.map { $0["dedup_key"]?.string }).count == 1)
    }

    @Test func `occasions and digests`() throws {
        let sample = { (name: String) in Sample.messages.first { $0.name == name }.map(\.message) }
        #expect(PagerDuty.actions(try #require(sample("acknowledged"))) == [.acknowledge])
        let some = try #require(Sample.messages.first { $0.message.digest != nil }).message
        func digest(_ news: Message.News?) -> Message {
            Message(
                event: .updated, incident: some.incident, environment: "production", mode: .enforce, at: some.at, news: news,
                digest: some.digest)
        }
        #expect(PagerDuty.actions(digest(.acknowledged)) == [.acknowledge])
        #expect(PagerDuty.actions(digest(nil)) == [.trigger])
        #expect(PagerDuty.actions(try #require(sample("reminder"))) == [.trigger])
        #expect(PagerDuty.actions(try #require(sample("digest-over"))) == [.resolve])
        let keys = try ["digest-storm", "digest-update", "digest-over"].map { PagerDuty.dedupKey(try #require(sample($0))) }
        #expect(Set(keys) == ["digest-5f2c9a7b1d3e4f60"])
    }

    @Test func `an event whose answer is lost is sent again and changes nothing`() async throws {
        let service = Service()
        service.script.withLock { $0 = [(202, true)] }
        let opened = Self.sample("noisy-throttled")
        let deliveries = try await deliveries([opened, opened], service).deliveries
        #expect(deliveries.map { Kind($0) } == [.retry, .delivered])
        #expect(service.alerts.withLock { $0.values.map(\.triggers) } == [2])
    }

    @Test func `an hour of 429 and 500, then the event`() async throws {
        let service = Service()
        service.script.withLock { $0 = [(429, false), (500, false), (503, false)] }
        let opened = Self.sample("noisy-throttled")
        let deliveries = try await deliveries(Array(repeating: opened, count: 4), service).deliveries
        #expect(deliveries.map { Kind($0) } == [.retry, .retry, .retry, .delivered])
    }

    @Test func `a wrong routing key waits for the right one, and is not shown`() async throws {
        let server = try MisbehavingServer { Service().answer($0, $1) }
        defer { server.stop() }
        var settings = PagerDuty.Settings(routingKey: .literal(Secret("s3cretToken9876543")))
        settings.url = server.url
        let delivery = try await withClient { [settings] client in
            let channel = PagerDuty("page", settings, Means(client: client))
            return await channel.deliver(Self.sample("noisy-throttled"))
        }
        #expect(Kind(delivery) == .blocked && delivery.reason.contains("routing key"))
        delivery.expectFitForLogs()
    }

    @Test("hostile ids are taken, and what differs stays apart", arguments: Hostile.messages.map(\.name))
    func hostile(name: String) async throws {
        let message = try #require(Hostile.messages.first { $0.name == name }).message
        let (deliveries, _, bodies) = try await deliveries([message], link: "https://ops.example.com/i/{incident}?x=1")
        #expect(deliveries == [.delivered], "\(deliveries)")
        #expect(
            bodies.allSatisfy { $0["dedup_key"]?.string.map { !$0.isEmpty && $0.utf8.allSatisfy { $0 > 32 } } == true })
        if let href = bodies.first?["links"]?[0]?["href"]?.string {
            #expect(href.hasPrefix("https://ops.example.com/i/") && href.hasSuffix("?x=1"))
            #expect(!href.contains("<") && !href.contains("\n") && !href.contains(" "))
        }
    }

    @Test func `ids that differ have keys that differ`() {
        let ids = Hostile.texts.map(\.text)
        let keys = ids.map { PagerDuty.dedupKey(Hostile.message($0)) }
        #expect(Set(keys).count == Set(ids.map { Array($0.utf8) }).count)
    }

    @Test(
        "golden",
        arguments: [
            "noisy-throttled", "noisy-resolved-lease-over", "runtime-down-staging", "drill", "acknowledged", "advice",
            "digest-storm", "digest-over",
        ])
    func golden(name: String) throws {
        let message = Self.sample(name)
        let events = PagerDuty.actions(message).map {
            PagerDuty.event(
                $0, message, routingKey: Secret("ROUTING-KEY"), link: "https://ops.example.com/incidents/{incident}")
        }
        Golden.expect(JSON.array(events).serialized(pretty: true) + "\n", is: "pagerduty-\(name).json")
    }
}
