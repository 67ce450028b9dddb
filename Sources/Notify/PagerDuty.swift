import Ambient
import Digest
import HTTP
import Model
import Settings
import YAML

/// PagerDuty through its Events API v2: an alert for each incident, told apart by the incident's id, so that a message
/// that comes twice changes nothing. The integration's routing key is the credential.
public struct PagerDuty: WordedChannel, Serviced {
    public let name: String
    private let routingKey: @Sendable () throws -> Secret
    private let settings: Settings
    /// Whom it asks, and how.
    public var service: Service

    /// What the service takes at most, in bytes.
    public static let bodyLimit = 512 << 10

    public init(_ name: String, _ settings: Settings, _ means: Means) {
        self.name = name
        self.settings = settings
        routingKey = means.secret(settings.routingKey, "the routing key of channel \(name)")
        service = Service("PagerDuty", name: name, client: means.client, clock: means.clock)
    }

    public func draft(_ message: Message) -> Draft {
        let events = PagerDuty.actions(message).map { action in
            PagerDuty.event(action, message, routingKey: Secret("(secret)"), link: nil, template)
        }
        return Draft(text: nil, document: .array(events))
    }

    public func deliver(_ message: Message) async -> Delivery {
        do throws(Undelivered) {
            let key = try service.secret("routing key", routingKey)
            for action in PagerDuty.actions(message) {
                let event = PagerDuty.event(action, message, routingKey: key, link: settings.link, template)
                let response = try await service.send(
                    .post, settings.url + "/v2/enqueue", body: event.serializedBytes(), hiding: [key])
                if response.status == 400, PagerDuty.isAboutKey(response.body.text) {
                    let hint = "the routing key is not one of an Events API v2 integration"
                    throw .blocked("PagerDuty answered 400: \(hint)")
                }
                try PagerDuty.verdict.require(response, now: service.clock.now())
            }
            return .delivered
        } catch {
            return error.delivery
        }
    }

    enum Action: String {
        case trigger, acknowledge, resolve
    }

    /// What a message is to PagerDuty. All of it may be said twice: an alert that is open is not opened again, and one
    /// that a person acknowledged stays so.
    static func actions(_ message: Message) -> [Action] {
        switch message.event {
        case .resolved: [.resolve]
        case .opened: [.trigger]
        // It leaves nothing behind that somebody would have to resolve.
        case .drill: [.trigger, .resolve]
        // It has the alert already, and nothing in it changed. Of a digest, too: all that is open in it was taken on.
        case .updated where message.news == .acknowledged: [.acknowledge]
        case .updated where message.digest != nil: [.trigger]
        case .updated:
            message.incident.acknowledged.map { ($0.until ?? .distantFuture) > message.at } == true
                ? [.trigger, .acknowledge] : [.trigger]
        }
    }

    /// The body of one event.
    static func event(
        _ action: Action, _ message: Message, routingKey: Secret, link: String? = nil,
        _ template: MessageTemplate = MessageTemplate()
    ) -> JSON {
        var event: JSONObject = [
            "routing_key": .string(routingKey.reveal()), "event_action": .string(action.rawValue),
            "dedup_key": .string(dedupKey(message)), "client": "mozaiks-ops",
        ]
        guard action == .trigger else { return .object(event) }
        let wording = Wording(message, template)
        let incident = message.incident
        let isDigest = message.digest != nil
        var payload: JSONObject = [
            // The service cuts at 1,024 characters.
            "summary": .string(Shown.shortened(wording.oneLine, 500)),
            "source": .string(Shown.id(isDigest ? message.environment : source(incident.subject))),
            "severity": .string(severity(message)),
            "timestamp": .string((message.digest.map(wording.begin) ?? incident.since).description),
            "group": .string(Shown.id(isDigest ? message.environment : incident.subject.runtime)),
            "class": .string(message.digest?.reason.rawValue ?? Shown.id(incident.rule)),
        ]
        if !isDigest, let app = incident.subject.app { payload["component"] = .string(Shown.id(app.text)) }
        payload["custom_details"] = .object(
            JSONObject(PlainDetails.fields(wording).map { (key: $0.name, value: .string($0.text)) }))
        event["payload"] = .object(payload)
        // A page shows one incident.
        if let link, !isDigest {
            let href = link.split(separator: "{incident}", omittingEmptySubsequences: false)
                .joined(separator: PercentEncoding.url(Shown.shortened(incident.id, 200)))
            event["links"] = [["href": .string(href), "text": "The incident"]]
        } else if let href = wording.link {
            event["links"] = [["href": .string(href), "text": isDigest ? "The page" : "The incident"]]
        }
        return .object(event)
    }

    /// The incident's id, or the digest's; what is no key that the service takes (at most 255 characters), by its digest. A drill has an
    /// alert of its own.
    static func dedupKey(_ message: Message) -> String {
        let id = message.thread
        let isPlain = (1...200).contains(id.utf8.count) && id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        let key = isPlain ? id : String(SHA256.hex(id.utf8).prefix(32))
        return message.event == .drill ? "drill-\(key)" : key
    }

    /// A drill wakes nobody who does not want to be woken by information.
    private static func severity(_ message: Message) -> String {
        switch message.incident.severity {
        case _ where message.event == .drill: "info"
        case .info: "info"
        case .warning: "warning"
        case .critical: "critical"
        }
    }

    /// What it comes from, as they mean it: the machine, not whose it is.
    private static func source(_ subject: Subject) -> String { subject.app == nil ? subject.idText : subject.runtime }

    /// Whether its complaint about an event is about the key, which is in all of them.
    private static func isAboutKey(_ body: String) -> Bool {
        let words = body.lowercased()
        return words.contains(bytesOf: "routing_key") || words.contains(bytesOf: "routing key")
    }

    /// 202 is its yes. Its words are not shown: they may hold what was sent.
    static let verdict = HTTPVerdict(service: "PagerDuty") { status, _ in
        switch status {
        case 400: "it cannot read this event, or the routing key is not one of an Events API v2 integration"
        case 402: "the account is behind with its payments, or has no such plan"
        case 401, 403, 404: "the routing key is not known to it; check the integration, and the region of the URL"
        case 413: "the event is too long for it; please report this as a bug"
        case 400...499: "it will not take this event"
        default: nil
        }
    }
}

extension Timestamp {
    fileprivate static let distantFuture = Timestamp(milliseconds: .max)
}

// MARK: - Its settings

extension PagerDuty {
    /// An integration of PagerDuty's Events API v2.
    public struct Settings: ChannelKind {
        public var routingKey: SecretSource
        /// Without the path: `https://events.pagerduty.com`, or `https://events.eu.pagerduty.com`.
        public var url = "https://events.pagerduty.com"
        /// A page about an incident, with `{incident}` where its id goes; nil for none.
        public var link: String?

        public init(routingKey: SecretSource) {
            self.routingKey = routingKey
        }

        private static let routingKey = SettingKey(
            "routing_key", .secret, isRequired: true, "Integration key of the service (Events API v2)")
        private static let url = SettingKey("url", .url, fallback: "PagerDuty's own", "Where events go")
        private static let link = SettingKey(
            "link", .text(example: "https://ops.example.com/{incident}"), fallback: "the incident below `server.public_url`",
            "A page about the incident")
        public static let key = SettingKey(
            "pagerduty", .section(SettingSection([routingKey, url, link] + TLSReader.keys)), "PagerDuty, by its Events API")
        public static let pages = true
        public static let pace: Pace? = Pace(100, in: .minutes(1))

        public init?(_ fields: Fields, _ reader: SettingReader) {
            let key = reader.secret(fields, Settings.routingKey)
            let url = reader.url(fields, Settings.url)
            link = fields.node(Settings.link).flatMap { node in
                guard let text = reader.text(node, "'link'").map(SecretSource.trim) else { return nil }
                if text.lowercased().hasPrefix("https://") || text.lowercased().hasPrefix("http://") { return text }
                reader.reporter.report(
                    "url", "'link' must be a web address", at: node, hint: "such as https://ops.example.com/{incident}")
                return nil
            }
            guard let key else { return nil }
            routingKey = key
            if let url { self.url = url }
        }

        public var summary: String { "routing key from \(routingKey.location)" }
        public var secrets: [SecretUse] { [SecretUse(routingKey, "the routing key")] }
        public func channel(_ name: String, _ means: Means) -> any Channel { PagerDuty(name, self, means) }
    }
}
