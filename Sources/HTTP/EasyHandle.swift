import Ambient
import CCurl

/// One libcurl easy handle, configured for one attempt of one transfer, with the lists that it borrows.
///
/// Lives on the transfer thread. Must be out of the multi handle before it is let go.
final class EasyHandle {
    let raw: UnsafeMutableRawPointer
    private var headerLines: UnsafeMutablePointer<curl_slist>?
    private var connectTo: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>

    /// Nil when there is no memory for one.
    init?(for transfer: Transfer, options: HTTPClient.Options, remainingMs: Int, freshConnection: Bool) {
        guard let raw = curl_easy_init() else { return nil }
        self.raw = raw
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        applyInvariants(options)
        applyLimits(transfer.request, remainingMs: remainingMs)
        applyConnection(transfer.request, options: options, fresh: freshConnection)
        applyNetwork(transfer, options.network)
        applyRequest(transfer.request)
        applyCallbacks(transfer)
    }

    deinit {
        curl_easy_cleanup(raw)
        curl_slist_free_all(headerLines)
        curl_slist_free_all(connectTo)
        errorText.deallocate()
    }

    // MARK: Options

    /// What holds for every request of this program.
    private func applyInvariants(_ options: HTTPClient.Options) {
        set(CURLOPT_NOSIGNAL, 1)
        // Cancelling must not wait for a name server that does not answer: the resolver thread is left to end alone.
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_HTTP09_ALLOWED, 0)
        set(CURLOPT_NETRC, 0)
        set(CURLOPT_USERAGENT, options.userAgent)
        set(CURLOPT_BUFFERSIZE, 64 * 1_024)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        _ = CCurl_setPointer(raw, CURLOPT_ERRORBUFFER, errorText)
    }

    private func applyLimits(_ request: HTTPRequest, remainingMs: Int) {
        set(CURLOPT_TIMEOUT_MS, max(1, remainingMs))
        set(CURLOPT_CONNECTTIMEOUT_MS, max(1, min(request.connectTimeoutMs, remainingMs)))
        set(CURLOPT_FOLLOWLOCATION, request.followRedirects ? 1 : 0)
        set(CURLOPT_MAXREDIRS, 5)
    }

    private func applyConnection(_ request: HTTPRequest, options: HTTPClient.Options, fresh: Bool) {
        set(CURLOPT_FRESH_CONNECT, fresh || request.isMeasured || !request.mayBeRepeated ? 1 : 0)
        set(CURLOPT_FORBID_REUSE, request.forbidReuse || request.isMeasured ? 1 : 0)
        set(CURLOPT_SSL_VERIFYPEER, request.verifiesPeer ? 1 : 0)
        set(CURLOPT_SSL_VERIFYHOST, request.verifiesPeer ? 2 : 0)
        if request.isMeasured {
            set(CURLOPT_DNS_CACHE_TIMEOUT, 0)
            set(CURLOPT_CERTINFO, 1)
        }
        set(CURLOPT_MAXLIFETIME_CONN, options.connectionSeconds)
        if let address = request.pinnedAddress {
            // CONNECT_TO rather than RESOLVE: it is part of a connection's identity, so that neither the shared
            // name cache nor a kept connection mixes up two replicas of one name.
            let numeric = address.utf8.contains(UInt8(ascii: ":")) ? "[\(address)]" : address
            connectTo = curl_slist_append(nil, "::\(numeric):")
            _ = CCurl_setList(raw, CURLOPT_CONNECT_TO, connectTo)
        }
    }

    private func applyNetwork(_ transfer: Transfer, _ network: NetworkOptions) {
        let tls = transfer.request.tls.over(network.tls)
        Authorities(transfer.request.tls, network).apply(to: raw)
        if let file = tls.certificateFile {
            set(CURLOPT_SSLCERT, TLSFiles.given(file))
            set(CURLOPT_SSLKEY, TLSFiles.given(tls.keyFile ?? file))
        }
        // An empty text is not the same as none: it keeps libcurl from reading the environment itself.
        guard let proxy = transfer.proxy else { return set(CURLOPT_PROXY, "") }
        set(CURLOPT_PROXY, proxy.reveal())
        set(CURLOPT_NOPROXY, network.noProxyForCurl)
        // What a proxy says to CONNECT is no part of the answer, and what is for the peer is none of the proxy's business.
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        set(CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE))
    }

    private func applyRequest(_ request: HTTPRequest) {
        set(CURLOPT_URL, request.url)
        switch request.method {
        case .get: set(CURLOPT_HTTPGET, 1)
        case .head: set(CURLOPT_NOBODY, 1)
        case .post, .put, .patch, .delete: set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        }
        let wantsBody = request.method == .post || request.method == .put || request.method == .patch
        if wantsBody || !request.body.isEmpty {
            _ = CCurl_setOffset(raw, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
            request.body.withUnsafeBytes { bytes in
                // Copied, so that it outlives this scope; an empty array has no address, and nil would mean "read
                // the body from standard input".
                bytes.withMemoryRebound(to: CChar.self) { set(CURLOPT_COPYPOSTFIELDS, $0.baseAddress, orEmpty: "") }
            }
            if request.method == .get || request.method == .head {
                set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
            }
        }
        // Without these two libcurl would announce a form, and wait a second for permission to send a large body.
        appendHeader("Expect:")
        if !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            appendHeader("Content-Type:")
        }
        for field in request.headers {
            // "Name:" would remove the field; "Name;" sends it empty.
            appendHeader(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        _ = CCurl_setList(raw, CURLOPT_HTTPHEADER, headerLines)
    }

    private func applyCallbacks(_ transfer: Transfer) {
        let context = Unmanaged.passUnretained(transfer).toOpaque()
        _ = CCurl_setPointer(raw, CURLOPT_WRITEDATA, context)
        _ = CCurl_setPointer(raw, CURLOPT_HEADERDATA, context)
        _ = CCurl_setPointer(raw, CURLOPT_PREREQDATA, context)
        _ = CCurl_setReceive(raw, CURLOPT_WRITEFUNCTION, receiveBody)
        _ = CCurl_setReceive(raw, CURLOPT_HEADERFUNCTION, receiveHeader)
        _ = CCurl_setBeforeRequest(raw, beforeRequest)
    }

    private func appendHeader(_ line: String) {
        headerLines = curl_slist_append(headerLines, line) ?? headerLines
    }

    private func set(_ option: CURLoption, _ value: Int) {
        _ = CCurl_setLong(raw, option, value)
    }

    private func set(_ option: CURLoption, _ value: String) {
        _ = CCurl_setString(raw, option, value)
    }

    private func set(_ option: CURLoption, _ value: UnsafePointer<CChar>?, orEmpty empty: StaticString) {
        if let value {
            _ = CCurl_setString(raw, option, value)
        } else {
            _ = empty.withUTF8Buffer { buffer in
                buffer.withMemoryRebound(to: CChar.self) { CCurl_setString(raw, option, $0.baseAddress) }
            }
        }
    }

    // MARK: What came of it

    func number(_ information: CURLINFO) -> Int {
        var value = 0
        return CCurl_getLong(raw, information, &value) == CURLE_OK ? value : 0
    }

    func microseconds(_ information: CURLINFO) -> Int64 {
        var value: curl_off_t = 0
        return CCurl_getOffset(raw, information, &value) == CURLE_OK ? Int64(value) : 0
    }

    var phases: PhaseTimes { PhaseTimes(of: raw) }

    func offset(_ information: CURLINFO) -> Int {
        Int(microseconds(information))
    }

    func text(_ information: CURLINFO) -> String {
        var value: UnsafePointer<CChar>?
        guard CCurl_getString(raw, information, &value) == CURLE_OK, let value else { return "" }
        return String(cString: value)
    }

    /// libcurl's own words for what went wrong, or the general ones for the code.
    func explanation(_ code: CURLcode) -> String {
        let text = String(cString: errorText)
        return text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
    }
}

// C callbacks. They run on the transfer thread, inside curl_multi_perform; the context is the transfer, which the
// loop holds until its easy handle is cleaned up.

private func transfer(_ context: UnsafeMutableRawPointer?) -> Transfer? {
    context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
}

private func receiveBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let transfer = transfer(context) else { return 0 }
    let chunk = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return transfer.receiveBody(chunk) ? chunk.count : stop(chunk.count)
}

private func receiveHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let transfer = transfer(context) else { return 0 }
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return transfer.receiveHeaderLine(line) ? line.count : stop(line.count)
}

/// libcurl stops when a callback takes another number of bytes than it was given.
private func stop(_ given: Int) -> Int {
    given == 0 ? 1 : 0
}

private func beforeRequest(
    _ context: UnsafeMutableRawPointer?, _ remote: UnsafeMutablePointer<CChar>?,
    _ local: UnsafeMutablePointer<CChar>?, _ remotePort: Int32, _ localPort: Int32
) -> Int32 {
    transfer(context)?.timesSent += 1
    return Int32(CURL_PREREQFUNC_OK)
}
