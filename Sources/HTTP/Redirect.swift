import Ambient
import CCurl

/// Where an answer sends whoever follows it, and what may go there.
public enum Redirect {
    /// How many are followed one after the other.
    public static let most = 5

    /// Why one is not followed.
    public enum Refusal: Error, Sendable, Equatable, CustomStringConvertible {
        case tooMany
        /// From `https` to `http`, where everybody on the way reads along.
        case leavesTLS
        /// It names no place that can be asked, or a login.
        case unreadable

        public var description: String {
            switch self {
            case .tooMany: "it redirects more than \(Redirect.most) times"
            case .leavesTLS: "it redirects from https to http, which is not followed"
            case .unreadable: "it redirects to what is no place for us"
            }
        }
    }

    /// The request that an answer asks for; nil where it is no redirect. What was sent to one scheme, host and port is not
    /// sent to another: no header, no certificate of ours.
    public static func next(_ request: HTTPRequest, _ response: HTTPResponse) throws(Refusal) -> HTTPRequest? {
        guard [301, 302, 303, 307, 308].contains(response.status), let target = response.headers["location"] else { return nil }
        guard let joined = join(request.url, target), let from = try? HTTPURL(request.url, hidesPath: true),
            let to = try? HTTPURL(joined.url, hidesPath: true)
        else { throw .unreadable }
        guard from.scheme != "https" || to.scheme == "https" else { throw .leavesTLS }
        var next = request
        next.url = joined.url
        if (from.scheme, from.host, from.port) != (to.scheme, to.host, to.port) {
            guard !joined.hasLogin else { throw .unreadable }
            next.headers = []
            next.secrets = []
            next.tls.certificateFile = nil
            next.tls.keyFile = nil
            next.pinnedAddress = nil
        }
        return next
    }

    /// A place as libcurl reads it from where it stands.
    private static func join(_ base: String, _ target: String) -> (url: String, hasLogin: Bool)? {
        guard !target.utf8.contains(0), target.utf8.count <= 8_192, let handle = curl_url() else { return nil }
        defer { curl_url_cleanup(handle) }
        guard curl_url_set(handle, CURLUPART_URL, base, 0) == CURLUE_OK,
            curl_url_set(handle, CURLUPART_URL, target, UInt32(CURLU_URLENCODE)) == CURLUE_OK,
            curl_url_set(handle, CURLUPART_FRAGMENT, nil, 0) == CURLUE_OK
        else { return nil }
        func part(_ part: CURLUPart) -> String? {
            var text: UnsafeMutablePointer<CChar>?
            guard CCurl_getPart(handle, part, &text, 0) == CURLUE_OK, let text else { return nil }
            defer { curl_free(text) }
            return String(cString: text)
        }
        return part(CURLUPART_URL).map { ($0, part(CURLUPART_USER) != nil || part(CURLUPART_PASSWORD) != nil) }
    }
}
