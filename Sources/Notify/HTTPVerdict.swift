import Ambient
import HTTP
import Model

/// What an HTTP answer means for a message, the same for every service; a channel adds its service's words.
///
/// | status | |
/// |---|---|
/// | 2xx | delivered; with a web page as its body: later, something stands between us and the service |
/// | 408, 425, 429, 5xx | later, not before `Retry-After` |
/// | 401, 403, 404, 405, 407, 410, redirects | the set-up: slowly, until somebody mends it |
/// | any other | final |
struct HTTPVerdict {
    /// How reasons call it: `Slack`.
    let service: String
    /// The service's word in the body, or status, to a cause and what to do about it.
    let hints: @Sendable (_ status: Int, _ body: String) -> String?

    /// - Parameter now: only where the answer itself has no `Date` and its `Retry-After` is a date.
    func judge(_ response: HTTPResponse, now: Timestamp) -> Delivery {
        let status = response.status
        let body = response.body.text
        let after = response.headers.retryAfter(now: now)
        let said = "\(service) answered \(status)"
        switch status {
        case 200...299:
            guard !HTTPVerdict.isPage(body) else {
                return .retry(after: after, reason: "\(said) with a web page: does a proxy or portal stand in between?")
            }
            return .delivered
        case 429: return .retry(after: after, reason: "\(said): too many messages")
        case 408, 425, 500...599:
            return .retry(after: after, reason: said + (hints(status, body).map { ": \($0)" } ?? ""))
        case 300...399:
            // Followed, the redirect would carry the message, and perhaps a credential, to who knows whom.
            return .blocked(reason: "\(said), a redirect: check the URL")
        case 401, 403, 404, 405, 407, 410:
            return .blocked(after: after, reason: said + (hints(status, body).map { ": \($0)" } ?? ""))
        default: return .rejected(reason: said + (hints(status, body).map { ": \($0)" } ?? ""))
        }
    }

    private static func isPage(_ body: String) -> Bool {
        let start = body.utf8.prefix(256).drop { $0 <= 0x20 }
        return start.first == UInt8(ascii: "<")
    }
}
