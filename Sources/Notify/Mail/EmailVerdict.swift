import Ambient
import HTTP
import Model

/// What a mail server's answer means for a message.
///
/// | answer | |
/// |---|---|
/// | 250 to the message | delivered |
/// | 4xx to anything | later, not before half a minute: greylisting, a full mailbox, a busy server |
/// | any 5xx before the sender, or to it but for the size (552); to the announcement of the message, but of sizes and recipients | the set-up: slowly, until somebody mends it |
/// | 5xx to the recipients or the message that is about us (`MailFault`), whatever step it is said at | the same |
/// | any other 5xx | final |
/// | no answer, bad certificate, no STARTTLS | later |
struct EmailVerdict {
    /// Greylisting servers count attempts that come at once as spam.
    static let politeWait = TimeSpan.seconds(30)
    /// Wrong passwords in a row get an account or an address locked: commonly five within ten minutes.
    static let slowWait = TimeSpan.minutes(5)

    /// How reasons call the channel: `email channel ops`.
    let channel: String
    let password: Secret?

    func judge(_ refusal: SMTPRefusal, server: String) -> Delivery {
        let reason = reason(refusal, server: server)
        if refusal.reply.isTemporary {
            return MailFault.isLasting(refusal.reply, at: refusal.step)
                ? .blocked(after: EmailVerdict.politeWait, reason: reason)
                : .retry(after: EmailVerdict.politeWait, reason: reason)
        }
        if refusal.isAboutUs { return .blocked(after: EmailVerdict.slowWait, reason: reason) }
        return .rejected(reason: reason)
    }

    func judge(_ failure: MailFailure) -> Delivery {
        .retry(after: nil, reason: clean(nil, "\(channel): \(failure)"))
    }

    /// `email channel ops: smtp://mail:587 answered the login with 535 5.7.8; check user and password`
    func reason(_ refusal: SMTPRefusal, server: String) -> String {
        let said = "\(channel): \(server) answered \(refusal.step) with \(refusal.reply.codes)"
        switch (refusal.step, refusal.reply.code) {
        case _ where MailFault.wantsTLS(refusal.reply):
            return said + "; it wants TLS first: leave out 'starttls: never', or write smtps:// in 'smtp'"
        // What it says about a login may hold the login.
        case (.login, 400..<500): return said + "; it cannot check the password now"
        case (.login, _), (_, 534), (_, 535):
            return said + "; check user and password, and whether the account may send by SMTP"
        case (_, 530): return said + "; it wants a login: set 'username' and 'password_file'"
        // About room: of the message, or of an account.
        case (.sender, 552):
            return clean(refusal.reply, said + words(refusal.reply) + "; the message is too long for it, or the account's storage is full")
        case (.sender, 500...):
            return clean(refusal.reply, said + words(refusal.reply) + "; may this machine and account send as 'from'?")
        default:
            let isOurs = refusal.reply.isPermanent && refusal.isAboutUs && !refusal.step.isBeforeMail
            return clean(refusal.reply, said + words(refusal.reply) + (isOurs ? "; \(EmailVerdict.setupHint)" : ""))
        }
    }

    /// Where a server speaks of us, and of no recipient and no message.
    static let setupHint = "does it take mail from this machine and account, and as 'from'?"

    /// `dana@example.com refused with 550 5.1.1: no such user`
    func reason(_ refused: RefusedRecipient) -> String {
        clean(refused.reply, "\(refused.recipient.address) refused with \(refused.reply.codes)\(words(refused.reply))")
    }

    private func words(_ reply: SMTPReply) -> String {
        let line = Shown.shortened(Shown.line(reply.text), 160)
        return line.isEmpty ? "" : ": \(line)"
    }

    /// Without what a server says where it echoes the login, in clear or as it came. Its whole answer is looked at, of which the
    /// text has a part, and the text, in which it is as it is shown.
    private func clean(_ reply: SMTPReply?, _ text: String) -> String {
        let redaction = Redaction(password.map { [$0] } ?? [])
        guard redaction.isNeeded(for: text) || redaction.isNeeded(for: reply?.text ?? "") else { return text }
        return "\(channel): the server's answer is not shown, for it holds the password"
    }
}

extension SMTPRefusal {
    /// Whether it is about login or session and would be said to any message.
    var isAboutUs: Bool { MailFault.of(reply, at: step) == .setup }
    /// Whether trying again soon may lock the account.
    var isAboutLogin: Bool { reply.isPermanent && (step == .login || [534, 535, 538].contains(reply.code)) }
}
