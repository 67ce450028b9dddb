import Ambient
import HTTP
import Model

/// What an HTTP answer means for a message, the same for every service; a channel adds its service's words.
///
/// | status | |
/// |---|---|
/// | 2xx | delivered; with a web page as its body: later, something stands between us and the service |
/// | 408, 425, 429, 5xx | later, not before `Retry-After` |
/// | any other, redirects included | final |
struct HTTPVerdict {
    /// How reasons call it: `Slack`.
    let service: String
    /// The service's word in the body, or status, to a cause and what to do about it.
    let hints: @Sendable (_ status: Int, _ body: String) -> String?

    /// - Parameter now: only where the answer itself has no `Date` and its `Retry-After` is a date.
    func judge(_ response: HTTPResponse, now: Timestamp) -> Delivery {
        let status = response.status
        let body = response.body.text
        let after = HTTPVerdict.retryAfter(response.headers["retry-after"], date: response.headers["date"], now: now)
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
            return .rejected(reason: "\(said), a redirect: check the URL")
        default: return .rejected(reason: said + (hints(status, body).map { ": \($0)" } ?? ""))
        }
    }

    private static func isPage(_ body: String) -> Bool {
        let start = body.utf8.prefix(256).drop { $0 <= 0x20 }
        return start.first == UInt8(ascii: "<")
    }

    /// The wait that a service asks for: seconds, or an HTTP date seen from the answer's own `Date`. Nil when it asks for
    /// none or for nonsense; zero for a date that has passed.
    static func retryAfter(_ field: String?, date: String?, now: Timestamp) -> TimeSpan? {
        guard let field = field.map({ String($0.drop { $0 == " " }.prefix(40)) }), !field.isEmpty else { return nil }
        if field.utf8.allSatisfy({ (48...57).contains($0) }) {
            // Beyond nine digits it is as good as for ever.
            let seconds = field.utf8.count <= 9 ? Int64(field) ?? 0 : 999_999_999
            return TimeSpan(milliseconds: seconds * 1_000)
        }
        guard let moment = Timestamp(httpDate: field) else { return nil }
        let reference = date.flatMap { Timestamp(httpDate: $0) } ?? now
        return max(moment - reference, .zero)
    }
}
