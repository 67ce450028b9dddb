import Ambient
import Synchronization

/// Hands mails to mail servers through libcurl: SMTP, STARTTLS, SMTPS, login with user and password.
///
/// Each attempt has a thread of its own, for as long as it lasts. It does not share the HTTP client's: libcurl waits for a
/// server's answer to a message, and to its farewell, without giving the thread back (curl/curl#8555), so that one slow
/// mail server would stop the polling of every runtime. A connection carries one message.
public struct SMTPClient: Sendable {
    public init() {}

    /// Sends one mail and waits for the answer. Cancelling the task ends it within a second.
    public func send(_ mail: Mail) async -> MailOutcome {
        let place = mail.server.description
        if let flaw = mail.flaw {
            return .failed(MailFailure(kind: .invalid(flaw), step: .greeting, location: place))
        }
        let handle = MailHandle(mail)
        return await withTaskCancellationHandler {
            await OwnThread.run { handle.perform() }
                ?? .failed(MailFailure(kind: .outOfMemory, step: .greeting, location: place))
        } onCancel: {
            handle.isCancelled.store(true, ordering: .releasing)
        }
    }
}
