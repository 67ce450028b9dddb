import JSONParsing
import Model
import Server
import Simulator

/// What both worlds have: services that people hear through, which write down by themselves what they took.
package enum ChaosServices {
    /// Takes a post to `/slack` or `/hook`. Returns what Slack answers where it would not take one; nil: taken.
    package static func take(_ request: ServerRequest, _ body: JSON, _ posts: ChaosLog, now: Timestamp) -> ServerResponse? {
        let name = String(request.path.dropFirst())
        if name == "slack", case .refused(let why) = SlackPayload(body: request.body).verdict {
            posts.write(["at_ms": .int(now.milliseconds), "service": "slack", "refused": .string(why)])
            return .text(why, status: 400)
        }
        var post: JSONObject = ["at_ms": .int(now.milliseconds), "service": .string(name)]
        if name == "hook" {
            post.append("event", body["event"] ?? .null)
            post.append("incident", body["incident"]?["id"] ?? .null)
            post.append("key", .optional(request.header("Idempotency-Key")))
        } else {
            post.append("text", body["text"] ?? .null)
        }
        posts.write(.object(post))
        return nil
    }

    /// What the platform keeps of a tenant.
    package static func entitlements(_ app: String) -> JSON {
        [
            "version": "1.0", "app_id": .string(app), "tenant_id": .string("tenant-\(app)"),
            "plan": ["id": "pro", "name": "Pro", "tier": "pro", "billing_period": "monthly", "expires_at": .null],
            "token_budget": ["period": "monthly", "total_tokens": ["limit": -1, "used": 0, "enforcement": "none"]],
            "features": ["workflow_execution": true, "code_execution": true],
            "rate_limits": ["requests_per_minute": 600, "concurrent_workflows": 50], "correlation_id": "platform",
        ]
    }
}
