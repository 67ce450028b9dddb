import JSONParsing
import Journal
import Model
import Server
import Testing

@testable import Cycle
@testable import Guard
@testable import Web

/// Whose order is taken, by which way, and what is said to whoever's is not.
@Suite struct OrderWordsTests {
    @Test("who comes after another approver is told who it was, and when", arguments: ["approve", "deny"])
    func secondApprover(deed: String) throws {
        let world = try World()
        let approval = try world.offer()
        var state = GuardState()
        state.approvals = [approval]
        _ = state.answer(
            approval.id, digest: approval.digest, approves: true, by: "token:ann", comment: nil, now: World.start + .seconds(5))
        try world.commit([], states: [StateRow(key: "guard", bytes: state.document.serializedBytes())])
        let answer = world.face().post(
            "/api/v1/approvals/\(approval.id)/\(deed)", #"{"digest":"\#(approval.digest)"}"#,
            bearer: try world.token("maria", .approver))
        let moment = "\(World.start + .seconds(5))"
        #expect(
            answer.status == 409 && answer.text.contains("it waits no more: \(approval.id) was approved by token:ann at \(moment)"),
            "\(answer.text)")
    }

    @Test(
        "without a token an order says which would do, and none that only reads",
        arguments: [
            ("/api/v1/marks", "POST", "token create NAME --role operator' made, as 'Authorization", "read_token_file"),
            ("/api/v1/approvals/abcd/approve", "POST", "--role approver' made, as 'Authorization", "/sign-in"),
            ("/api/v1/rules", "GET", "token create' made, or that of server: {read_token_file: …}; as 'Authorization", "--role"),
        ])
    func whichTokenOpens(target: String, method: String, says: String, not: String) throws {
        let world = try World()
        let face = world.face(token: "of-the-readers")
        let answer = method == "GET" ? face.get(target) : face.post(target, "{}")
        #expect(answer.status == 401 && answer.text.contains(says) && !answer.text.contains(not), "\(answer.text)")
    }

    @Test(
        "what a proxy on this machine forwards under our own name is not taken: how it came there nobody knows",
        arguments: ["Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "Via"])
    func forwarded(header: String) throws {
        let world = try World()
        let token = try world.token("tom", .operator)
        let face = world.face(publicURL: "https://ops.example.com")
        func order(_ host: String, _ more: [(name: String, value: String)]) -> ServerResponse {
            let fields: [(name: String, value: String)] = [
                ("Host", host), ("Content-Type", "application/json"), ("Authorization", "Bearer " + token),
            ]
            return face.answer(World.post("/api/v1/marks", #"{"name":"v1"}"#, fields + more))
        }
        let refused = order("127.0.0.1:9464", [(header, "https")])
        #expect(refused.status == 403 && refused.text.contains("proxy_set_header Host $host"), "\(refused.text)")
        #expect(order("ops.example.com", [(header, "https")]).status == 202)
        #expect(order("127.0.0.1:9464", []).status == 202)
    }
}
