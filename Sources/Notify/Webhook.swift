import Ambient
import Digest
import HTTP
import Model
import Settings
import YAML

/// Any service that takes JSON: the message as a document of schema `mozaiks.ops/message/v1`, signed.
///
/// The receiver checks `X-Mozaiks-Signature: t=SECONDS,v1=HEX`, where HEX is HMAC-SHA256, under the shared secret, of
/// `SECONDS`, a full stop and the body's bytes; and that SECONDS is not long ago. A message that is sent again has the
/// same `Idempotency-Key`. The URL may hold a token and is shown no more than a secret.
public struct Webhook: Channel, Serviced {
    public let name: String
    private let url: @Sendable () throws -> Secret
    private let secret: @Sendable () throws -> Secret
    private let authenticator: Authenticator?
    /// Whom it asks, and how.
    public var service: Service

    /// The largest body that is posted, in bytes: below what the usual proxies and functions take.
    public static let bodyLimit = 256 << 10

    public init(_ name: String, _ settings: Settings, _ means: Means) {
        self.name = name
        url = means.secret(settings.url, "the URL of channel \(name)")
        secret = means.secret(settings.secret, "the signing secret of channel \(name)")
        authenticator = means.authenticator(settings.authentication, "channel \(name)")
        service = Service("webhook", name: name, client: means.client, clock: means.clock)
    }

    public func deliver(_ message: Message) async -> Delivery {
        let (what, form) = ("web address", "https://ops.example.com/hooks/…")
        do throws(Undelivered) {
            let url = try service.url(what, form: form, url)
            let key = try service.secret("signing secret", secret)
            let credential = try await service.credential(authenticator)
            let body = Webhook.body(message)
            let now = service.clock.now()
            let headers = [
                HTTPField("X-Mozaiks-Event", message.event.rawValue),
                HTTPField(BodySignature.field, Webhook.signature(of: body, key: key, at: now)),
                HTTPField("Idempotency-Key", message.idempotencyKey),
            ]
            let response = try await service.send(
                .post, url.reveal(), headers: headers + (credential.map { [$0.field] } ?? []), body: body,
                hiding: [url, key] + (credential?.secrets ?? []), hiddenURL: (what, form))
            return Webhook.verdict.judge(response, now: now)
        } catch {
            return error.delivery
        }
    }

    /// The value of `X-Mozaiks-Signature`.
    public static func signature(of body: [UInt8], key: Secret, at moment: Timestamp) -> String {
        BodySignature.value(of: body, key: key, at: moment)
    }

    /// The document; where it is larger than `bodyLimit`, with its long texts and lists cut, and `"truncated": true`.
    public static func body(_ message: Message) -> [UInt8] {
        let document = MessageDocument.document(message)
        let whole = document.serializedBytes()
        guard whole.count > bodyLimit else { return whole }
        var body = whole
        for (scalars, elements) in [(4_096, 200), (512, 50), (120, 12)] {
            guard case .object(var cut) = document.cut(scalars: scalars, elements: elements) else { break }
            cut["truncated"] = true
            body = JSON.object(cut).serializedBytes()
            if body.count <= bodyLimit { break }
        }
        return body
    }

    static let verdict = HTTPVerdict(service: "the receiver") { status, _ in
        switch status {
        case 401, 403: "it does not trust this sender: do both sides have the same secret, and the right time?"
        case 404, 405, 410: "there is no such receiver any more; check the URL"
        case 413: "the message is too long for it; let it take \(bodyLimit >> 10) KiB"
        case 400...499: "it will not take this message"
        default: nil
        }
    }
}

extension Message {
    /// The same for every attempt to deliver this message, and for no other message: 32 hexadecimal digits.
    var idempotencyKey: String {
        let occasion = news.map { "\u{0}\($0.rawValue)" } ?? ""
        let text = "\(event.rawValue)\u{0}\(at.milliseconds)\u{0}\(thread)\(occasion)"
        return String(SHA256.hex(text.utf8).prefix(32))
    }
}

extension JSON {
    /// The same document with no text longer than `scalars` and no list longer than `elements`.
    fileprivate func cut(scalars: Int, elements: Int) -> JSON {
        switch self {
        case .string(let text): .string(Shown.shortened(text, scalars))
        case .array(let list): .array(list.prefix(elements).map { $0.cut(scalars: scalars, elements: elements) })
        case .object(let object):
            .object(
                JSONObject(
                    object.lazy.map {
                        (Shown.shortened($0.key, scalars), $0.value.cut(scalars: scalars, elements: elements))
                    }))
        case .null, .bool, .int, .double: self
        }
    }
}

// MARK: - Its settings

extension Webhook {
    /// Any receiver of signed JSON.
    public struct Settings: ChannelKind {
        public var url: SecretSource
        /// The key of the signature.
        public var secret: SecretSource
        /// For a proxy in front of the receiver.
        public var authentication = Authentication.none

        public init(url: SecretSource, secret: SecretSource) {
            self.url = url
            self.secret = secret
        }

        private static let url = SettingKey(
            "url", .secret, isRequired: true, "Where it is sent; an address that is no secret may stand here as it is")
        private static let secret = SettingKey("secret", .secret, isRequired: true, "Key of the signature")
        public static let key = SettingKey(
            "webhook", .section(SettingSection([url, secret, AuthenticationReader.key] + TLSReader.keys)), "Any receiver of signed JSON")
        public static let wording = ChannelWording.none

        public init?(_ fields: Fields, _ reader: SettingReader) {
            let url = reader.address(fields, Settings.url)
            let secret = reader.secret(fields, Settings.secret)
            authentication = AuthenticationReader(reader: reader).read(fields)
            guard let url, let secret else { return nil }
            self.url = url
            self.secret = secret
        }

        public var summary: String {
            "URL from \(url.location), signed with the secret from \(secret.location)"
                + (authentication == .none ? "" : ", \(authentication.shown)")
        }
        public var secrets: [SecretUse] { [SecretUse(url, "the URL"), SecretUse(secret, "the signing secret")] + authentication.secrets }
        public func channel(_ name: String, _ means: Means) -> any Channel { Webhook(name, self, means) }
    }
}
