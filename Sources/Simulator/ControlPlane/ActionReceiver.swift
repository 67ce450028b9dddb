import Digest
import Model

/// An operator's endpoint behind the signed webhook: checks who asks, does it, and signs its answer.
struct ActionReceiver: Sendable {
    let secret: String
    private(set) var leases: [String: (app: String, effect: JSON, expiresAt: Timestamp)] = [:]
    private var nonces: Set<String> = []
    private var lastAnswer: (body: [UInt8], signature: String)?

    /// Of a question's age, in either direction.
    static let tolerance = TimeSpan.minutes(5)

    init(secret: String) {
        self.secret = secret
    }

    struct Reply: Sendable {
        let status: Int
        let body: [UInt8]
        var signature: String?
        var event = ControlPlaneEvent.Kind.none
        var lease: String?
        var app: String?
    }

    mutating func forget() {
        leases = [:]
        nonces = []
    }

    mutating func expire(now: Timestamp) -> [(id: String, app: String)] {
        let over = leases.filter { $0.value.expiresAt <= now }.sorted { $0.key < $1.key }
        for (id, _) in over { leases[id] = nil }
        return over.map { ($0.key, $0.value.app) }
    }

    /// - Parameter isIdle: says yes and does nothing.
    mutating func answer(
        _ body: [UInt8], _ document: JSON?, signature: String?, now: Timestamp, isIdle: Bool,
        fault: ControlPlaneFault.Kind?
    ) -> Reply {
        guard let signature, isGenuine(signature, body, now) else {
            return Reply(status: 401, body: Array(#"{"error":"not signed with our secret, or too old"}"#.utf8))
        }
        guard let document, document["schema"]?.string == "mozaiks.ops/lease-request/v1",
            let nonce = document["nonce"]?.string, let sheet = document["lease"], let id = sheet["id"]?.string,
            let request = document["request"]?.string, let app = sheet["app_id"]?.string,
            let end = sheet["expires_at"]?.string.flatMap({ Timestamp(rfc3339: $0) })
        else { return Reply(status: 422, body: Array(#"{"error":"not a lease request"}"#.utf8)) }
        guard nonces.insert(nonce).inserted else {
            return Reply(status: 409, body: Array(#"{"error":"this question was asked before"}"#.utf8))
        }
        var event = ControlPlaneEvent.Kind.none
        var claimed: String?
        switch request {
        case "put":
            claimed = "in_force"
            if end <= now {
                claimed = nil
            } else if !isIdle {
                let effect: JSON = ["action": sheet["action"] ?? .null, "limits": sheet["limits"] ?? .null]
                let old = leases.updateValue((app, effect, end), forKey: id)
                event = old == nil ? .began : (old?.effect == effect && old?.expiresAt == end ? .repeated : .changed)
            }
        case "revert":
            claimed = "ended"
            if !isIdle { event = leases.removeValue(forKey: id) == nil ? .none : .ended }
        default: break
        }
        let state = claimed ?? (leases[id] == nil ? "ended" : "in_force")
        let text = JSON.object([
            "schema": "mozaiks.ops/lease-answer/v1", "id": .string(id), "nonce": .string(nonce), "state": .string(state),
        ])
        return signed(text.serializedBytes(), question: (body, signature), now, fault, event, id, app)
    }

    private mutating func signed(
        _ body: [UInt8], question: (body: [UInt8], signature: String), _ now: Timestamp, _ fault: ControlPlaneFault.Kind?,
        _ event: ControlPlaneEvent.Kind, _ id: String, _ app: String
    ) -> Reply {
        let seconds = String(now.milliseconds / 1_000)
        let key = fault == .forged ? "not the secret" : secret
        let code = HMACSHA256.hex(key: Array(key.utf8), message: Array("\(seconds).answer.".utf8) + body)
        var reply = Reply(status: 200, body: body, signature: "t=\(seconds),v1=\(code)", event: event, lease: id, app: app)
        if fault == .replayed, let lastAnswer {
            reply = Reply(
                status: 200, body: lastAnswer.body, signature: lastAnswer.signature, event: event, lease: id, app: app)
        } else if fault == .reflected {
            reply = Reply(
                status: 200, body: question.body, signature: question.signature, event: event, lease: id, app: app)
        } else {
            lastAnswer = (body, "t=\(seconds),v1=\(code)")
        }
        return reply
    }

    private func isGenuine(_ signature: String, _ body: [UInt8], _ now: Timestamp) -> Bool {
        let parts = signature.split(separator: ",")
        guard parts.count == 2, parts[0].hasPrefix("t="), parts[1].hasPrefix("v1="), let seconds = Int64(parts[0].dropFirst(2))
        else { return false }
        let age = now - Timestamp(milliseconds: seconds * 1_000)
        guard age.milliseconds.magnitude <= ActionReceiver.tolerance.milliseconds else { return false }
        return parts[1].dropFirst(3) == HMACSHA256.hex(key: Array(secret.utf8), message: Array("\(seconds).".utf8) + body)
    }
}
