import Ambient
import HTTP
import JSONParsing
import Model

/// The other side of an adapter: asks it, and turns what may go wrong into reasons that give nothing away.
struct Receiver: Sendable {
    /// As it stands at the beginning of reasons: `the lease API`.
    let label: String
    let client: HTTPClient
    let clock: any Clock
    /// Nil where no bearer token is sent.
    var authenticator: Authenticator?
    /// For one request. Milliseconds.
    var timeoutMs = 10_000
    var bodyLimit = 1 << 20
    /// The URL holds a credential: reasons show its host only.
    var hidesPath = false
    /// What no reason may hold, beside what a request is sent with: the key of a signature.
    var secrets: [Secret] = []

    /// An answer whose status is among the acceptable.
    struct Reply {
        let status: Int
        /// Nil for a body that is no JSON document, or not one that can be written back as it is.
        let document: JSON?
        let headers: HTTPHeaders
        let body: [UInt8]
    }

    /// Sends a request and waits for the answer.
    ///
    /// A refused token is fetched anew once. Redirects, statuses that pass by themselves, and 401 and 403 (a credential may be
    /// rotated, an identity provider may be back) are worth another attempt; every other status is the caller's to judge.
    func send(
        _ method: HTTPMethod, _ url: String, headers: [HTTPField] = [], body: [UInt8] = [], accepting: Set<Int>
    ) async throws(Setback) -> Reply {
        let first = try await attempt(method, url, headers, body)
        var (response, credential) = first
        if response.status == 401, let authenticator, authenticator.canRefresh {
            await authenticator.refused(credential?.secret)
            (response, credential) = try await attempt(method, url, headers, body)
        }
        let bytes = response.body.bytes
        let document = Receiver.document(bytes)
        let status = response.status
        if accepting.contains(status) {
            return Reply(status: status, document: document, headers: response.headers, body: bytes)
        }
        let said =
            "\(label) answered \(status)\(response.byProxy)" + Receiver.words(document, hiding: secrets + (credential?.secrets ?? []))
        let after = response.headers.retryAfter(now: clock.now())
        if let fault = SetupFault(status: status, body: String(decoding: bytes.prefix(4_096), as: UTF8.self)) {
            throw .retry(after: after, "\(label) answered \(status)\(response.byProxy): \(fault.hint)")
        }
        switch status {
        case 401, 403: throw .retry(after: after, "\(said): it does not accept our credentials")
        case 300...399: throw .retry(after: after, "\(said), a redirect\(response.redirectsToTLS ? " to https" : ""): check its URL")
        case 408, 425, 429, 500...599: throw .retry(after: after, said)
        case 200...299: throw .retry(after: after, "\(said), which is not what it documents: does a proxy stand in between?")
        default: throw .refused(said)
        }
    }

    /// Nil for what is no JSON document, and for one with a key twice in an object or half a surrogate pair in a text: which value
    /// holds nobody can say, and what is read here is written back, without the other value and with U+FFFD for the half.
    static func document(_ bytes: [UInt8]) -> JSON? {
        guard let read = try? JSONParser.document(of: bytes), read.duplicateKeys == 0, read.loneSurrogates == 0 else { return nil }
        return read.value
    }

    private func attempt(
        _ method: HTTPMethod, _ url: String, _ headers: [HTTPField], _ body: [UInt8]
    ) async throws(Setback) -> (HTTPResponse, Authenticator.Credential?) {
        var credential: Authenticator.Credential?
        do {
            credential = try await authenticator?.credential()
        } catch {
            throw .retry("\(label): \(error.description)")
        }
        var request = HTTPRequest(
            method, url, headers: [HTTPField("Accept", "application/json")] + headers, body: body, timeoutMs: timeoutMs,
            bodyLimit: bodyLimit, label: label)
        if !body.isEmpty { request.headers.append(HTTPField("Content-Type", "application/json")) }
        if let credential { request.headers.append(credential.field) }
        request.hidesPath = hidesPath
        do {
            return (try await client.send(request), credential)
        } catch {
            throw .retry("\(error)")
        }
    }

    /// What the other side says about it, in its own words, as far as they can be shown: `detail`, `title` or `error`.
    private static func words(_ document: JSON?, hiding secrets: [Secret]) -> String {
        guard let text = ["detail", "title", "error"].lazy.compactMap({ document?[$0]?.string }).first else { return "" }
        let shown = plain(text, limit: 200, hiding: secrets)
        return shown.isEmpty ? "" : ": \(shown)"
    }

    /// Text from outside on one line, without characters that do something to a terminal; longer text is cut.
    /// - Parameter secrets: taken out before, since half of one would not be known.
    static func plain(_ text: String, limit: Int, hiding secrets: [Secret] = []) -> String {
        let clean = secrets.isEmpty ? text : Redaction(secrets).clean(String(text.unicodeScalars.prefix(limit + 4_096)))
        return Shown.masked(String(clean.unicodeScalars.prefix(limit)), by: " ") + (clean.unicodeScalars.count > limit ? "…" : "")
    }
}
