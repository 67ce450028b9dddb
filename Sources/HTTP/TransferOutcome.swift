import CCurl
import Glibc
import Model

/// What a finished, failed or interrupted transfer means, in this program's terms.
extension Transfer {
    func outcome(of code: CURLcode, easy: EasyHandle) -> Outcome {
        guard code == CURLE_OK else {
            return .failure(error(failureKind(code, easy: easy)))
        }
        // libcurl calls it a success when the connection ends between two header lines.
        guard head.isComplete else {
            return .failure(error(.connectionLost(HTTPError.insideHeaders)))
        }
        let speaker = proxy.flatMap { NetworkOptions.speaker($0, scheme: url.scheme) }
        // Nobody but a proxy says that.
        if let speaker, easy.number(CURLINFO_RESPONSE_CODE) == 407 { return .failure(error(.proxy(Transfer.said(407), place: speaker))) }
        body.seal()
        let redirects = easy.number(CURLINFO_REDIRECT_COUNT)
        var response = HTTPResponse(
            status: easy.number(CURLINFO_RESPONSE_CODE),
            headers: head.headers,
            body: body,
            elapsedMs: Double(easy.microseconds(CURLINFO_TOTAL_TIME_T)) / 1_000,
            reusedConnection: easy.number(CURLINFO_NUM_CONNECTS) == 0,
            staleRetries: max(0, timesSent - 1 - redirects),
            remoteAddress: easy.text(CURLINFO_PRIMARY_IP),
            effectiveURL: HTTPURL.redact(easy.text(CURLINFO_EFFECTIVE_URL), hidesPath: request.hidesPath),
            proxy: speaker)
        response.phases = easy.phases
        if request.isMeasured { response.certificateEnd = CertificateDate.earliest(easy.raw) }
        return .success(response)
    }

    func error(_ kind: HTTPError.Kind) -> HTTPError {
        HTTPError(kind, what: request.label ?? request.method.rawValue, location: url.redacted)
    }

    /// Whether the failure says no more than that a kept connection had been closed by the peer meanwhile.
    func failedOnStaleConnection(_ code: CURLcode, easy: EasyHandle) -> Bool {
        let closed = [CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR].contains(code)
        return closed && head.byteCount == 0 && easy.number(CURLINFO_NUM_CONNECTS) == 0
    }

    func timeout(easy: EasyHandle?) -> HTTPError.Kind {
        guard let easy else {
            // Sent before, on a kept connection that was closed, it did not only wait here.
            return .timeout(restarts > 0 ? .waitingForAnswer : .queued, afterMs: request.timeoutMs)
        }
        let phase = phase(easy)
        let connects = phase == .resolving || phase == .connecting || phase == .tlsHandshake
        return .timeout(phase, afterMs: connects ? min(request.connectTimeoutMs, request.timeoutMs) : request.timeoutMs)
    }

    private func phase(_ easy: EasyHandle) -> HTTPError.Phase {
        if head.isComplete { return .readingBody }
        if head.byteCount > 0 { return .readingHeaders }
        if timesSent > 0 { return .waitingForAnswer }
        if easy.microseconds(CURLINFO_NAMELOOKUP_TIME_T) == 0 { return .resolving }
        // libcurl 7.88 says when TCP was there only once TLS is as well; the port on this side is known before.
        if easy.microseconds(CURLINFO_CONNECT_TIME_T) == 0, easy.number(CURLINFO_LOCAL_PORT) == 0 { return .connecting }
        return url.scheme == "https" ? .tlsHandshake : .waitingForAnswer
    }

    private func failureKind(_ code: CURLcode, easy: EasyHandle) -> HTTPError.Kind {
        if let stoppedBecause { return stoppedBecause }
        let reason = easy.explanation(code)
        if let proxy, let failure = proxyFailure(code, reason, easy: easy) {
            return .proxy(failure, place: NetworkOptions.place(proxy))
        }
        switch code {
        case CURLE_URL_MALFORMAT:
            return .invalidURL(reason)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            return .unresolvable(host: url.host)
        case CURLE_COULDNT_CONNECT:
            return HTTPError.Kind(connecting: Int32(truncatingIfNeeded: easy.number(CURLINFO_OS_ERRNO)), reason)
        case CURLE_OPERATION_TIMEDOUT:
            return timeout(easy: easy)
        case _ where HTTPError.Kind.isTLS(code):
            return .tls(reason)
        case CURLE_PARTIAL_FILE:
            return .truncated(received: body.count, expected: head.contentLength)
        // With TLS 1.3 the handshake is over before a server says that it wants a certificate.
        case CURLE_SEND_ERROR where TLSTrouble.tellsOfOurCertificate(reason),
            CURLE_RECV_ERROR where TLSTrouble.tellsOfOurCertificate(reason):
            return .tls(reason)
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR:
            guard head.isComplete else { return .connectionLost(head.byteCount > 0 ? HTTPError.insideHeaders : lost(reason)) }
            // Bad chunks share a code with lost connections; only the words tell them apart.
            return head.isChunked && reason.contains(bytesOf: "chunk")
                ? .malformedResponse(reason) : .truncated(received: body.count, expected: head.contentLength)
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING, CURLE_CHUNK_FAILED:
            return .malformedResponse(reason)
        case CURLE_OUT_OF_MEMORY where timesSent > 0 && !head.isComplete:
            // libcurl 7.88's way of saying that a line outgrew its buffer.
            return .malformedResponse("a header line of more than 100 kB")
        case CURLE_WRITE_ERROR, CURLE_OUT_OF_MEMORY:
            // A callback stopped the transfer without a reason of its own: it found no memory.
            return .other(code: Int(code.rawValue), "out of memory")
        default:
            return .other(code: Int(code.rawValue), reason)
        }
    }

    /// What came of the proxy alone; nil for what is about the peer, or was asked without it.
    private func proxyFailure(_ code: CURLcode, _ reason: String, easy: EasyHandle) -> String? {
        switch code {
        case CURLE_COULDNT_RESOLVE_PROXY: return "its name has no address"
        case CURLE_PROXY: return "it refuses (SOCKS \(easy.number(CURLINFO_PROXY_ERROR)))"
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT: return "not a proxy's address"
        case CURLE_COULDNT_CONNECT:
            let number = Int32(truncatingIfNeeded: easy.number(CURLINFO_OS_ERRNO))
            return number == 0 ? "no way to it" : String(cString: strerror(number)).lowercased()
        default:
            let status = easy.number(CURLINFO_HTTP_CONNECTCODE)
            guard status >= 300, head.byteCount == 0 else { return nil }
            return Transfer.said(status)
        }
    }

    private static func said(_ status: Int) -> String {
        "it answered \(status)" + (status == 407 ? ": it wants a login" : status == 403 ? ": it does not let this host through" : "")
    }

    /// libcurl may stumble over its own bookkeeping first where a peer reset the connection.
    private func lost(_ reason: String) -> String {
        reason.contains(bytesOf: "getpeername()") ? "Connection reset by peer" : reason
    }
}

extension HTTPError.Kind {
    /// What keeps a connection from being made, by the system's number; 0 where it has none.
    init(connecting number: Int32, _ reason: String) {
        self =
            switch number {
            case ECONNREFUSED: .refused
            case 0: .unreachable(reason)
            default: .unreachable(String(cString: strerror(number)))
            }
    }

    /// Whether libcurl's code is about the handshake or what it needs.
    static func isTLS(_ code: CURLcode) -> Bool {
        [
            CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_INVALIDCERTSTATUS, CURLE_USE_SSL_FAILED,
        ].contains(code)
    }
}
