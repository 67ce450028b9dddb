import Ambient
import CCurl
import Glibc
import Model
import Synchronization

/// One mail on its way: the libcurl handle, what its callbacks write into, and the lists that it borrows.
///
/// Unchecked because of the C handle. Invariant: everything but `isCancelled` is used by one thread only, the one that
/// calls `perform`; the handle is cleaned up before the object is let go, so no callback meets a freed context.
final class MailHandle: @unchecked Sendable {
    let isCancelled = Atomic<Bool>(false)
    private let mail: Mail
    private var server: MailServer { mail.server }
    private var dialogue = SMTPDialogue()
    /// Bytes of the message that libcurl took.
    private var position = 0
    private var recipients: UnsafeMutablePointer<curl_slist>?
    private let clock = SystemClock()
    /// Monotonic nanoseconds.
    private var began: UInt64 = 0
    /// When libcurl had taken the last byte of the message.
    private var handedOver: UInt64?
    /// Whether there was a connection, with or without TLS.
    private var isConnected = false
    /// Whether a handshake came to its end.
    private var isSecured = false
    /// Whether a time limit of ours ended it.
    private var isOverdue = false

    init(_ mail: Mail) {
        self.mail = mail
    }

    /// Blocks until the server answered, the time is up, or, within a second, the mail was cancelled.
    func perform() -> MailOutcome {
        began = clock.monotonicNanoseconds()
        guard TransferLoop.curlIsReady, let easy = curl_easy_init() else { return failed(.outOfMemory) }
        var errorText = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        let code = errorText.withUnsafeMutableBufferPointer { text in
            _ = CCurl_setPointer(easy, CURLOPT_ERRORBUFFER, text.baseAddress)
            applyInvariants(easy)
            applyServer(easy)
            applyMail(easy)
            let code = curl_easy_perform(easy)
            _ = CCurl_setPointer(easy, CURLOPT_ERRORBUFFER, nil)
            return code
        }
        var number = 0
        CCurl_getLong(easy, CURLINFO_OS_ERRNO, &number)
        // libcurl 7.88 says when TCP was there only once TLS is as well; the port on this side is known before.
        var port = 0
        CCurl_getLong(easy, CURLINFO_LOCAL_PORT, &port)
        isConnected = port > 0
        var handshake: curl_off_t = 0
        CCurl_getOffset(easy, CURLINFO_APPCONNECT_TIME_T, &handshake)
        isSecured = handshake > 0
        curl_easy_cleanup(easy)
        curl_slist_free_all(recipients)
        let end = errorText.firstIndex(of: 0) ?? errorText.count
        let text = String(decoding: errorText[..<end].map(UInt8.init(bitPattern:)), as: UTF8.self)
        return outcome(code, text.isEmpty ? String(cString: curl_easy_strerror(code)) : text, errno: Int32(number))
    }

    // MARK: Options

    private func applyInvariants(_ easy: UnsafeMutableRawPointer) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        set(easy, CURLOPT_NOSIGNAL, 1)
        set(easy, CURLOPT_QUICK_EXIT, 1)
        set(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        set(easy, CURLOPT_NETRC, 0)
        // An empty text is not the same as none: it keeps the environment's proxies from being read.
        set(easy, CURLOPT_PROXY, "")
        set(easy, CURLOPT_SSL_VERIFYPEER, 1)
        set(easy, CURLOPT_SSL_VERIFYHOST, 2)
        // A kept connection would be closed, politely and blocking, at some time when nobody watches it.
        set(easy, CURLOPT_FRESH_CONNECT, 1)
        set(easy, CURLOPT_FORBID_REUSE, 1)
        // The trace tells which command an answer belongs to; with a function of ours nothing is printed.
        _ = CCurl_setTrace(easy, trace)
        _ = CCurl_setPointer(easy, CURLOPT_DEBUGDATA, context)
        set(easy, CURLOPT_VERBOSE, 1)
        _ = CCurl_setProgress(easy, progress)
        _ = CCurl_setPointer(easy, CURLOPT_XFERINFODATA, context)
        set(easy, CURLOPT_NOPROGRESS, 0)
        _ = CCurl_setReceive(easy, CURLOPT_READFUNCTION, readMessage)
        _ = CCurl_setPointer(easy, CURLOPT_READDATA, context)
        // What comes in is kept by the trace.
        _ = CCurl_setReceive(easy, CURLOPT_WRITEFUNCTION, ignore)
        _ = CCurl_setReceive(easy, CURLOPT_HEADERFUNCTION, ignore)
    }

    private func applyServer(_ easy: UnsafeMutableRawPointer) {
        set(easy, CURLOPT_URL, "\(server)/\(server.greeting ?? "")")
        // libcurl knows one limit for the wait for any answer, and one for everything. The answer to the message may take
        // longer than all the rest, so these are its; `goesOn` keeps the time of the rest.
        let seconds = max(1, (max(mail.acceptanceTimeoutMs, mail.timeoutMs) + 999) / 1_000)
        set(easy, CURLOPT_TIMEOUT_MS, mail.timeoutMs + mail.acceptanceTimeoutMs)
        set(easy, CURLOPT_CONNECTTIMEOUT_MS, min(mail.connectTimeoutMs, mail.timeoutMs))
        set(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, seconds)
        let encryption = server.isEncrypted || mail.encryption == .required ? CURLUSESSL_ALL : CURLUSESSL_NONE
        set(easy, CURLOPT_USE_SSL, Int(encryption.rawValue))
        Authorities(TLSFiles(caFile: mail.caFile)).apply(to: easy)
        guard let login = mail.login else { return }
        set(easy, CURLOPT_USERNAME, login.user)
        set(easy, CURLOPT_PASSWORD, login.password.reveal())
        // Over TLS both are as good as any; the others bring Kerberos, or passwords that the server must know in clear.
        set(easy, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN")
    }

    private func applyMail(_ easy: UnsafeMutableRawPointer) {
        set(easy, CURLOPT_MAIL_FROM, "<\(mail.sender.address)>")
        for recipient in mail.recipients {
            recipients = curl_slist_append(recipients, "<\(recipient.address)>") ?? recipients
        }
        _ = CCurl_setList(easy, CURLOPT_MAIL_RCPT, recipients)
        _ = CCurl_allowRefusedRecipients(easy)
        set(easy, CURLOPT_UPLOAD, 1)
        _ = CCurl_setOffset(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(mail.message.count))
    }

    private func set(_ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ value: Int) {
        _ = CCurl_setLong(easy, option, value)
    }

    private func set(_ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ value: String) {
        _ = CCurl_setString(easy, option, value)
    }

    // MARK: What came of it

    /// What the server said counts more than how the connection ended.
    private func outcome(_ code: CURLcode, _ text: String, errno number: Int32) -> MailOutcome {
        let refused = mail.recipients.enumerated().compactMap { index, recipient in
            dialogue.replies[.recipient(index)].flatMap {
                $0.isNegative ? RefusedRecipient(recipient: recipient, reply: $0) : nil
            }
        }
        if let reply = dialogue.replies[.message] {
            if reply.isNegative { return .refused(SMTPRefusal(step: .message, reply: reply, recipients: [])) }
            // 2yz alone is a yes (RFC 5321, 4.2.1): 354 asks for more, and nothing is more here.
            if (200..<300).contains(reply.code) { return .accepted(refused: refused) }
            return failed(.other(code: Int(code.rawValue), "it answered the message with \(reply.code), which is neither yes nor no"))
        }
        if let last = refused.last, refused.count == mail.recipients.count {
            return .refused(SMTPRefusal(step: .recipient(refused.count - 1), reply: last.reply, recipients: refused))
        }
        let step = dialogue.lastCommand
        if let reply = dialogue.replies[step], reply.isNegative, !step.isRecipient {
            return .refused(SMTPRefusal(step: step, reply: reply, recipients: []))
        }
        return failed(kind(code, text, errno: number))
    }

    private func failed(_ kind: MailFailure.Kind) -> MailOutcome {
        .failed(MailFailure(kind: kind, step: dialogue.lastCommand, location: server.description))
    }

    private func kind(_ code: CURLcode, _ text: String, errno number: Int32) -> MailFailure.Kind {
        switch code {
        case _ where dialogue.isForeign: .notSMTP
        case CURLE_ABORTED_BY_CALLBACK: isOverdue ? overdue(limitMs) : .cancelled
        case CURLE_URL_MALFORMAT: .invalid(text)
        case CURLE_COULDNT_RESOLVE_HOST: .unresolvable(host: server.host)
        case CURLE_COULDNT_CONNECT:
            switch number {
            case ECONNREFUSED: .refused
            case 0: .unreachable(text)
            default: .unreachable(String(cString: strerror(number)))
            }
        case CURLE_OPERATION_TIMEDOUT:
            overdue(dialogue.lastCommand.isBeforeMail ? min(mail.connectTimeoutMs, mail.timeoutMs) : limitMs)
        case CURLE_USE_SSL_FAILED: .tls(MailFailure.noStartTLS)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_INVALIDCERTSTATUS:
            .tls(text)
        case CURLE_LOGIN_DENIED: .noLogin
        case CURLE_WEIRD_SERVER_REPLY: dialogue.replies.isEmpty ? .notSMTP : .connectionLost
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_OK, CURLE_PARTIAL_FILE: .connectionLost
        case CURLE_OUT_OF_MEMORY: .outOfMemory
        default: .other(code: Int(code.rawValue), text)
        }
    }

    private func overdue(_ afterMs: Int) -> MailFailure.Kind {
        guard isConnected, dialogue.lastCommand == .greeting else { return .timeout(afterMs: afterMs) }
        return server.isEncrypted && !isSecured ? .noHandshake(afterMs: afterMs) : .noGreeting(afterMs: afterMs)
    }

    // MARK: What the callbacks call

    fileprivate func traced(_ kind: curl_infotype, _ bytes: UnsafeRawBufferPointer) {
        switch kind {
        case CURLINFO_HEADER_OUT: dialogue.sent(bytes)
        case CURLINFO_HEADER_IN: dialogue.received(bytes)
        default: break
        }
    }

    /// Whether to go on. The answer to a farewell is not waited for: the message's own is known by then.
    fileprivate var goesOn: Bool {
        guard !isCancelled.load(ordering: .acquiring), dialogue.step != .quit, !dialogue.isForeign else { return false }
        let spent = clock.monotonicNanoseconds() &- (handedOver ?? began)
        isOverdue = spent > UInt64(limitMs) * 1_000_000
        return !isOverdue
    }

    /// For what is waited for now.
    private var limitMs: Int { handedOver == nil ? mail.timeoutMs : mail.acceptanceTimeoutMs }

    fileprivate func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, mail.message.count - position)
        mail.message.withUnsafeBytes { message in
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: message[position..<(position + count)]))
        }
        position += count
        if position == mail.message.count, handedOver == nil { handedOver = clock.monotonicNanoseconds() }
        return count
    }
}

// C callbacks. They run inside curl_easy_perform, on its thread; the context is the handle, which outlives it.

private func handle(_ context: UnsafeMutableRawPointer?) -> MailHandle? {
    context.map { Unmanaged<MailHandle>.fromOpaque($0).takeUnretainedValue() }
}

private func trace(
    _ easy: UnsafeMutableRawPointer?, _ kind: curl_infotype, _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int32 {
    handle(context)?.traced(kind, UnsafeRawBufferPointer(start: bytes, count: count))
    return 0
}

private func progress(
    _ context: UnsafeMutableRawPointer?, _: curl_off_t, _: curl_off_t, _: curl_off_t, _: curl_off_t
) -> Int32 {
    handle(context)?.goesOn ?? true ? 0 : 1
}

private func readMessage(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    handle(context)?.read(into: UnsafeMutableRawBufferPointer(start: bytes, count: size * count)) ?? 0
}

private func ignore(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    size * count
}
