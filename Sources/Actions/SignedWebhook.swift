import Ambient
import HTTP
import Model
import Settings

/// An operator's own endpoint: it is posted the lease, signed, and answers what it did, signed.
///
/// A question is a document of schema `mozaiks.ops/lease-request/v1`:
/// `{"schema": …, "request": "put" | "revert" | "state", "nonce": …, "at": …, "lease": {…}}`, with `X-Mozaiks-Signature` as on
/// messages (``BodySignature``). `put` and `revert` may come twice and change nothing the second time; `state` only asks.
///
/// The answer is 200 with `{"schema": "mozaiks.ops/lease-answer/v1", "id": the lease's, "nonce": the question's, "state": "in_force" |
/// "ended" | "refused", "reason": …}`, and `X-Mozaiks-Signature` over `SECONDS.answer.BODY` with the same secret. The nonce is
/// new for every question, so that an old answer is worth nothing, whatever the clocks say; the word `answer` keeps a question that is
/// thrown back from passing for its own answer. What is not so signed is not believed: not a yes, and not a no.
public struct SignedWebhook: ActionAdapter {
    static let requestSchema = "mozaiks.ops/lease-request/v1"
    static let answerSchema = "mozaiks.ops/lease-answer/v1"
    static let answerPurpose = "answer"

    public let name = Settings.key.name
    private let settings: Settings
    /// Whose leases these are.
    private let owner: String
    private let url: @Sendable () throws -> Secret
    private let secret: @Sendable () throws -> Secret
    private let nonce: @Sendable () -> String
    private var receiver: Receiver
    /// For one request. Milliseconds.
    var timeoutMs: Int {
        get { receiver.timeoutMs }
        set { receiver.timeoutMs = newValue }
    }

    /// - Parameter nonce: a text that never comes twice.
    public init(
        _ settings: Settings, _ means: Means, owner: String, nonce: @escaping @Sendable () -> String = SignedWebhook.randomNonce
    ) {
        self.settings = settings
        self.owner = settings.owner ?? owner
        url = means.secret(settings.url, "the URL of the action webhook")
        secret = means.secret(settings.secret, "the secret of the action webhook")
        self.nonce = nonce
        receiver = Receiver(label: "the action webhook", client: means.client, clock: means.clock)
        receiver.hidesPath = true
        receiver.bodyLimit = 64 << 10
    }

    public func capability(for key: LeaseKey) -> Capability? {
        // Its put names the end: whoever was told one is told the next, whoever acts on it.
        key.kind != .notify && settings.actions.contains(key.kind)
            ? Capability(expiry: settings.expiry, hearsOfExtensions: true) : nil
    }

    public func put(_ order: LeaseOrder) async -> Landing {
        do throws(Setback) {
            let answer = try await ask(.put, order)
            guard answer.state == .inForce else { return .refused(reason: answer.text("did not put the lease in force")) }
            let state = try await ask(.state, order)
            guard state.state == .inForce else {
                return .refused(reason: state.text("said that the lease was in force, and a moment later that it is not"))
            }
            return .landed(nil)
        } catch {
            return Landing(error)
        }
    }

    public func revert(_ order: LeaseOrder) async -> Undoing {
        do throws(Setback) {
            switch try await ask(.state, order).state {
            case .ended: return .alreadyGone
            case .inForce, .refused: break
            }
            let answer = try await ask(.revert, order)
            switch answer.state {
            case .ended: break
            case .inForce: return .retry(after: nil, reason: answer.text("still has the lease"))
            case .refused: return .refused(reason: answer.text("will not undo the lease"))
            }
            let state = try await ask(.state, order)
            guard state.state == .ended else {
                return .retry(after: nil, reason: state.text("said that the lease was undone, and still has it"))
            }
            return .undone
        } catch {
            return Undoing(trying: error)
        }
    }

    public func held(_ orders: [LeaseOrder]) async -> Holding {
        var inForce: Set<String> = []
        for order in orders {
            do throws(Setback) {
                if try await ask(.state, order).state == .inForce { inForce.insert(order.id) }
            } catch {
                return Holding(error)
            }
        }
        return .known(inForce: inForce, strangers: [])
    }

    /// 32 hexadecimal digits of the system's randomness.
    public static func randomNonce() -> String {
        var random = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(random.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }.joined()
    }

    // MARK: - Questions and answers

    private enum Question: String {
        case put, revert, state
    }

    private struct Answer {
        enum State: String, CaseIterable {
            case inForce = "in_force"
            case ended, refused
        }

        let state: State
        /// Fit to be shown.
        let reason: String?

        func text(_ what: String) -> String {
            "the action webhook \(what)" + (reason.map { ": \($0)" } ?? "")
        }
    }

    private func ask(_ question: Question, _ order: LeaseOrder) async throws(Setback) -> Answer {
        let place: Secret
        let key: Secret
        do {
            (place, key) = (try url(), try secret())
        } catch let failure as SecretSource.Failure {
            throw .retry(failure.description)
        } catch {
            throw .retry("cannot read the URL or the secret of the action webhook")
        }
        guard !key.isEmpty, !place.isEmpty else { throw .retry("the URL or the secret of the action webhook is empty") }
        let nonce = nonce()
        let now = receiver.clock.now()
        let body = JSON.object([
            "schema": .string(SignedWebhook.requestSchema), "request": .string(question.rawValue), "nonce": .string(nonce),
            "at": .moment(now), "lease": LeaseSheet.document(order, owner: owner),
        ]).serializedBytes()
        let headers = [
            HTTPField(BodySignature.field, BodySignature.value(of: body, key: key, at: now)),
            HTTPField("Idempotency-Key", "\(order.id)-\(question.rawValue)-\(order.expiresAt.milliseconds)"),
        ]
        let reply: Receiver.Reply
        var asking = receiver
        asking.secrets = [place, key]
        do throws(Setback) {
            reply = try await asking.send(.post, place.reveal(), headers: headers, body: body, accepting: [200])
        } catch {
            // A status is signed by nobody: it ends nothing.
            switch error {
            case .retry(let after, let reason): throw .retry(after: after, Redaction([place, key]).clean(reason))
            case .refused(let reason): throw .retry(Redaction([place, key]).clean(reason))
            }
        }
        return try read(reply, order, nonce, place, key)
    }

    private func read(
        _ reply: Receiver.Reply, _ order: LeaseOrder, _ nonce: String, _ place: Secret, _ key: Secret
    ) throws(Setback) -> Answer {
        guard let signature = reply.headers[BodySignature.field],
            BodySignature.isValid(signature, of: reply.body, key: key, purpose: SignedWebhook.answerPurpose)
        else {
            throw .retry(
                "the action webhook's answer is not signed with our secret and not believed; do both sides have the same one?")
        }
        guard let document = reply.document, document["schema"]?.string == SignedWebhook.answerSchema,
            let id = document["id"]?.string, let echo = document["nonce"]?.string,
            let state = document["state"]?.string.flatMap(Answer.State.init)
        else { throw .retry("the action webhook's answer cannot be read: it is no \(SignedWebhook.answerSchema)") }
        guard id.isSame(as: order.id), echo.isSame(as: nonce) else {
            throw .retry("the action webhook's answer is not the answer to this question, perhaps an older one; not believed")
        }
        // Who knows our secret may still say it.
        return Answer(
            state: state, reason: document["reason"]?.string.map { Receiver.plain($0, limit: 200, hiding: [place, key]) })
    }
}
