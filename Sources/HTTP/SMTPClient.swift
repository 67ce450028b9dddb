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
        let attempt = Attempt(MailHandle(mail))
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in attempt.start(continuation, location: place) }
        } onCancel: {
            attempt.handle.isCancelled.store(true, ordering: .releasing)
        }
    }

    /// A mail and who waits for it.
    private final class Attempt: Sendable {
        let handle: MailHandle
        private let waiting = Mutex<CheckedContinuation<MailOutcome, Never>?>(nil)

        init(_ handle: MailHandle) {
            self.handle = handle
        }

        func start(_ continuation: CheckedContinuation<MailOutcome, Never>, location: String) {
            waiting.withLock { $0 = continuation }
            let isStarted = LooseThread.start { self.finish(self.handle.perform()) }
            if !isStarted { finish(.failed(MailFailure(kind: .outOfMemory, step: .greeting, location: location))) }
        }

        private func finish(_ outcome: MailOutcome) {
            let continuation = waiting.withLock { waiting in
                defer { waiting = nil }
                return waiting
            }
            continuation?.resume(returning: outcome)
        }
    }
}
