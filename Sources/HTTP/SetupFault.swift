import Model

/// What answers say, in the words of the usual servers and proxies, that is about how they were asked and not about what.
public enum SetupFault: Hashable, Sendable {
    /// Plain HTTP at a port that wants TLS.
    case plainHTTP
    /// A client certificate is wanted, or another one.
    case clientCertificate
    /// The server has no such host.
    case otherHost

    /// Nil for every other answer.
    public init?(status: Int, body: String) {
        switch status {
        case 497: self = .plainHTTP
        case 495, 496: self = .clientCertificate
        case 400...499:
            // `SSL_REQUIRED` is the code of what others say in words.
            let words = String(body.prefix(4_096)).lowercased().replacing(bytesOf: "_", with: " ")
            // First what is wanted besides: `mutual TLS required` is said where TLS is spoken.
            if SetupFault.certificate.contains(where: { words.contains(bytesOf: $0) }) {
                self = .clientCertificate
            } else if SetupFault.plain.contains(where: { words.contains(bytesOf: $0) }) {
                self = .plainHTTP
            } else if status == 426 {
                self = .plainHTTP
            } else if status == 421 || (status == 400 && SetupFault.host.contains { words.contains(bytesOf: $0) }) {
                self = .otherHost
            } else {
                return nil
            }
        default: return nil
        }
    }

    /// What to do about it.
    public var hint: String {
        switch self {
        case .plainHTTP: "it was asked in plain HTTP and wants TLS: write https:// in its URL"
        case .clientCertificate: "it wants a client certificate that it knows: see 'client_certificate_file'"
        case .otherHost: "it serves no such host: check name and port in the URL"
        }
    }

    /// nginx, Go, Apache, Tomcat, Jetty, HAProxy and their kin.
    private static let plain = [
        "plain http request was sent to https", "http request to an https server", "plain http to an ssl-enabled", "plain http to a tls",
        "host and port requires tls", "http request to https", "http request was sent to https", "http was sent to https",
        "use https", "use the https scheme", "https is required", "https required", "requires https", "ssl required", "ssl is required",
        "tls required", "only https", "http spoken on https", "sent to https port", "sent to an https port", "running in ssl mode",
        "http request on a tls", "http request on an ssl", "speaks tls only", "speaks only tls", "tls only", "accessed via https",
        "accessed over https", "secure connection required", "secure connection is required", "tls is required", "requires tls",
    ]
    private static let certificate = [
        "no required ssl certificate", "the ssl certificate error", "client certificate", "certificate required", "client cert",
        "mutual tls", "mtls",
    ]
    private static let host = [
        "invalid host header", "invalid hostname", "unknown host", "unrecognized host", "disallowedhost", "no such host",
        "host not allowed", "host is not allowed", "host not permitted", "blocked host", "unknown virtual host", "no such virtual host",
    ]
}
