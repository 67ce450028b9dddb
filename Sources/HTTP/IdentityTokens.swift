import Ambient
import JSONParsing
import Model

/// Identity tokens of the account that this machine or container has at Google, from the metadata server: what a private
/// Cloud Run service wants to see of whoever calls it.
public struct IdentityTokens: Sendable {
    /// For whom a token is made: the URL of the service, `https://runtime-x.a.run.app`, or an audience of its own.
    public let audience: String
    /// Host, and port where it is not 80.
    private let host: String

    /// The name that every machine of Google's has the metadata server under.
    private static let usualHost = "metadata.google.internal"
    private static let path = "/computeMetadata/v1/instance/service-accounts/default/identity"
    /// Tokens that are known have some 1,200 bytes.
    private static let longest = 16 << 10

    /// The metadata server is where `GCE_METADATA_HOST` says, as Google's own libraries have it.
    public init(audience: String, environment: Environment) {
        self.audience = audience
        host = environment.nonEmpty("GCE_METADATA_HOST") ?? IdentityTokens.usualHost
    }

    /// The audience of a service by its URL, which is its origin; nil for a text that is no URL.
    public static func audience(of url: String) -> String? { (try? HTTPURL(url, hidesPath: false))?.origin }

    func fetch(_ client: HTTPClient, _ clock: any Clock) async throws(Authenticator.Failure) -> Authenticator.Token {
        let response: HTTPResponse
        do {
            response = try await ask(client)
        } catch {
            throw failure("cannot reach the metadata server \(shownHost), which runs on Google Cloud only: \(error)")
        }
        // Whoever else answers under that name, a proxy or a portal, knows nothing of the account.
        guard response.headers["metadata-flavor"].map({ $0.lowercased() == "google" }) ?? false else {
            throw failure("\(shownHost) is no metadata server: its answer (\(response.status)) lacks 'Metadata-Flavor: Google'")
        }
        switch response.status {
        case 200: break
        case 404: throw failure("the metadata server knows no service account for this machine (404): give it one")
        case 403: throw failure("the metadata server gives no identity token (403): may this account have one?")
        default: throw failure("the metadata server \(shownHost) answered \(response.status) instead of a token")
        }
        let bytes = response.body.bytes.drop { $0 <= 0x20 }.reversed().drop { $0 <= 0x20 }.reversed()
        guard let claims = IdentityTokens.claims(Array(bytes)) else {
            throw failure("the metadata server \(shownHost) answered with something else than an identity token")
        }
        guard let end = claims["exp"]?.double, end > 0, end < 1e11 else {
            throw failure("the metadata server's token does not say when it ends")
        }
        let (now, expires) = (clock.now(), Timestamp(milliseconds: Int64(end * 1_000)))
        guard expires > now else {
            throw failure(
                "the metadata server's token ended at \(expires), and this machine's clock says \(now): one of them is wrong")
        }
        let lifetime = UInt64(min(expires - now, .hours(24)).milliseconds) * 1_000_000
        return Authenticator.Token(
            secret: Secret(String(decoding: bytes, as: UTF8.self)), expires: clock.monotonicNanoseconds() &+ lifetime)
    }

    /// Once more where it is busy for a moment: a single pass has no next poll.
    private func ask(_ client: HTTPClient) async throws(HTTPError) -> HTTPResponse {
        let query = "audience=\(PercentEncoding.encode(Array(audience.utf8)))&format=full"
        var request = HTTPRequest(
            .get, "http://\(host)\(IdentityTokens.path)?\(query)", headers: [HTTPField("Metadata-Flavor", "Google")],
            timeoutMs: 5_000, connectTimeoutMs: 2_000, bodyLimit: IdentityTokens.longest, label: "identity token")
        request.goesDirectly = true
        let first = try await client.send(request)
        return first.status == 429 || first.status >= 500 ? try await client.send(request) : first
    }

    /// What a token says of itself, unchecked: whoever it is for checks it. Nil for what is no token (RFC 7519), or could not
    /// stand in a header.
    static func claims(_ token: [UInt8]) -> JSON? {
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isOfBase64URL) }) else { return nil }
        var payload = String(
            decoding: parts[1].map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "+") : $0 == UInt8(ascii: "_") ? UInt8(ascii: "/") : $0 },
            as: UTF8.self)
        payload += String(repeating: "=", count: (4 - payload.utf8.count % 4) % 4)
        return Base64.decode(payload).flatMap { try? JSON(parsing: $0) }
    }

    private static func isOfBase64URL(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// It comes from a variable of the environment.
    private var shownHost: String { Shown.shortened(Shown.line(host), 100) }

    private func failure(_ text: String) -> Authenticator.Failure { Authenticator.Failure(description: text) }
}
