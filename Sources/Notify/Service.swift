import Ambient
import HTTP
import Model

/// Why an attempt ends before its last step.
struct Undelivered: Error {
    let delivery: Delivery
    /// What was asked of the service is not there any more.
    let isGone: Bool

    init(_ delivery: Delivery, isGone: Bool = false) {
        self.delivery = delivery
        self.isGone = isGone
    }

    static func retry(_ reason: String) -> Undelivered { Undelivered(.retry(after: nil, reason: reason)) }
    static func blocked(_ reason: String) -> Undelivered { Undelivered(.blocked(reason: reason)) }
}

/// What asks a service over HTTP: how long it waits and how it words things lies with the service.
public protocol Serviced: Sendable {
    /// Whom it asks, and how.
    var service: Service { get set }
}

extension Serviced {
    /// For one request. Milliseconds.
    var timeoutMs: Int {
        get { service.timeoutMs }
        set { service.timeoutMs = newValue }
    }

    /// What it words otherwise; nothing for what sends data or only reads.
    public var template: MessageTemplate {
        get { service.template }
        set { service.template = newValue }
    }
}

/// How a channel asks its service: reads what is secret, sends, and gives nothing of it away.
public struct Service: Sendable {
    /// For people: `PagerDuty channel ops`.
    let label: String
    let client: HTTPClient
    let clock: any Clock
    /// For one request. Milliseconds.
    var timeoutMs = 10_000
    /// What the channel words otherwise.
    var template = MessageTemplate()

    init(_ kind: String, name: String, client: HTTPClient, clock: any Clock) {
        label = "\(kind) channel \(name)"
        self.client = client
        self.clock = clock
    }

    /// For an answer that says yes and is not what the service documents: whether it took the message is not known.
    var unreadable: Undelivered {
        .retry("\(label): the answer is not what the service documents; does a proxy stand in between?")
    }

    /// A secret as it is now. A file that is missing or empty may be back before the message is a day old.
    /// - Parameter what: for people, where the reader of the secret does not say it itself: `token`.
    func secret(_ what: String, _ read: () throws -> Secret) throws(Undelivered) -> Secret {
        let secret = try readable(what, read)
        guard !secret.isEmpty else { throw .blocked("the \(what) of \(label) is empty") }
        return secret
    }

    /// What to log in with; nil where nothing is configured.
    func credential(_ authenticator: Authenticator?) async throws(Undelivered) -> Authenticator.Credential? {
        guard let authenticator else { return nil }
        do throws(Authenticator.Failure) {
            return try await authenticator.credential()
        } catch {
            throw .blocked("\(label): \(error.description)")
        }
    }

    /// A secret that is a URL.
    func url(_ what: String, form: String, _ read: () throws -> Secret) throws(Undelivered) -> Secret {
        let url = try readable(what, read)
        guard url.isWebURL else { throw unusable(what, form) }
        return url
    }

    private func readable(_ what: String, _ read: () throws -> Secret) throws(Undelivered) -> Secret {
        do {
            return try read()
        } catch let failure as SecretSource.Failure {
            throw .blocked(failure.description)
        } catch {
            throw .blocked("cannot read the \(what) of \(label)")
        }
    }

    /// Nothing of the secret, nor what a library said about it: where it cannot be taken apart, any part may be secret.
    private func unusable(_ what: String, _ form: String) -> Undelivered {
        .blocked("the secret of \(label) is not a \(what); it should read \(form)")
    }

    /// Sends a document and waits for the answer, whatever its status.
    /// - Parameters:
    ///   - hiding: what no error text may hold.
    ///   - hiddenURL: what the URL is, and how one looks, where the URL itself is secret.
    func send(
        _ method: HTTPMethod, _ url: String, headers: [HTTPField] = [], body: [UInt8] = [],
        bodyLimit: Int = 64 << 10, hiding secrets: [Secret], hiddenURL: (what: String, form: String)? = nil
    ) async throws(Undelivered) -> HTTPResponse {
        var request = HTTPRequest(
            method, url, headers: headers, body: body, timeoutMs: timeoutMs, bodyLimit: bodyLimit, label: label)
        if !body.isEmpty { request.headers.append(HTTPField("Content-Type", "application/json; charset=utf-8")) }
        request.hidesPath = hiddenURL != nil
        // What is secret of a URL the request knows itself; its beginning is everybody's.
        request.secrets = secrets.filter { !$0.reveal().contains(bytesOf: "://") }
        do {
            return try await client.send(request)
        } catch {
            switch error.kind {
            case .invalidURL:
                if let hiddenURL { throw unusable(hiddenURL.what, hiddenURL.form) }
            case .invalidRequest:
                throw .blocked("the secret of \(label) cannot be sent: it has control characters")
            default: break
            }
            throw .retry(Redaction(secrets).clean("\(error)"))
        }
    }
}

extension HTTPVerdict {
    /// Goes on where the answer is good; ends the attempt where it is not.
    func require(_ response: HTTPResponse, now: Timestamp) throws(Undelivered) {
        let delivery = judge(response, now: now)
        if !delivery.isDelivered { throw Undelivered(delivery) }
    }
}

extension Secret {
    /// Whether scheme and host stand where they should. Libraries are lenient and would take a path for a host, which
    /// is shown.
    var isWebURL: Bool {
        let text = reveal().lowercased()
        guard let scheme = ["https://", "http://"].first(where: { text.hasPrefix($0) }) else { return false }
        return text.utf8.dropFirst(scheme.utf8.count).first.map {
            (48...57).contains($0) || (97...122).contains($0) || $0 == UInt8(ascii: "[")
        } ?? false
    }
}
