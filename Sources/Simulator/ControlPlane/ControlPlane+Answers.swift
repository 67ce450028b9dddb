import Ambient
import JSONParsing
import Model
import Server
import Synchronization

/// What it answers at each of its three doors: leases, entitlements, the webhook.
extension ControlPlane {
    static func leases(
        _ path: String, _ request: ServerRequest, _ box: Box, _ fault: ControlPlaneFault.Kind?
    ) -> ServerResponse {
        if let refusal = refusal(request, box.options) { return refusal }
        let now = box.options.now()
        let id = String(path.dropFirst("/ops/v1/leases".count).drop { $0 == "/" })
        let document = try? JSON(parsing: request.body)
        return box.state.withLock { state in
            expire(&state, now)
            let change: LeaseStore.Change
            switch (request.method, id.isEmpty) {
            case ("GET", true):
                change = .init(status: 200, body: state.leases.list(owner: request.queryValue("owner")))
            case ("GET", false): change = state.leases.get(id)
            case ("PUT", false):
                if fault == .ignores {
                    change = .init(status: 200, body: document)
                } else {
                    change = state.leases.put(
                        id, document ?? .null, now: now, isInForce: fault != .halfApplied,
                        longerBy: fault == .distorts ? .hours(1) : .zero)
                }
            case ("DELETE", false):
                change = fault == .ignores ? .init(status: 204, body: nil) : state.leases.delete(id)
            default: change = LeaseStore.problem(405, "method not allowed", "GET, PUT or DELETE")
            }
            let status = fault == .halfApplied && request.method != "GET" ? 500 : change.status
            state.log.append(
                ControlPlaneEvent(
                    at: now, part: .leases, kind: change.event, request: "\(request.method) \(request.path)", status: status,
                    lease: id.isEmpty ? nil : id, app: change.app))
            if status == 500 { return .json(#"{"title":"internal error","status":500}"#, status: 500) }
            guard let body = change.body else { return ServerResponse(status: status) }
            var response = ServerResponse.json(body.serializedBytes(), status: status)
            if status >= 400 { response.headers = [("Content-Type", "application/problem+json")] }
            return response
        }
    }

    // MARK: - Entitlements

    static func entitlements(
        _ path: String, _ request: ServerRequest, _ box: Box, _ fault: ControlPlaneFault.Kind?
    ) -> ServerResponse {
        let parts = path.dropFirst("/api/v1/entitlements".count).split(separator: "/", omittingEmptySubsequences: false)
            .dropFirst().map(String.init)
        func answer(_ status: Int, _ body: JSON) -> ServerResponse { .json(body.serializedBytes(), status: status) }
        let isSync = parts.count == 2 && parts[1] == "sync" && !parts[0].isEmpty
        guard parts.isEmpty || (parts.count == 1 && !parts[0].isEmpty) || isSync else {
            return answer(404, ["detail": "Not Found"])
        }
        guard request.method == (isSync ? "POST" : "GET") else { return answer(405, ["detail": "Method Not Allowed"]) }
        if let refusal = refusal(request, box.options) {
            note(box, .entitlements, .none, request, refusal.status)
            return refusal
        }
        let now = box.options.now()
        return box.state.withLock { state in
            guard isSync, let app = parts.first else {
                return answer(200, parts.first.map { state.entitlements.get($0) } ?? state.entitlements.list)
            }
            guard let document = try? JSON(parsing: request.body) else {
                return answer(422, EntitlementForm.notJSON(at: 1))
            }
            let moment = syncMoment(&state, now)
            var trial = state.entitlements
            let outcome = trial.sync(
                app, document, now: moment, failsHalfWay: fault == .halfApplied, distortedBy: fault == .distorts ? 1 : 0)
            if fault != .ignores { state.entitlements = trial }
            if case .overtaken(let other) = fault {
                let later = syncMoment(&state, now)
                _ = state.entitlements.sync(app, other, now: later)
            }
            var kind = ControlPlaneEvent.Kind.none
            let response: ServerResponse
            switch outcome {
            case .synced(let status, let body):
                kind = fault == .ignores ? .none : .synced
                response = answer(status, body)
            case .half:
                kind = .halfSynced
                response = ServerResponse(
                    status: 500, headers: [("Content-Type", "text/plain; charset=utf-8")],
                    body: Array("Internal Server Error".utf8))
            case .refused(let status, let body): response = answer(status, body)
            }
            state.log.append(
                ControlPlaneEvent(
                    at: now, part: .entitlements, kind: kind, request: "\(request.method) \(request.path)",
                    status: response.status, lease: document["correlation_id"]?.string, app: app))
            return response
        }
    }

    // MARK: - Webhook

    static func webhook(
        _ request: ServerRequest, _ box: Box, _ fault: ControlPlaneFault.Kind?
    ) -> ServerResponse {
        guard request.method == "POST" else { return .json(#"{"error":"POST only"}"#, status: 405) }
        let now = box.options.now()
        let document = try? JSON(parsing: request.body)
        return box.state.withLock { state in
            expire(&state, now)
            let reply = state.receiver.answer(
                request.body, document, signature: request.header("X-Mozaiks-Signature"), now: now,
                isIdle: fault == .ignores, fault: fault)
            let status = fault == .halfApplied ? 500 : reply.status
            state.log.append(
                ControlPlaneEvent(
                    at: now, part: .webhook, kind: reply.event, request: "\(document?["request"]?.string ?? "?") \(request.path)",
                    status: status, lease: reply.lease, app: reply.app))
            if status == 500 { return .json(#"{"error":"internal error"}"#, status: 500) }
            var response = ServerResponse.json(reply.body, status: reply.status)
            if let signature = reply.signature { response.headers.append(("X-Mozaiks-Signature", signature)) }
            return response
        }
    }
}
