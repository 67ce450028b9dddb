import Ambient
import HTTP
import Model

/// What an HTTP answer means for a message, the same for every service; a channel adds its service's words.
///
/// | status | |
/// |---|---|
/// | 2xx | delivered; with a web page as its body: later, something is in between; with the service's word for an error: by that |
/// | 408, 425, 429, 5xx | later, not before `Retry-After` |
/// | 401 to 407, 410, 411, 414, 415, 417, 421, 431, 451, redirects | the set-up: slowly, until somebody mends it |
/// | any other 4xx with a web page, or with words of a proxy or of the service that are about the set-up | the same |
/// | any other | final |
struct HTTPVerdict {
    /// How reasons call it: `Slack`.
    let service: String
    /// The service's word in the body, or status, to a cause and what to do about it.
    let hints: @Sendable (_ status: Int, _ body: String) -> String?
    /// Whether the body holds the service's word for a fault of the set-up, whatever the status.
    var isSetup: @Sendable (_ body: String) -> Bool = { _ in false }
    /// The service's word for an error in the body of a 2xx; nil where it took the message.
    var refusal: @Sendable (_ body: String) -> String? = { _ in nil }
    /// What a redirect means to this service.
    var redirect = "check the URL"

    init(
        service: String, isSetup: @escaping @Sendable (_ body: String) -> Bool = { _ in false },
        refusal: @escaping @Sendable (_ body: String) -> String? = { _ in nil }, redirect: String = "check the URL",
        hints: @escaping @Sendable (_ status: Int, _ body: String) -> String?
    ) {
        self.service = service
        self.hints = hints
        self.isSetup = isSetup
        self.refusal = refusal
        self.redirect = redirect
    }

    /// - Parameter now: only where the answer itself has no `Date` and its `Retry-After` is a date.
    func judge(_ response: HTTPResponse, now: Timestamp) -> Delivery {
        let status = response.status
        let body = response.body.text
        let after = response.headers.retryAfter(now: now)
        let said = "\(service) answered \(status)\(response.byProxy)"
        switch status {
        case 200...299:
            guard !HTTPVerdict.isPage(body) else {
                return .retry(after: after, reason: "\(said) with a web page: does a proxy or portal stand in between?")
            }
            guard let word = refusal(body) else { return .delivered }
            let reason = "\(said) with an error" + (hints(status, word).map { ": \($0)" } ?? "")
            return isSetup(word) ? .blocked(after: after, reason: reason) : .retry(after: after, reason: reason)
        case 429: return .retry(after: after, reason: "\(said): too many messages")
        // The service's words for a 4xx are of messages that it refuses.
        case 408, 425: return .retry(after: after, reason: said)
        case 500...599:
            return .retry(after: after, reason: said + (hints(status, body).map { ": \($0)" } ?? ""))
        case 300...399:
            // Followed, the redirect would carry the message, and perhaps a credential, to who knows whom.
            let hint = response.redirectsToTLS ? "write https:// in the URL" : redirect
            return .blocked(reason: "\(said), a redirect\(response.redirectsToTLS ? " to https" : ""): \(hint)")
        case 407: return .blocked(after: after, reason: "\(said): the proxy in between wants a login; see 'proxy' under 'network:'")
        default: break
        }
        if let fault = SetupFault(status: status, body: body) {
            return .blocked(after: after, reason: "\(said): \(fault.hint)")
        }
        let reason = said + (hints(status, body).map { ": \($0)" } ?? "")
        switch status {
        case 401...405, 410, 451: return .blocked(after: after, reason: reason)
        case _ where isSetup(body): return .blocked(after: after, reason: reason)
        // Services answer machines in their own words; a page is of whatever stands in between, and its limits are set there.
        case _ where HTTPVerdict.isPage(body):
            let what =
                status == 413
                ? "does a proxy in between take only short messages" : "is this \(service)'s own address, or does a proxy stand in between"
            return .blocked(after: after, reason: "\(said) with a web page: \(what)?")
        // About lengths of lines, types and forms, which are those of any other message.
        case 406, 411, 414, 415, 417, 431:
            return .blocked(
                after: after,
                reason: "\(said): it will have no message in this form; is the URL right, or does a proxy in between change it?")
        default: return .rejected(reason: reason)
        }
    }

    private static func isPage(_ body: String) -> Bool {
        let start = body.utf8.prefix(256).drop { $0 <= 0x20 }
        return start.first == UInt8(ascii: "<")
    }
}
