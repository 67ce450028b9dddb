import Ambient
import Model
import Testing

@testable import HTTP
@testable import Notify

/// A mail server that says the password in its answer: nothing of that answer is shown.
@Suite struct EmailEchoTests {
    private static let password = "hunter2/Password+99"
    private static let hidden = "email channel ops: the server's answer is not shown, for it holds the password"

    private func reason(_ text: String, _ step: SMTPStep = .message) -> String {
        let refusal = SMTPRefusal(step: step, reply: SMTPReply(code: 554, lines: [text]), recipients: [])
        return EmailVerdict(channel: "email channel ops", password: Secret(Self.password)).reason(refusal, server: "smtp://mail:587")
    }

    @Test(
        "in whatever form it is said",
        arguments: [
            password, password.uppercased(), "hunter2%2FPassword%2B99", #"hunter2\/Password\u002b99"#, Base64.encode(password.utf8),
            // Of a user that is not ours, such as one that the server put together itself.
            Base64.encode("\0ops@example.com\0\(password)".utf8), Hex.encode(password.utf8),
            // Where the middle of the answer is left out, it is in the middle.
            String(repeating: "x", count: 95) + " \(password) " + String(repeating: "y", count: 200),
        ])
    func echoes(text: String) {
        #expect(reason("unknown: \(text)") == Self.hidden)
        #expect(reason("unknown: \(text)", .sender) == Self.hidden)
        let refused = RefusedRecipient(
            recipient: MailAddress("dana@example.com")!, reply: SMTPReply(code: 550, lines: ["5.1.1 \(text)"]))  // An address.
        let verdict = EmailVerdict(channel: "email channel ops", password: Secret(Self.password))
        #expect(verdict.reason(refused) == Self.hidden)
    }

    @Test func `other words are shown`() {
        #expect(reason("no such thing as hunter2").contains("no such thing as hunter2"))
    }
}
