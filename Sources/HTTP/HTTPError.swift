import Model

/// Why there is no answer. A status such as 500 is an answer, not an error.
public struct HTTPError: Error, Sendable, Equatable {
    /// How far the exchange had come when time ran out.
    public enum Phase: String, Sendable, Equatable {
        /// Waiting here for a free connection to the host.
        case queued
        case resolving
        case connecting
        case tlsHandshake
        /// The request is out, no byte of an answer is in.
        case waitingForAnswer
        case readingHeaders
        case readingBody
    }

    public enum Kind: Sendable, Equatable {
        case invalidURL(String)
        /// A header or limit that cannot be sent or kept.
        case invalidRequest(String)
        case unresolvable(host: String)
        case refused
        case unreachable(String)
        case timeout(Phase, afterMs: Int)
        case tls(String)
        /// The proxy at a place is not there, or will not let this through.
        case proxy(String, place: String)
        /// The answer is longer than the request allows, in bytes.
        case bodyTooLarge(limit: Int)
        /// What this client may read at one time, in bytes, is taken up by other answers.
        case noRoom(limit: Int)
        /// The connection ended before the announced end of the body. `expected` is nil for a chunked one.
        case truncated(received: Int, expected: Int?)
        /// The connection ended before there was a complete head.
        case connectionLost(String)
        case malformedResponse(String)
        case cancelled
        /// More requests are waiting in this process than the client holds.
        case overloaded(limit: Int)
        /// The client was shut down.
        case closed
        /// Anything else that libcurl reports, with its number.
        case other(code: Int, String)
    }

    public let kind: Kind
    /// What was tried, in the caller's words or as method and place.
    public let what: String
    /// The URL without credentials and query values.
    public let location: String

    public init(_ kind: Kind, what: String, location: String) {
        self.kind = kind
        self.what = what
        self.location = location
    }

    /// What happened, for a person.
    public var why: String {
        switch kind {
        case .invalidURL(let reason): "the URL is not usable: \(reason)"
        case .invalidRequest(let reason): "the request is not usable: \(reason)"
        case .unresolvable(let host): "the name \(host) has no address"
        case .refused: "connection refused"
        case .unreachable(let reason): "no way to the host: \(reason)"
        case .timeout(let phase, let afterMs): "no complete answer within \(afterMs) ms (\(phase.description))"
        case .tls(let reason): "TLS failed: \(reason)"
        case .proxy(let reason, let place): "the proxy \(place): \(reason)"
        case .bodyTooLarge(let limit): "the answer is longer than the limit of \(limit) bytes"
        case .noRoom(let limit): "no room for the answer beside others: together they are longer than \(limit) bytes"
        case .truncated(let received, let expected?): "the connection ended after \(received) of \(expected) bytes"
        case .truncated(let received, nil): "the connection ended after \(received) bytes, inside the body"
        case .connectionLost(let reason): "the connection ended before an answer: \(reason)"
        case .malformedResponse(let reason): "the answer is not HTTP/1.1: \(reason)"
        case .cancelled: "cancelled"
        case .overloaded(let limit): "\(limit) requests are waiting already"
        case .closed: "the client is shut down"
        case .other(let code, let reason): "\(reason) (libcurl \(code))"
        }
    }

    /// What to look at, where that is known.
    public var hint: String? {
        switch kind {
        case .invalidURL: "write it as http://host:port/path or https://…"
        case .unresolvable:
            "check the name, and the DNS server of this machine; behind a proxy, set HTTPS_PROXY"
        case .proxy: "check 'proxy' under 'network:', or HTTPS_PROXY; NO_PROXY names what is asked directly"
        case .refused: "is it running, and listening on this port?"
        case .unreachable: "check routes, firewalls and whether the machine is up"
        case .timeout(.queued, _): "other requests hold all connections that there may be; it was not sent"
        case .timeout(.connecting, _): "a firewall that drops packets, or a host too busy to accept"
        case .timeout(.tlsHandshake, _):
            "the port takes connections but does not answer the TLS handshake: does it speak TLS, and is it overloaded?"
        case .timeout(.waitingForAnswer, _): "the server accepts connections but does not answer; is it overloaded?"
        case .tls(let reason): TLSTrouble(reason).hint
        case .connectionLost(HTTPError.insideHeaders): nil
        // What a server that wants a client's certificate does, or that speaks TLS and is asked without: the last word is lost
        // where it hangs up at once.
        case .connectionLost where location.hasPrefix("https://"):
            "has the server just ended, or does it want a client certificate that it knows ('client_certificate_file' beside the URL or under 'network:')?"
        // No HTTP is spoken there: who asks says what else it may be.
        case .connectionLost where location.hasPrefix("tcp://") || location.hasPrefix("tls://"): "has the server just ended?"
        case .connectionLost: "has the server just ended, or does this port want https?"
        case .noRoom: "raise the body limit if answers of this size are expected"
        case .malformedResponse: "is this port the right one, and http or https as it should be?"
        case .timeout, .invalidRequest, .bodyTooLarge, .truncated, .cancelled, .overloaded, .closed, .other: nil
        }
    }

    /// Why a connection was lost that had begun to answer.
    static let insideHeaders = "it closed inside the headers"

    /// Whether it says nothing about the server: it was never asked, or files of our own kept us from it.
    public var isOurs: Bool {
        switch kind {
        case .invalidURL, .invalidRequest, .cancelled, .overloaded, .closed, .noRoom, .other, .timeout(.queued, _): return true
        case .tls(let reason):
            switch TLSTrouble(reason) {
            case .ownCertificate, .authorities: return true
            default: return false
            }
        case .unresolvable, .refused, .unreachable, .timeout, .proxy, .bodyTooLarge, .truncated, .connectionLost, .malformedResponse:
            return false
        }
    }

    /// Whether the handshake failed for the certificate that the server showed.
    public var isAboutTheirCertificate: Bool {
        guard case .tls(let reason) = kind, case .theirCertificate = TLSTrouble(reason) else { return false }
        return true
    }

    /// Whether the same request may succeed later without anyone changing its configuration.
    public var isRetryable: Bool {
        switch kind {
        case .unresolvable, .refused, .unreachable, .timeout, .truncated, .connectionLost, .overloaded, .noRoom, .proxy: true
        case .invalidURL, .invalidRequest, .tls, .bodyTooLarge, .malformedResponse, .cancelled, .closed, .other: false
        }
    }
}

extension HTTPError: CustomStringConvertible {
    /// Why and hint, for whoever says himself what was asked and where.
    public var explanation: String { why + (hint.map { "; \($0)" } ?? "") }

    /// One line: what, where, why, hint.
    public var description: String { "\(what) at \(location): \(explanation)" }
}

extension HTTPError.Phase: CustomStringConvertible {
    public var description: String {
        switch self {
        case .queued: "waiting for a free connection"
        case .resolving: "resolving the name"
        case .connecting: "connecting"
        case .tlsHandshake: "in the TLS handshake"
        case .waitingForAnswer: "waiting for the answer"
        case .readingHeaders: "inside the headers"
        case .readingBody: "inside the body"
        }
    }
}

extension HTTPError {
    /// The same as evidence: what observations and tapes carry.
    public var transportFailure: TransportFailure {
        switch kind {
        case .unresolvable: .unresolvable
        case .refused: .refused
        // Before the first byte of an answer: so do a proxy of containers and a balancer whose server is gone.
        case .unreachable, .connectionLost, .proxy: .unreachable
        // Never sent, since this client had no place for it: that says nothing about whom it was for.
        case .timeout(.queued, _), .overloaded, .cancelled, .closed: .cancelled
        case .timeout: .timeout
        case .tls: .tls
        case .bodyTooLarge, .noRoom: .tooLarge
        case .truncated: .truncated
        case .malformedResponse: .malformed
        case .invalidURL, .invalidRequest, .other: .other
        }
    }
}
