import Model
import TestKit
import Testing

@testable import HTTP
@testable import Notify

/// Whose fault a mail server's no is, in the wordings of servers and services as they are.
@Suite struct MailFaultTests {
    private static func reply(_ line: String) -> SMTPReply {
        SMTPReply(code: Int(line.prefix(3)) ?? 0, lines: [String(line.dropFirst(4))])
    }

    static let ofSetupAtRecipient = [
        "504 5.5.2 <box7>: Helo command rejected: need fully-qualified hostname",
        "550 5.7.1 <box7>: Helo command rejected: Host not found",
        "550 relay not permitted", "550 Relaying denied", "554 5.7.1 <dana@example.com>: Relay access denied",
        "553 Relaying disallowed as ops@example.com", "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
        "550 5.1.1 <dana@example.com>: Sender address rejected: User unknown in local recipient table",
        "503 This mail server requires authentication when attempting to send to a non-local e-mail address.",
        "503 5.5.1 Error: authentication Required", "503 AUTH command must come first", "550 authentication required for relay",
        "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
        "550 5.1.8 <ops@example.com>: Sender address rejected: Domain not found",
        "550 5.1.0 <ops@example.com>: Sender address rejected: User unknown in virtual mailbox table",
        "550 Sender verify failed", "553 5.7.1 <ops@example.com>: Sender address rejected: not owned by user ops",
        "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
        "550 Administrative prohibition", "550 5.7.1 Client does not have permissions to send as this sender",
        "502 5.5.1 Command not implemented", "530 Must issue a STARTTLS command first",
        "550 Rejected because 192.0.2.1 is in a black list at bl.example",
        "550 5.4.5 Daily user sending limit exceeded.", "550 Please turn on SMTP Authentication in your mail client",
        "551 we do not relay", "551 5.7.1 we do not relay non-local mail, sorry",
        "550 I cannot deliver mail for {dana@example.com}",
        "553 sorry, not local host example.com, not a gateway", "553 5.3.0 Rejected - see http://www.spamhaus.org/query/bl?ip=192.0.2.7",
        "550 Domain example.com has exceeded the max defers and failures per hour (5/5 (100%)) allowed. Message discarded.",
    ]

    @Test("said to a recipient, about us", arguments: ofSetupAtRecipient) func setup(line: String) {
        #expect(MailFault.of(Self.reply(line), at: .recipient(0)) == .setup)
    }

    @Test("who wants TLS first is told as that, and not as a wrong or missing login")
    func wantsTLS() {
        func reason(_ line: String, _ step: SMTPStep = .sender) -> String {
            EmailVerdict(channel: "email channel ops", password: nil).reason(
                SMTPRefusal(step: step, reply: Self.reply(line), recipients: []), server: "smtp://mail:587")
        }
        for line in [
            "530 5.7.0 Must issue a STARTTLS command first", "530 5.7.57 Client not encrypted", "530 TLS required",
            "538 5.7.11 Encryption required for requested authentication mechanism", "523 5.7.10 Encryption Needed",
        ] {
            #expect(reason(line).contains("; it wants TLS first: "), "\(reason(line))")
            #expect(reason(line, .login).contains("; it wants TLS first: ") && !reason(line, .login).contains("password"))
        }
        #expect(reason("530 5.7.0 Authentication required").contains("it wants a login"))
        #expect(reason("535 5.7.8 Bad credentials", .login).contains("check user and password"))
    }

    static let ofRecipient = [
        "550 5.1.1 <dana@example.com>: Recipient address rejected: User unknown in relay recipient table",
        "550 <relay-auth@sender.example>: User unknown in relay recipient table", "550 No such user here",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient dana@example.com not found by SMTP address lookup",
        "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [relay.mail.example 2026-01-01]",
        "550 Requested action not taken: mailbox unavailable", "552 5.2.2 Mailbox full: quota limit exceeded",
        "550 5.2.1 The email account that you tried to reach is disabled", "551 5.1.6 Moved", "553 5.1.3 Bad address",
        "550 unrouteable address", "550 5.5.0 Requested action not taken: mailbox unavailable (helo.example.com)", "550",
        "556 5.1.10 Domain does not accept mail (nullMX)",
        "553 5.5.4 <dana>... Domain name required for recipient address",
        "504 5.5.2 <dana>: Recipient address rejected: need fully-qualified address",
    ]

    @Test("said to a recipient, about him", arguments: ofRecipient) func recipient(line: String) {
        #expect(MailFault.of(Self.reply(line), at: .recipient(0)) == .recipient)
    }

    static let ofSetupAtMessage = [
        "554 5.2.252 SendAsDenied; ops@example.com not allowed to send as alerts@example.com",
        "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process message",
        "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
        "554 Configuration Set <ops> does not exist",
        "550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected by organization policy",
        "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: a@b.example",
        "550 The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved.",
        "550 Unauthenticated senders not allowed", "553 Sender is not allowed to relay emails",
        "554 5.1.8 Email Outgoing Blocked", "550 5.4.6 Unusual sending activity detected. Please try after sometime",
        "554 Sending paused for this account.", "550 5.7.26 This mail has been blocked because it is not signed",
        "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
        "550 5.7.1 Domain example.com is not allowed to send: upgrade your plan", "502 5.7.0 Please authenticate",
        "551 5.7.1 Not authorised to send from this header address", "550 5.7.1 Unconfigured Sending Domain",
        "554 5.6.0 Invalid header From", "554 Maximum sending rate exceeded.",
        "554 Reject due to policy restrictions.", "554 Domain contains no MX",
        "554 5.2.0 STOREDRV.Submission.Exception:OutboundSpamException; Failed to process message due to a permanent exception",
        "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message",
        "550 Plan limit reached: 100 emails", "550 You have exceeded your messaging limits",
        "550 Your domain is not activated in our system", "550 5.7.1 Trial accounts can only send to verified recipients",
        "550 Account is not active. Sending disabled", "554 Sending suspended for this account.",
    ]

    @Test("said to the message, about us", arguments: ofSetupAtMessage) func atMessage(line: String) {
        #expect(MailFault.of(Self.reply(line), at: .message) == .setup)
    }

    static let ofMessage = [
        "554 5.7.1 Looks like spam", "550 5.7.1 First line second line", "552 5.3.4 Too big", "554 5.6.0 No",
        "550 5.7.1 Message rejected due to content restrictions", "554 5.7.1 The message contains a virus", "550 No",
        "550 5.1.1 The email account that you tried to reach does not exist", "552 5.2.2 The account is over quota",
        "550 The email account that you tried to reach is disabled", "550 Recipient account suspended",
        "550 Message too large for this account", "550 Mailbox storage limit exceeded",
        "552 Message size exceeds what your account may receive", "550 5.2.3 Too long for that account",
        "554 5.7.0 Reject, attachment type not allowed", "554 Attachment rejected due to policy restrictions",
    ]

    @Test("said to the message, about it", arguments: ofMessage) func message(line: String) {
        #expect(MailFault.of(Self.reply(line), at: .message) == .message)
    }

    @Test("before the message it is about the way in, but for sizes and recipients")
    func announcement() {
        for line in ["554 5.7.1 Access denied", "550 5.7.1 Not authorized", "503 5.5.1 authentication required", "550 No", "554 Refused"] {
            #expect(MailFault.of(Self.reply(line), at: .data) == .setup, "\(line)")
        }
        for line in ["554 5.5.1 Error: no valid recipients", "552 Too much", "554 Message too large", "550 mailbox unavailable"] {
            #expect(MailFault.of(Self.reply(line), at: .data) == .message, "\(line)")
        }
    }

    static let silences: [(MailFailure.Kind, String, String)] = [
        (.noHandshake(afterMs: 5), "smtps://mx:465", "in the TLS handshake"),
        (.noHandshake(afterMs: 5), "smtps://mx:465", "or is it smtp:"),
        (.noGreeting(afterMs: 5), "smtp://mx:465", "is it smtps:"), (.noGreeting(afterMs: 5), "smtps://mx:465", "is it a mail server"),
        (.timeout(afterMs: 5), "smtp://mx:25", "a firewall"), (.connectionLost, "smtps://mx:25", "smtps: where it must be smtp:"),
        (.tls("SSL routines::wrong version number"), "smtps://mx:25", "is it smtp:"),
    ]

    @Test("silence is told from silence", arguments: silences.indices) func silence(index: Int) {
        let (kind, location, says) = Self.silences[index]
        let failure = MailFailure(kind: kind, step: .greeting, location: location)
        #expect("\(failure)".contains(says), "\(failure)")
    }

    @Test("a port that takes connections and says nothing", arguments: [("smtps", "in the TLS handshake"), ("smtp", "is it smtps:")])
    func silentPort(scheme: String, says: String) async throws {
        let silent = try MisbehavingServer()
        defer { silent.stop() }
        let server = try #require(MailServer("\(scheme)://127.0.0.1:\(silent.port)/tests.example.com"))
        let address = try #require(MailAddress("ops@example.com"))
        var mail = Mail(
            server: server, sender: address, recipients: [address], message: Array("Subject: x\r\n\r\nx\r\n".utf8), encryption: .none)
        mail.connectTimeoutMs = 300
        mail.timeoutMs = 1_500
        guard case .failed(let failure) = await SMTPClient().send(mail) else {
            Issue.record("an answer")
            return
        }
        #expect("\(failure)".contains(says), "\(failure)")
    }

    @Test("what no time mends is told, even as a temporary no")
    func lasting() {
        for line in ["454 4.7.1 <dana@example.com>: Relay access denied", "450 4.7.1 <box7>: Helo command rejected: Host not found"] {
            #expect(MailFault.isLasting(Self.reply(line), at: .recipient(0)), "\(line)")
        }
        for line in ["450 4.2.0 <dana@example.com>: Recipient address rejected: Greylisted", "452 4.2.2 Mailbox full"] {
            #expect(!MailFault.isLasting(Self.reply(line), at: .recipient(0)), "\(line)")
        }
    }
}
