import Ambient
import HTTP
import Model
import Settings

/// Mail through a mail server of the operator's.
public struct EmailChannel: WordedChannel {
    public let name: String
    private let settings: Settings
    /// A PEM file of accepted authorities; nil: the system's.
    private let caFile: String?
    private let password: (@Sendable () throws -> Secret)?
    private let client = SMTPClient()
    private let clock: any Clock
    private let notice: @Sendable (String) -> Void
    private let progress = EmailProgress()
    /// For one attempt, until the server has the message. Milliseconds.
    var timeoutMs = 60_000
    /// For its answer to the message. Milliseconds.
    var acceptanceTimeoutMs = 600_000
    /// What it words otherwise.
    public var template = MessageTemplate()

    /// - Parameter notice: told of recipients whom a mail did not reach although others have it; nil: the log is.
    public init(_ name: String, _ settings: Settings, _ means: Means, notice: (@Sendable (String) -> Void)? = nil) {
        self.name = name
        self.settings = settings
        password = settings.login.map { means.secret($0.password, "the password of email channel \(name)") }
        clock = means.clock
        caFile = settings.caFile ?? means.caFile
        self.notice = notice ?? { [logger = means.logger] text in logger.warning("a recipient was not reached", ["why": .text(text)]) }
    }

    public func draft(_ message: Message) -> Draft {
        let wording = Wording(message, template)
        let outline = Outline(wording)
        let (subject, text) = (EmailMessage.subject(wording), EmailText.render(outline))
        return Draft(
            text: "Subject: \(subject)\n\n\(text)",
            document: [
                "subject": .string(subject), "text": .string(text), "html": .string(EmailHTML.render(outline, message)),
            ])
    }

    public func deliver(_ message: Message) async -> Delivery {
        var login: Mail.Login?
        if let user = settings.login?.user, let password {
            do {
                login = Mail.Login(user: user, password: try password())
            } catch let failure as SecretSource.Failure {
                // A file that is missing or empty now may be back before the message is a day old.
                return .blocked(reason: failure.description)
            } catch {
                return .blocked(reason: "cannot read the password of email channel \(name)")
            }
        }
        if let login, let wait = progress.hold(login.password, now: clock.monotonicNanoseconds()) {
            let reason = "the server refused the password a while ago; it is tried again later, or once it was changed"
            return .blocked(after: wait, reason: "email channel \(name): \(reason)")
        }
        let id = EmailThread(message, domain: settings.from.domain).messageID
        let settled = progress.settled(id)
        let recipients = settings.to.filter { !settled.recipients.contains($0) }
        guard !recipients.isEmpty else { return .delivered }
        var mail = Mail(
            server: settings.server, sender: settings.from, recipients: recipients,
            message: EmailMessage.bytes(message, from: settings.from, to: settings.to, channel: name, template: template), login: login,
            encryption: settings.isEncrypted ? .required : .none, caFile: caFile)
        mail.timeoutMs = timeoutMs
        mail.acceptanceTimeoutMs = acceptanceTimeoutMs
        let delivery = judge(await client.send(mail), id, recipients, login)
        switch delivery {
        case .retry, .blocked: break
        case .delivered, .deliveredAs, .rejected: progress.forget(id)
        }
        return delivery
    }

    private func judge(_ outcome: MailOutcome, _ id: String, _ recipients: [MailAddress], _ login: Mail.Login?)
        -> Delivery
    {
        let verdict = EmailVerdict(channel: "email channel \(name)", password: login?.password)
        switch outcome {
        case .failed(let failure): return verdict.judge(failure)
        case .accepted(let refused):
            let missing = Set(refused.map(\.recipient))
            progress.settle(id, recipients.filter { !missing.contains($0) }, isTaken: true)
            return settle(refused, id, verdict)
        case .refused(let refusal) where refusal.step.isRecipient:
            return settle(refusal.recipients, id, verdict)
        case .refused(let refusal):
            if refusal.isAboutLogin, let login {
                let wait = UInt64(EmailVerdict.slowWait.milliseconds) * 1_000_000
                progress.refuse(login.password, until: clock.monotonicNanoseconds() + wait)
            }
            return verdict.judge(refusal, server: settings.server.description)
        }
    }

    /// Recipients may be refused one by one: who may take it later gets another attempt, for him alone; who never will is
    /// told of, and no reason to send it to the others again. What a server says of us is no recipient's fault: as long as
    /// nobody has the message, it waits for the set-up.
    private func settle(_ refused: [RefusedRecipient], _ id: String, _ verdict: EmailVerdict) -> Delivery {
        let step = SMTPStep.recipient(0)
        let isTaken = progress.settled(id).isTaken
        let later = refused.filter { !$0.reply.isPermanent }
        var ours = refused.filter { $0.reply.isPermanent && !isTaken && MailFault.of($0.reply, at: step) == .setup }
        let isOneByOne = refused.contains { $0.reply.isPermanent && MailFault.of($0.reply, at: step) == .recipient }
        if isOneByOne { ours.removeAll { MailFault.isBareForbidding($0.reply) } }
        let never = refused.filter { one in one.reply.isPermanent && !ours.contains(one) }
        func list(_ refused: [RefusedRecipient]) -> String {
            let more = refused.count > 1 ? ", and \(refused.count - 1) more" : ""
            return "email channel \(name): \(refused.first.map(verdict.reason) ?? "")\(more)"
        }
        func tell() {
            for one in never { notice("email channel \(name): \(verdict.reason(one))") }
        }
        progress.settle(id, never.map(\.recipient), isTaken: false)
        if !ours.isEmpty, later.isEmpty {
            tell()
            return .blocked(after: EmailVerdict.slowWait, reason: "\(list(ours)); \(EmailVerdict.setupHint)")
        }
        if !later.isEmpty {
            tell()
            let isLasting = !isTaken && later.allSatisfy { MailFault.isLasting($0.reply, at: step) }
            return isLasting
                ? .blocked(after: EmailVerdict.politeWait, reason: "\(list(later)); \(EmailVerdict.setupHint)")
                : .retry(after: EmailVerdict.politeWait, reason: list(later))
        }
        guard !isTaken else {
            tell()
            return .delivered
        }
        return .rejected(reason: list(never))
    }
}
