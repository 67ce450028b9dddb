import Model
import Testing

@testable import Collector

/// Fields that were left out of an answer are named, with how often and why.
@Suite struct FieldSurveyTests {
    static let cases: [(Endpoint, String, [String])] = [
        (.health, #"{"status":"healthy","mongodb_ping_ms":1.5,"active_connections":{"websocket_connections":3}}"#, []),
        (
            .health,
            #"{"status":"healthy","mongodb_ping_ms":"1.5","active_connections":{"websocket_connections":"7"},"health_check_time_ms":-1}"#,
            [
                "health_check_time_ms (below zero, once)", "mongodb_ping_ms (a text where a number belongs, once)",
                "websocket_connections (a text where a whole number belongs, once)",
            ]
        ),
        (
            .health, #"{"status":"healthy","mongodb_ping_ms":null,"active_connections":[]}"#,
            ["active_connections (a list where an object belongs, once)", "mongodb_ping_ms (null where a number belongs, once)"]
        ),
        (
            .events, #"{"data":{"created":1763714000,"custom_events_by_type":{"chat.usage_delta":"5"}}}"#,
            ["chat.usage_delta (a text where a whole number belongs, once)", "data.created (a number where a moment belongs, once)"]
        ),
        (
            .events, #"{"data":{"created":"yesterday","custom_events_by_type":{}}}"#,
            ["data.created (no moment with a zone (RFC 3339), once)"]
        ),
        (.activeRuns, #"{"active_count":"3","total_runs":4}"#, ["active_count (a text where a whole number belongs, once)"]),
        (
            .perf,
            #"{"active_chats":1,"total_cost":-2,"chats":[{"chat_id":"a","app_id":"x","cost":-1.5,"agent_turns":"7","ended_at":null},{"chat_id":"b","app_id":"x","cost":-2},{"chat_id":"c"},7]}"#,
            [
                "agent_turns (a text where a whole number belongs, once)", "app_id (missing: the chat is left out, once)",
                "chats (an element that is no object, once)", "cost (below zero, 2 times)", "total_cost (below zero, once)",
            ]
        ),
        (
            .perfChats, #"[{"chat_id":1,"app_id":"x","started_at":"2026-11-21"}]"#,
            ["chat_id (a number where a text belongs, once)", "started_at (no moment with a zone (RFC 3339), once)"]
        ),
        (.perf, #"{"chats":[],"chats":[]}"#, ["a name that stands twice in one object (the last one counts, once)"]),
    ]

    @Test(arguments: cases.indices) func named(index: Int) throws {
        let (endpoint, body, expected) = Self.cases[index]
        let answer = Observation.Answer(status: 200, date: nil, contentType: nil, body: Body(Array(body.utf8)))
        #expect(FieldSurvey.findings(answer, of: endpoint)?.map(\.description) == expected)
    }

    @Test("what is no JSON, or no answer, is spoken of elsewhere") func none() {
        for (status, body) in [(200, "{"), (200, ""), (500, "{}"), (204, "")] {
            let answer = Observation.Answer(status: status, date: nil, contentType: nil, body: Body(Array(body.utf8)))
            #expect(FieldSurvey.findings(answer, of: .health) == nil)
        }
    }
}
