import CCurl
import Glibc
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
            var thread = pthread_t()
            var attributes = pthread_attr_t()
            pthread_attr_init(&attributes)
            pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
            defer { pthread_attr_destroy(&attributes) }
            let work = Unmanaged.passRetained(self)
            let code = pthread_create(
                &thread, &attributes,
                { context in
                    guard let context else { return nil }
                    let attempt = Unmanaged<Attempt>.fromOpaque(context).takeRetainedValue()
                    // Signals belong to the main thread; SIGPIPE becomes an error of the write.
                    var all = sigset_t()
                    sigfillset(&all)
                    pthread_sigmask(SIG_SETMASK, &all, nil)
                    attempt.finish(attempt.handle.perform())
                    return nil
                }, work.toOpaque())
            guard code == 0 else {
                work.release()
                return finish(.failed(MailFailure(kind: .outOfMemory, step: .greeting, location: location)))
            }
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
