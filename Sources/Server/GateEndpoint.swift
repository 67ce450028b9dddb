import Actions
import Model

/// `GET /gate` and `GET /gate/ask`: a proxy's question, over HTTP.
///
/// | proxy | asks | names the request in | is answered |
/// |---|---|---|---|
/// | nginx `auth_request` | `/gate?refuse=403` | `X-Original-URI`, `X-Original-Method` | 204, or 403 with `X-Mozaiks-*` fields, of which nginx makes a 429 |
/// | Caddy, anything else | `/gate/ask?method=…&uri=…` | the query, both encoded | 204, or the 429 itself |
/// | Caddy, Traefik `forward_auth` | `/gate` | `X-Forwarded-Uri`, `X-Forwarded-Method` | 204, or the 429 itself |
///
/// nginx takes any other status than 2xx, 401 and 403 for an error. Each form reads its own fields only: a
/// `forward_auth` passes on what the client sent, and a client could send `X-Original-URI`.
///
/// `&runtime=NAME` says which runtime is behind the proxy, where several are watched. `&running=N` beside `refuse=403` is for the
/// runtime extension alone: so many runs of the app hold a place in its process now. A proxy's question has a fixed query, and
/// nothing of a client's in it.
struct GateEndpoint: Sendable {
    let gate: Gate

    func answer(_ request: ServerRequest) -> ServerResponse {
        let isNginx = request.queryValue("refuse") == "403"
        let targets = request.headerValues(isNginx ? "X-Original-URI" : "X-Forwarded-Uri")
        let methods = request.headerValues(isNginx ? "X-Original-Method" : "X-Forwarded-Method")
        let answer: Gate.Answer
        if targets.count == 1, methods.count == 1 {
            answer = gate.ask(
                method: String(decoding: methods[0], as: UTF8.self), target: targets[0],
                runtime: request.queryValue("runtime"), running: isNginx ? Self.count(request.queryValue("running")) : nil)
        } else {
            answer = gate.askedUnparsably()
        }
        return Self.response(answer, isNginx: isNginx)
    }

    /// Everything in the query, for proxies that send no header field along. A path of its own: to `/gate` a careless proxy
    /// forwards the client's own query.
    func answerQuery(_ request: ServerRequest) -> ServerResponse {
        guard let method = request.queryValue("method"), let target = request.queryBytes("uri") else {
            return Self.response(gate.askedUnparsably(), isNginx: false)
        }
        return Self.response(
            gate.ask(method: method, target: target, runtime: request.queryValue("runtime")), isNginx: false)
    }

    private static func count(_ text: String?) -> Int? {
        guard let text, (1...7).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }

    private static func response(_ answer: Gate.Answer, isNginx: Bool) -> ServerResponse {
        switch answer {
        case .start(.refuse(let refusal)): return isNginx ? Self.forNginx(refusal) : Self.forClient(refusal)
        case .start(.allow(.failedOpen(let doubt))): return Self.open("failed-open; \(doubt.rawValue)")
        case .unparsable: return Self.open("failed-open; \(GateDoubt.unparsable.rawValue)")
        case .start, .notAStart: return Self.open("allowed")
        }
    }

    private static func open(_ verdict: String) -> ServerResponse {
        ServerResponse(status: 204, headers: [("X-Mozaiks-Gate", verdict)])
    }

    private static func forNginx(_ refusal: GateRefusal) -> ServerResponse {
        ServerResponse(
            status: 403,
            headers: [
                ("X-Mozaiks-Gate", "refused"), ("X-Mozaiks-Lease", refusal.lease),
                ("X-Mozaiks-Retry-After", "\(refusal.retryAfterSeconds)"), ("X-Mozaiks-Body", body(refusal)),
            ])
    }

    private static func forClient(_ refusal: GateRefusal) -> ServerResponse {
        var response = ServerResponse.json(body(refusal), status: 429)
        response.headers += [("X-Mozaiks-Gate", "refused"), ("Retry-After", "\(refusal.retryAfterSeconds)")]
        return response
    }

    /// `{"detail": …}` is the shape in which the runtime itself reports errors: its clients show it already.
    /// Pure printable ASCII, so that it fits into a header field.
    private static func body(_ refusal: GateRefusal) -> String {
        let object: JSON = ["detail": .string(refusal.text), "retry_after": .int(Int64(refusal.retryAfterSeconds))]
        var ascii = ""
        for unit in object.serialized().utf16 {
            if unit >= 0x20, unit < 0x7F {
                ascii.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            } else {
                ascii += Hex.escape(unit)
            }
        }
        return ascii
    }
}
