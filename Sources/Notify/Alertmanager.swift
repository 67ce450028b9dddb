import Ambient
import HTTP
import Model
import Settings
import YAML

/// Alertmanager through its API v2. Each message sets the incident's alert anew; an open one ends by itself unless it is
/// pushed again in time, so that nothing stays on for ever when this program is gone.
public struct Alertmanager: WordedChannel, Serviced {
    public let name: String
    private let settings: Settings
    private let token: (@Sendable () throws -> Secret)?
    private let authenticator: Authenticator?
    /// Whom it asks, and how.
    public var service: Service

    public init(_ name: String, _ settings: Settings, _ means: Means) {
        self.name = name
        self.settings = settings
        token = settings.token.map { means.secret($0, "the token of channel \(name)") }
        authenticator = means.authenticator(settings.authentication, "channel \(name)")
        service = Service("Alertmanager", name: name, client: means.client, clock: means.clock)
    }

    public var keepAlive: TimeSpan? { settings.resend }

    public func draft(_ message: Message) -> Draft {
        Draft(text: nil, document: .array([Alertmanager.alert(message, until: message.at + .minutes(5), template)]))
    }

    public func deliver(_ message: Message) async -> Delivery {
        do throws(Undelivered) {
            let secret: Secret?
            if let token { secret = try service.secret("token", token) } else { secret = nil }
            let credential = try await service.credential(authenticator)
            let now = service.clock.now()
            let alert = Alertmanager.alert(message, until: now + settings.resend * Alertmanager.missable, at: settings.url, template)
            let response = try await service.send(
                .post, settings.url + "/api/v2/alerts",
                headers: (secret.map { [.bearer($0)] } ?? []) + (credential.map { [$0.field] } ?? []),
                body: JSON.array([alert]).serializedBytes(), hiding: (secret.map { [$0] } ?? []) + (credential?.secrets ?? []))
            return Alertmanager.verdict.judge(response, now: now)
        } catch {
            return error.delivery
        }
    }

    /// An open alert lasts for so many intervals: some pushes may be lost, and a restart is survived.
    static let missable: Int64 = 5

    /// One alert of the array that is posted.
    /// - Parameters:
    ///   - end: when an open one ends unless it is pushed again.
    ///   - base: the URL of the Alertmanager.
    static func alert(
        _ message: Message, until end: Timestamp, at base: String = "", _ template: MessageTemplate = MessageTemplate()
    ) -> JSON {
        let incident = message.incident
        let wording = Wording(message, template)
        let isResolved = message.event == .resolved
        // It refuses an alert that ends before it began, as one would after this machine's clock was set back.
        let instant = TimeSpan(milliseconds: 1)
        let opened = message.digest.map(wording.begin) ?? incident.openedAt
        let begin = isResolved ? opened : min(opened, end - instant)
        let ended = message.digest == nil ? incident.resolvedAt ?? message.at : message.at
        let resolved = max(ended, begin + instant)
        return [
            "labels": .object(labels(message)),
            "annotations": [
                "summary": .string(Shown.shortened(wording.oneLine, 500)),
                "description": .string(PlainDetails.text(wording)),
            ],
            "startsAt": .string(begin.description), "endsAt": .string((isResolved ? resolved : end).description),
            "generatorURL": .string(wording.link ?? link(message, base)),
        ]
    }

    /// Where an alert can be looked at when nobody said where the page is: Alertmanager's view of this one alert.
    private static func link(_ message: Message, _ base: String) -> String {
        "\(base)/#/alerts?filter=" + PercentEncoding.url("{incident=\"\(Shown.id(message.thread))\"}")
    }

    /// What tells alerts apart: the same from an incident's opening to its end. Values are shown to people and given to
    /// others' templates, so nothing invisible is in them; the incident's id keeps apart what looks alike. An empty value
    /// is no label.
    ///
    /// A digest has none of an incident's, which come and go: only its severity may change, upwards; then a new alert
    /// begins, and the old one ends by itself.
    static func labels(_ message: Message) -> JSONObject {
        if let digest = message.digest {
            return [
                "alertname": "several-incidents", "severity": .string(message.incident.severity.rawValue),
                "environment": text(message.environment), "subject": "digest", "reason": .string(digest.reason.rawValue),
                "incident": text(digest.id), "source": "mozaiks-ops",
            ]
        }
        let incident = message.incident
        var labels: [(key: String, value: JSON)] = [("alertname", text(incident.rule))]
        if message.event == .drill { labels.append(("drill", "true")) }
        labels += [
            ("severity", .string(incident.severity.rawValue)), ("environment", text(message.environment)),
            ("runtime", text(incident.subject.runtime)), ("subject", .string(incident.subject.kind.rawValue)),
        ]
        let subject = incident.subject
        if let app = subject.app, let workflow = subject.workflow {
            labels += [("app", text(app.text)), ("workflow", text(workflow.text))]
        } else if subject.kind != .runtime {
            labels.append((subject.kind.rawValue, text(subject.idText)))
        }
        labels += [("incident", text(incident.id)), ("source", "mozaiks-ops")]
        var taken = Set(labels.map(\.key))
        let sorted = incident.labels.inByteOrder(of: \.key)
        for (key, value) in sorted where !value.isEmpty {
            // Names that differ only in what may not stand in one come out alike: the later ones are numbered.
            var name = name(key)
            if taken.contains(name) { name = "label_\(name)" }
            let base = name
            var number = 2
            while !taken.insert(name).inserted {
                name = "\(base)_\(number)"
                number += 1
            }
            labels.append((name, text(value)))
        }
        return JSONObject(labels)
    }

    private static func text(_ value: String) -> JSON { .string(Shown.id(value)) }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`; whatever else stands in it becomes `_`. Names with two leading underscores are its own.
    static func name(_ key: String) -> String {
        var name = String(
            decoding: key.utf8.prefix(100).map { byte -> UInt8 in
                switch byte {
                case 48...57, 65...90, 97...122, 95: byte
                default: UInt8(ascii: "_")
                }
            }, as: UTF8.self)
        while name.hasPrefix("__") { name.removeFirst() }
        let first = name.utf8.first ?? 48
        return (48...57).contains(first) || name == "_" ? "label_\(name)" : name
    }

    static let verdict = HTTPVerdict(service: "Alertmanager") { status, _ in
        switch status {
        case 400: "it cannot read this alert; please report this as a bug"
        case 401, 403: "it wants another token or login; check 'token_file' or 'auth', and the proxy in front of it"
        case 404: "there is no API v2; check the URL, and that it stops before /api"
        case 400...499: "it will not take this alert"
        default: nil
        }
    }
}

// MARK: - Its settings

extension Alertmanager {
    /// An Alertmanager.
    public struct Settings: ChannelKind {
        /// Without the path: `http://127.0.0.1:9093`.
        public var url: String
        /// A bearer token for a proxy in front of it; nil for none.
        public var token: SecretSource?
        /// How often an open alert is pushed again.
        public var resend = TimeSpan.minutes(1)
        /// Instead of the token.
        public var authentication = Authentication.none

        public init(url: String) {
            self.url = url
        }

        private static let url = SettingKey("url", .url, isRequired: true, "Its base URL")
        private static let token = SettingKey("token", .secret, "A bearer token for a proxy in front of it; this or `auth`")
        private static let resend = SettingKey(
            "resend", .span(.seconds(5)...TimeSpan.hours(1)), fallback: "1m",
            "How often an open alert is sent again, so that it does not end there")
        public static let key = SettingKey(
            "alertmanager", .section(SettingSection([url, token, AuthenticationReader.key, resend] + TLSReader.keys)), "An Alertmanager")

        public init?(_ fields: Fields, _ reader: SettingReader) {
            let url = reader.url(fields, Settings.url, hasAuth: true)
            authentication = AuthenticationReader(reader: reader).read(fields)
            token = reader.secret(fields, Settings.token)
            resend = reader.span(fields, Settings.resend) ?? resend
            if token != nil, authentication != .none, let entry = fields.entry(AuthenticationReader.key) {
                reader.reporter.report("auth", "'auth' stands beside a token: only one can be used", at: entry.key)
            }
            guard let url else { return nil }
            self.url = url
        }

        public var summary: String {
            "\(url) every \(resend)" + (token.map { ", token from \($0.location)" } ?? "")
                + (authentication == .none ? "" : ", \(authentication.shown)")
        }
        public var secrets: [SecretUse] { (token.map { [SecretUse($0, "the token")] } ?? []) + authentication.secrets }
        public func channel(_ name: String, _ means: Means) -> any Channel { Alertmanager(name, self, means) }
    }
}
