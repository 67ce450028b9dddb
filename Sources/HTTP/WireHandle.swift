import Ambient
import CCurl
import Glibc
import Synchronization

/// One call on its way: libcurl's handle, and the dialogue that is held on its connection.
///
/// Unchecked because of the C handle. Invariant: everything but `isCancelled` is used by one thread only, the one that
/// calls `perform`, once; the handle is cleaned up before that returns, so no callback meets a freed context.
final class WireHandle<Dialogue: WireDialogue>: WireControl, @unchecked Sendable {
    private let call: WireCall
    private var dialogue: Dialogue
    private let clock = SystemClock()
    private var began: UInt64 = 0
    /// Monotonic nanoseconds.
    private var deadline: UInt64 = 0
    /// Bytes read so far.
    private var heard = 0
    /// When what is being answered was asked, and when the first byte of the last answer came; monotonic nanoseconds.
    private var asked: UInt64 = 0
    private var answered: UInt64 = 0
    private var ended: UInt64 = 0

    init(_ call: WireCall, _ dialogue: Dialogue) {
        self.call = call
        self.dialogue = dialogue
    }

    /// Blocks until the call is over.
    func perform() -> WireOutcome<Dialogue> {
        began = clock.monotonicNanoseconds()
        deadline = began + UInt64(call.timeoutMs) * 1_000_000
        guard TransferLoop.curlIsReady, let easy = curl_easy_init() else {
            return WireOutcome(dialogue: dialogue, error: error(.other(code: Int(CURLE_OUT_OF_MEMORY.rawValue), "out of memory")))
        }
        defer { curl_easy_cleanup(easy) }
        var errorText = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        return errorText.withUnsafeMutableBufferPointer { text in
            _ = CCurl_setPointer(easy, CURLOPT_ERRORBUFFER, text.baseAddress)
            apply(easy)
            let code = curl_easy_perform(easy)
            var failure: HTTPError.Kind?
            if code == CURLE_OK {
                failure = converse(easy)
            } else {
                let words = text.first == 0 ? String(cString: curl_easy_strerror(code)) : text.baseAddress.map { String(cString: $0) }
                failure = kind(code, words ?? "", easy)
            }
            var outcome = WireOutcome(dialogue: dialogue, error: failure.map { error($0) })
            outcome.phases = phases(easy)
            if call.isEncrypted { outcome.certificateEnd = CertificateDate.earliest(easy) }
            var address: UnsafePointer<CChar>?
            if CCurl_getString(easy, CURLINFO_PRIMARY_IP, &address) == CURLE_OK, let address { outcome.address = String(cString: address) }
            _ = CCurl_setPointer(easy, CURLOPT_ERRORBUFFER, nil)
            return outcome
        }
    }

    private func apply(_ easy: UnsafeMutableRawPointer) {
        func set(_ option: CURLoption, _ value: Int) { _ = CCurl_setLong(easy, option, value) }
        func set(_ option: CURLoption, _ value: String) { _ = CCurl_setString(easy, option, value) }
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_CONNECT_ONLY, 1)
        set(CURLOPT_URL, call.url)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        // Nothing is said of a protocol in the handshake: some servers end it where they are offered HTTP.
        set(CURLOPT_SSL_ENABLE_ALPN, 0)
        // An empty text is not the same as none: it keeps the environment's proxies from being read.
        set(CURLOPT_PROXY, "")
        set(CURLOPT_NETRC, 0)
        set(CURLOPT_TIMEOUT_MS, call.timeoutMs)
        set(CURLOPT_CONNECTTIMEOUT_MS, call.timeoutMs)
        set(CURLOPT_SSL_VERIFYPEER, call.verifiesPeer ? 1 : 0)
        set(CURLOPT_SSL_VERIFYHOST, call.verifiesPeer ? 2 : 0)
        set(CURLOPT_CERTINFO, 1)
        Authorities(call.tls, caFolder: call.caFolder).apply(to: easy)
        if let file = call.tls.certificateFile {
            set(CURLOPT_SSLCERT, TLSFiles.given(file))
            set(CURLOPT_SSLKEY, TLSFiles.given(call.tls.keyFile ?? file))
        }
        _ = CCurl_setProgress(easy, wireProgress)
        _ = CCurl_setPointer(easy, CURLOPT_XFERINFODATA, Unmanaged<WireControl>.passUnretained(self).toOpaque())
        set(CURLOPT_NOPROGRESS, 0)
    }

    // MARK: On the connection

    /// Nil when the dialogue is done or the server has closed.
    private func converse(_ easy: UnsafeMutableRawPointer) -> HTTPError.Kind? {
        var socket = curl_socket_t()
        guard CCurl_getSocket(easy, &socket) == CURLE_OK, socket >= 0 else { return .connectionLost("no connection") }
        asked = clock.monotonicNanoseconds()
        defer { ended = clock.monotonicNanoseconds() }
        var step = dialogue.begin()
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            switch step {
            case .done(let farewell):
                // Nobody waits for its being heard.
                if !farewell.isEmpty { _ = say(farewell, easy, socket) }
                return nil
            case .say(let bytes):
                if let failure = say(bytes, easy, socket) { return failure }
                (asked, answered) = (clock.monotonicNanoseconds(), 0)
                step = .listen
            case .listen:
                var count = 0
                switch curl_easy_recv(easy, &chunk, chunk.count, &count) {
                case CURLE_OK where count == 0:
                    dialogue.end()
                    return nil
                case CURLE_OK:
                    if answered == 0 { answered = clock.monotonicNanoseconds() }
                    heard += count
                    guard heard <= call.readLimit else { return .bodyTooLarge(limit: call.readLimit) }
                    step = dialogue.receive(Array(chunk[..<count]))
                case CURLE_AGAIN:
                    if let failure = wait(socket, Int16(POLLIN)) { return failure }
                case let code:
                    return kind(code, String(cString: curl_easy_strerror(code)), easy)
                }
            }
        }
    }

    private func say(_ bytes: [UInt8], _ easy: UnsafeMutableRawPointer, _ socket: curl_socket_t) -> HTTPError.Kind? {
        var rest = bytes[...]
        while !rest.isEmpty {
            var count = 0
            switch rest.withUnsafeBytes({ curl_easy_send(easy, $0.baseAddress, $0.count, &count) }) {
            case CURLE_OK: rest = rest.dropFirst(count)
            case CURLE_AGAIN: if let failure = wait(socket, Int16(POLLOUT)) { return failure }
            case let code: return kind(code, String(cString: curl_easy_strerror(code)), easy)
            }
        }
        return nil
    }

    /// Waits until there is something to do; nil when there is, or may be.
    private func wait(_ socket: curl_socket_t, _ events: Int16) -> HTTPError.Kind? {
        while true {
            if isCancelled.load(ordering: .acquiring) { return .cancelled }
            let now = clock.monotonicNanoseconds()
            guard now < deadline else { return .timeout(.waitingForAnswer, afterMs: call.timeoutMs) }
            // Looked at again now and then, for whether anybody still waits.
            let milliseconds = min(250, (deadline - now) / 1_000_000 + 1)
            var entry = pollfd(fd: socket, events: events, revents: 0)
            if poll(&entry, 1, Int32(milliseconds)) > 0 { return nil }
        }
    }

    // MARK: What came of it

    private func error(_ kind: HTTPError.Kind) -> HTTPError { HTTPError(kind, what: "connect", location: call.location) }

    private func phases(_ easy: UnsafeMutableRawPointer) -> PhaseTimes {
        var phases = PhaseTimes(of: easy)
        (phases.processing, phases.transfer) = (nil, nil)
        guard answered > 0 else { return phases }
        phases.processing = Double(answered - asked) / 1_000_000_000
        phases.transfer = Double(ended - answered) / 1_000_000_000
        return phases
    }

    private func kind(_ code: CURLcode, _ reason: String, _ easy: UnsafeMutableRawPointer) -> HTTPError.Kind {
        func number(_ information: CURLINFO) -> Int {
            var value = 0
            return CCurl_getLong(easy, information, &value) == CURLE_OK ? value : 0
        }
        switch code {
        case CURLE_ABORTED_BY_CALLBACK: return .cancelled
        case CURLE_COULDNT_RESOLVE_HOST: return .unresolvable(host: call.host)
        case CURLE_COULDNT_CONNECT: return HTTPError.Kind(connecting: Int32(truncatingIfNeeded: number(CURLINFO_OS_ERRNO)), reason)
        case CURLE_OPERATION_TIMEDOUT:
            let phases = PhaseTimes(of: easy)
            // The port on this side is known before libcurl says that there is a connection.
            let phase: HTTPError.Phase =
                phases.resolve == nil
                ? .resolving : phases.connect == nil && number(CURLINFO_LOCAL_PORT) == 0 || !call.isEncrypted ? .connecting : .tlsHandshake
            return .timeout(phase, afterMs: call.timeoutMs)
        case _ where HTTPError.Kind.isTLS(code): return .tls(reason)
        case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING:
            return TLSTrouble.tellsOfOurCertificate(reason) ? .tls(reason) : .connectionLost(reason)
        default: return .other(code: Int(code.rawValue), reason)
        }
    }
}

/// What of a call the progress callback needs, whatever is said on it.
class WireControl {
    let isCancelled = Atomic<Bool>(false)
}

/// Called by libcurl at least once a second.
private func wireProgress(
    _ context: UnsafeMutableRawPointer?, _: curl_off_t, _: curl_off_t, _: curl_off_t, _: curl_off_t
) -> Int32 {
    guard let context else { return 1 }
    return Unmanaged<WireControl>.fromOpaque(context).takeUnretainedValue().isCancelled.load(ordering: .acquiring) ? 1 : 0
}
