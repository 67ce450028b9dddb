import Ambient
import HTTP
import Model
import Settings
import YAML

/// A dead man's switch: a service that expects a ping now and then, and tells people when none comes. It notices what
/// the monitor cannot tell of itself: that its machine is gone.
///
/// Speaks as healthchecks.io reads it (healthchecks.io/docs/http_api, "Pinging API"): the URL itself is success, below it
/// `/start`, `/fail` and `/<exit status>`. Uptime Kuma's push monitors (`/api/push/TOKEN`) know no such paths: they are told
/// by `status=up` or `down`, and nothing of a start. Of any other service that answers 404 below the URL, only the URL itself
/// says whether it is gone. The URL is the credential: it is never shown.
public struct Heartbeat: Sendable {
    /// What a ping says.
    public enum Beat: Hashable, Sendable {
        /// Something began whose end will be told.
        case start
        case success
        case failure
        /// The process ends with this code, 0 ... 255; 0 is success.
        case exit(Int32)

        /// What is appended to the path of the URL.
        var suffix: String {
            switch self {
            case .start: "/start"
            case .success: ""
            case .failure: "/fail"
            case .exit(let code): "/\(min(max(code, 0), 255))"
            }
        }
    }

    private let url: @Sendable () throws -> Secret
    private let client: HTTPClient
    /// For one ping. Milliseconds.
    private let timeoutMs: Int

    /// - Parameter url: asked before each ping, so that a changed secret is used without a restart.
    public init(url: @escaping @Sendable () throws -> Secret, client: HTTPClient, timeoutMs: Int = 5_000) {
        self.url = url
        self.client = client
        self.timeoutMs = timeoutMs
    }

    /// Sends one ping. Nil when it was heard; else why not, without the URL. Cancelling the task ends it soon.
    public func send(_ beat: Beat) async -> String? {
        let secret: Secret
        do {
            secret = try url()
        } catch let failure as SecretSource.Failure {
            return failure.description
        } catch {
            return "cannot read its URL"
        }
        guard let target = Heartbeat.target(secret.reveal(), beat) else {
            return "its secret is not a URL; it should read https://hc-ping.com/…"
        }
        var request = HTTPRequest(.get, target, timeoutMs: timeoutMs, bodyLimit: 64 << 10, label: "heartbeat")
        request.hidesPath = true
        if beat == .start, Heartbeat.isKuma(secret.reveal()) { return nil }
        do {
            let response = try await client.send(request)
            if beat.suffix.isEmpty || Heartbeat.isKuma(secret.reveal()) || ![400, 404, 405, 410].contains(response.status) {
                return Heartbeat.fault(response)
            }
            // It knows the URL alone. Of a start and of a good end that says enough.
            switch beat {
            case .start, .success: return nil
            case .exit(0): return await send(.success)
            case .failure, .exit:
                return
                    "it answered \(response.status)\(response.byProxy) to '\(beat.suffix)': it knows no word for a failure, and hears of one only "
                    + "when the pings stay away"
            }
        } catch {
            return Heartbeat.words(error.kind)
        }
    }

    /// The URL of a beat: the suffix stands behind the path and before the query. Nil for what is no web address.
    static func target(_ url: String, _ beat: Beat) -> String? {
        let scheme = ["https://", "http://"].first { url.lowercased().hasPrefix($0) }
        guard let scheme, let first = url.utf8.dropFirst(scheme.utf8.count).first,
            first == UInt8(ascii: "[") || (48...57).contains(first) || (97...122).contains(first | 0x20)
        else { return nil }
        let address = url.prefix { $0 != "#" }
        if isKuma(url) { return kuma(String(address), beat) }
        var path = address.prefix { $0 != "?" }
        let query = address.dropFirst(path.count)
        while path.hasSuffix("/") { path = path.dropLast() }
        return path + beat.suffix + query
    }

    /// Whether it is a push monitor of Uptime Kuma.
    static func isKuma(_ url: String) -> Bool {
        let path = url.prefix { $0 != "?" && $0 != "#" }
        return path.contains(bytesOf: "/api/push/")
    }

    /// A success is the URL itself, which says up (Kuma's default too). Otherwise the state and a word for it stand in the
    /// place of those in the URL; whatever else stands there stays.
    private static func kuma(_ address: String, _ beat: Beat) -> String {
        let path = address.prefix { $0 != "?" }
        let parts = address.dropFirst(path.count + 1).split(separator: "&")
        let isUp = parts.allSatisfy { !$0.hasPrefix("status=") || $0 == "status=up" }
        let (status, text) =
            switch beat {
            case .start, .success, .exit(0): ("up", "OK")
            case .failure: ("down", "failure")
            case .exit: ("down", "exit" + beat.suffix.replacing(bytesOf: "/", with: "+"))
            }
        if status == "up", isUp { return address }
        let given = parts.filter { !$0.hasPrefix("status=") && !$0.hasPrefix("msg=") }
        return path + "?" + (["status=\(status)", "msg=\(text)"] + given).joined(separator: "&")
    }

    /// What is wrong with an answer; nil for a ping that counts.
    private static func fault(_ response: HTTPResponse) -> String? {
        switch response.status {
        case 200...299:
            // healthchecks.io says 200 also of a check that it does not know, or that is pinged too often.
            let body = response.body.text
            if body.hasPrefix("OK (not found)") { return "the service does not know this check; copy its URL anew" }
            if body.hasPrefix("OK (rate limited)") {
                return "the service finds the pings too many; make the interval longer"
            }
            return nil
        case 300...399:
            return
                "it answered \(response.status)\(response.byProxy), a redirect\(response.redirectsToTLS ? " to https" : ""): check the URL"
        case 404, 410: return "it answered \(response.status)\(response.byProxy): the check is gone; copy its URL anew"
        default: return "it answered \(response.status)\(response.byProxy)"
        }
    }

    /// A failure in words of our own: a library's may hold parts of the URL.
    private static func words(_ kind: HTTPError.Kind) -> String {
        switch kind {
        case .invalidURL: "its secret is not a URL; it should read https://hc-ping.com/…"
        case .unresolvable: "the name of its host has no address"
        case .refused: "connection refused"
        case .unreachable: "no way to its host"
        case .timeout(_, let afterMs): "no answer within \(afterMs) ms"
        case .tls: "TLS failed"
        case .proxy(let reason, let place): "the proxy \(place): \(reason)"
        case .truncated, .connectionLost: "the connection ended before an answer"
        case .bodyTooLarge, .malformedResponse: "the answer is none of such a service"
        case .cancelled: "cancelled"
        case .invalidRequest, .overloaded, .noRoom, .closed, .other: "the ping could not be sent"
        }
    }
}

// MARK: - Its settings

/// A dead man's switch that is told that the monitor lives.
public struct HeartbeatSettings: Sendable {
    /// The URL is a credential.
    public let url: SecretSource
    /// Between two pings of the daemon.
    public let interval: TimeSpan
    public let origin: SettingOrigin
    public var tls = TLSFiles()

    public static let defaultInterval = TimeSpan.minutes(1)

    public init(url: SecretSource, interval: TimeSpan = HeartbeatSettings.defaultInterval, origin: SettingOrigin) {
        self.url = url
        self.interval = interval
        self.origin = origin
    }

    private static let url = SettingKey(
        "url", .secret, isRequired: true, "What is pinged while the monitor works; who knows it can ping too, so it is a secret")
    private static let interval = SettingKey(
        "interval", .span(.seconds(10)...TimeSpan.hours(1)), fallback: "\(defaultInterval)", "Between two pings of the daemon")
    public static let key = SettingKey(
        "heartbeat", .section(SettingSection([url, interval] + TLSReader.keys)),
        "A dead man's switch elsewhere that notices when this monitor is gone")

    /// Nil where it is absent, or reported.
    public init?(_ root: Fields, _ reader: SettingReader) {
        guard let entry = root.entry(HeartbeatSettings.key), !entry.value.isNull,
            let fields = Fields(entry.value, "'heartbeat'", reader.reporter, place: entry.key.start)
        else { return nil }
        let url = reader.secret(fields, HeartbeatSettings.url)
        interval = reader.span(fields, HeartbeatSettings.interval) ?? HeartbeatSettings.defaultInterval
        tls = TLSReader(reader: reader).read(fields)
        fields.finish()
        guard let url else { return nil }
        self.url = url
        origin = reader.origin(entry.key)
    }

    /// For `config show`.
    public var entries: [SettingEntry] {
        [SettingEntry(key: "heartbeat", value: "URL from \(url.location), every \(interval)", origin: origin)]
            + tls.entries("heartbeat", origin)
    }

    /// Reads no secret yet, and sends nothing.
    public func heartbeat(_ means: Means) -> Heartbeat {
        Heartbeat(url: means.secret(url, "the URL of the heartbeat"), client: means.using(tls).client)
    }
}
