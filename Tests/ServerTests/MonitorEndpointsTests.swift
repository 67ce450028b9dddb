import Actions
import Collector
import GateKit
import Model
import Synchronization
import Testing

@testable import Server

@Suite("monitor endpoints")
struct MonitorEndpointsTests {
    private static func endpoints(_ effects: [Effect] = [.pause], texts: GateTexts = GateTexts()) -> MonitorEndpoints {
        let table = GateTable(runtimes: ["shared"], leases: effects.map { GateSample.lease($0) }, texts: texts)
        let gate = Gate(table: table) { GateSample.t0 }
        return MonitorEndpoints(gate: gate, health: { DaemonHealth(isCycling: true) })
    }

    private static func fields(_ proxy: String, uri: [String], method: [String] = ["POST"]) -> [(
        name: String, value: String
    )] {
        let names =
            proxy == "nginx" ? ("X-Original-URI", "X-Original-Method") : ("X-Forwarded-Uri", "X-Forwarded-Method")
        return uri.map { (name: names.0, value: $0) } + method.map { (name: names.1, value: $0) }
    }

    private static let start = "/api/chats/app_noisy/Generator/start"

    private static func ask(
        _ proxy: String, _ headers: [(name: String, value: String)], extra: String = ""
    ) -> ServerResponse {
        let target = (proxy == "nginx" ? "/gate?refuse=403" : "/gate?") + extra
        return endpoints().answer(ServerRequest(target: target, headers: headers))
    }

    private static func header(_ response: ServerResponse, _ name: String) -> String? {
        response.headers.first { $0.name == name }?.value
    }

    @Test("refused, as each proxy understands it")
    func refused() {
        let body =
            #"{"detail":"New runs of this app are paused for the moment. Please try again in 15 minutes.","retry_after":900}"#
        let nginx = Self.ask("nginx", Self.fields("nginx", uri: [Self.start]))
        #expect(nginx.status == 403)
        #expect(Self.header(nginx, "X-Mozaiks-Gate") == "refused")
        #expect(Self.header(nginx, "X-Mozaiks-Retry-After") == "900")
        #expect(Self.header(nginx, "X-Mozaiks-Body") == body)
        #expect(nginx.body.isEmpty)
        let caddy = Self.ask("caddy", Self.fields("caddy", uri: [Self.start]))
        #expect(caddy.status == 429)
        #expect(Self.header(caddy, "Retry-After") == "900")
        #expect(Self.header(caddy, "Content-Type") == "application/json")
        #expect(String(decoding: caddy.body, as: UTF8.self) == body)
    }

    @Test("open, and saying why", arguments: ["nginx", "caddy"])
    func open(proxy: String) {
        func verdict(uri: [String], method: [String] = ["POST"], extra: String = "") -> String? {
            let response = Self.ask(proxy, Self.fields(proxy, uri: uri, method: method), extra: extra)
            return response.status == 204 ? Self.header(response, "X-Mozaiks-Gate") : "\(response.status)"
        }
        #expect(verdict(uri: ["/api/chats/app_other/Generator/start"]) == "allowed")
        #expect(verdict(uri: ["/api/health"]) == "allowed")
        #expect(verdict(uri: [Self.start], method: ["GET"]) == "allowed")
        #expect(verdict(uri: []) == "failed-open; unparsable")
        #expect(verdict(uri: [Self.start, "/"]) == "failed-open; unparsable")
        #expect(verdict(uri: [Self.start], method: []) == "failed-open; unparsable")
        #expect(verdict(uri: [Self.start], extra: "&runtime=unheard-of") == "failed-open; unknown_runtime")
    }

    @Test("a question in the query, encoded")
    func query() {
        func ask(_ query: String) -> ServerResponse {
            Self.endpoints().answer(ServerRequest(target: "/gate/ask\(query)", headers: Self.fields("caddy", uri: ["/"], method: ["GET"])))
        }
        #expect(ask("?method=POST&uri=%2Fapi%2Fchats%2Fapp_noisy%2FGenerator%2Fstart%3Furi%3D%2F").status == 429)
        #expect(ask("?method=POST&uri=%2Fapi%2Fchats%2Fapp%255Fnoisy%2FGenerator%2Fstart").status == 429)
        #expect(ask("?method=POST&uri=%2Fapi%2Fchats%2Fother%2FGenerator%2Fstart").status == 204)
        #expect(ask("?method=GET&uri=%2Fapi%2Fchats%2Fapp_noisy%2FGenerator%2Fstart").status == 204)
        for query in ["", "?", "?method=POST", "?uri=/"] {
            #expect(Self.header(ask(query), "X-Mozaiks-Gate") == "failed-open; unparsable", "\(query)")
        }
    }

    @Test("what a client sends does not speak for its proxy")
    func spoofed() {
        let caddy = Self.fields("caddy", uri: [Self.start]) + Self.fields("nginx", uri: ["/"], method: ["GET"])
        #expect(Self.ask("caddy", caddy).status == 429)
        let nginx = Self.fields("nginx", uri: [Self.start]) + Self.fields("caddy", uri: ["/"], method: ["GET"])
        #expect(Self.ask("nginx", nginx).status == 403)
    }

    @Test(
        "the runtime extension says what runs now; what is no number is not heard, nor is it from another proxy",
        arguments: [
            ("nginx", "&running=1", true), ("nginx", "&running=2", false), ("nginx", "", false), ("nginx", "&running=-1", false),
            ("nginx", "&running=", false), ("nginx", "&running=12345678", false), ("nginx", "&running=1x", false),
            ("caddy", "running=1", false),
        ])
    func told(proxy: String, extra: String, passes: Bool) {
        let table = GateTable(
            runtimes: ["shared"], leases: [GateSample.lease(GateSample.throttle(runs: 2))],
            openRuns: ["shared": OpenRuns(at: GateSample.t0, byApp: [GateSample.app: 9])], single: ["shared"])
        let endpoints = MonitorEndpoints(
            gate: Gate(table: table) { GateSample.t0 }, health: { DaemonHealth(isCycling: true) })
        let target = (proxy == "nginx" ? "/gate?refuse=403" : "/gate?") + extra
        let answer = endpoints.answer(ServerRequest(target: target, headers: Self.fields(proxy, uri: [Self.start])))
        #expect((answer.status == 204) == passes, "\(answer.status)")
        #expect(!passes || Self.header(answer, "X-Mozaiks-Gate") == "allowed")
    }

    @Test("the operator's words fit into a header field whatever they are")
    func hostileText() {
        var texts = GateTexts()
        texts.paused = "R\u{E9}essayez \u{1F600}\r\nX-Evil: \"1\"\u{7F}"
        let request = ServerRequest(
            target: "/gate?refuse=403", headers: Self.fields("nginx", uri: [Self.start]))
        let value = Self.header(Self.endpoints(texts: texts).answer(request), "X-Mozaiks-Body")
        #expect(value == #"{"detail":"R\u00e9essayez \ud83d\ude00\r\nX-Evil: \"1\"\u007f","retry_after":900}"#)
    }

    @Test("routes: health, unknown paths, other methods, more routes")
    func routes() {
        let health = DaemonHealth(isCycling: false, troubles: ["polls of shared"], details: JSONObject([(key: "cycles", value: 7)]))
        let endpoints = MonitorEndpoints(
            gate: nil, health: { health }, more: [.init("/metrics") { _ in .text("m") }])
        let stuck = endpoints.answer(ServerRequest(target: "/healthz?x"))
        #expect(stuck.status == 503)
        #expect(String(decoding: stuck.body, as: UTF8.self) == #"{"status":"stuck","stuck":["polls of shared"],"cycles":7}"#)
        let halting = DaemonHealth(isCycling: true, troubles: ["channel ops"], details: JSONObject())
        let troubled = MonitorEndpoints(gate: nil, health: { halting }).answer(ServerRequest(target: "/healthz"))
        #expect(
            troubled.status == 200 && String(decoding: troubled.body, as: UTF8.self) == #"{"status":"troubled","stuck":["channel ops"]}"#)
        #expect(endpoints.answer(ServerRequest(target: "/metrics")).body == Array("m".utf8))
        #expect(endpoints.answer(ServerRequest(target: "/gate")).status == 404)
        #expect(endpoints.answer(ServerRequest(target: "/healthz/")).status == 404)
        #expect(endpoints.answer(ServerRequest(method: "POST", target: "/healthz")).status == 405)
        #expect(Self.endpoints().answer(ServerRequest(target: "/healthz")).status == 200)
    }
}
