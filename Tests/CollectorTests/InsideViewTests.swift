import Model
import TestKit
import Testing

@testable import Collector

/// The page of the runtime's extension.
@Suite struct InsideViewTests {
    static let page = #"""
        {"format":1,"extension":"1.0.0","pid":7,"started_at":"2026-11-29T06:00:00.000+00:00","runs_tracked":true,"complete":true,
        "runs":3,"tasks":4,"websockets":2,
        "apps":[{"app_id":"app_a","runs":2,"tasks":3,"waiting":1,"websockets":1},{"app_id":"é","runs":1,"tasks":1,"waiting":0,"websockets":1}],
        "apps_omitted":0,"chats":[],"chats_omitted":0,
        "loop":{"samples":120,"window_s":30.0,"lag_max_s":0.0125,"lag_mean_s":0.001},"gate":{"configured":false}}
        """#

    private func view(_ text: String) -> InsideView? {
        guard case .inside(let view) = DecoderTests.decode(200, text, .inside) else { return nil }
        return view
    }

    private func changed(_ what: String, _ new: String) -> InsideView? {
        let parts = InsideViewTests.page.split(separator: what, maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 ? view(parts[0] + new + parts[1]) : nil
    }

    @Test func `it is read`() throws {
        #expect(
            view(InsideViewTests.page)
                == InsideView(
                    runs: 4, apps: [.init(app: AppID("app_a"), runs: 3), .init(app: AppID("é"), runs: 1)], loopLag: 0.0125))
    }

    @Test func `without tasks chats are what runs`() throws {
        let total = try #require(changed(#""tasks":4"#, #""others":4"#))
        #expect(total.runs == 3 && total.malformedFields == 0)
        let row = try #require(changed(#""tasks":3"#, #""others":3"#))
        #expect(row.apps.map(\.runs) == [2, 1] && row.malformedFields == 0)
    }

    @Test func `what is coming is read where it is told`() throws {
        let told = try #require(changed(#""tasks":3"#, #""tasks":3,"coming":2"#))
        #expect(told.apps.map(\.coming) == [2, 0] && told.runs == 4)
        for nonsense in ["-2", "\"2\"", "null", "1.5"] {
            #expect(try #require(changed(#""tasks":3"#, #""tasks":3,"coming":"# + nonsense)).apps.map(\.coming) == [0, 0])
        }
    }

    @Test func `what waits for somebody who left is read where it is told`() throws {
        let told = try #require(changed(#""tasks":4"#, #""tasks":4,"parked":2"#))
        #expect(told.parked == 2 && told.runs == 4 && told.apps.map(\.parked) == [0, 0])
        #expect(try #require(changed(#""tasks":3"#, #""tasks":3,"parked":2"#)).apps.map(\.parked) == [2, 0])
        // Never more than run.
        #expect(try #require(changed(#""tasks":3"#, #""tasks":3,"parked":9"#)).apps.map(\.parked) == [3, 0])
        for nonsense in ["-2", "\"2\"", "null", "1.5"] {
            #expect(try #require(changed(#""tasks":3"#, #""tasks":3,"parked":"# + nonsense)).apps.map(\.parked) == [0, 0])
        }
    }

    @Test func `an extension that does not count them lists them`() throws {
        func chat(_ app: String, tasks: String = "1", socket: String = "false", waits: String = "true") -> String {
            #"{"app_id":"\#(app)","workflow_name":"w","chat_id":"c","tasks":\#(tasks),"websocket":\#(socket),"waiting":\#(waits)}"#
        }
        let chats = [
            chat("app_a"), chat("app_a", tasks: "2"), chat("app_a", socket: "true"), chat("app_a", waits: "false"),
            chat("app_a", tasks: "0"), chat("app_a", tasks: "null"), chat("app_a", socket: "null"), chat("app_a", waits: "null"), "7",
        ].joined(separator: ",")
        let listed = try #require(changed(#""chats":[],"chats_omitted":0"#, #""chats":[\#(chats)],"chats_omitted":0"#))
        #expect(listed.apps.map(\.parked) == [2, 0] && listed.parked == 2 && listed.runs == 4)
        // Of a list that is shortened nothing is taken: it says least of those that are many.
        for omitted in [#""chats_omitted":3"#, #""chats_omitted":null"#, #""others":0"#] {
            let short = try #require(changed(#""chats":[],"chats_omitted":0"#, #""chats":[\#(chats)],\#(omitted)"#))
            #expect(short.apps.map(\.parked) == [0, 0] && short.parked == 0)
        }
    }

    @Test func `what is not known is nil, never zero`() throws {
        #expect(try #require(changed(#""runs_tracked":true"#, #""runs_tracked":false"#)).runs == nil)
        #expect(try #require(changed(#""complete":true"#, #""complete":false"#)).runs == nil)
        #expect(try #require(changed(#""runs":3,"tasks":4"#, #""runs":null,"tasks":null"#)).runs == nil)
        let lag = try #require(changed("0.0125", "null"))
        #expect(lag.loopLag == nil && lag.malformedFields == 0)
        #expect(try #require(changed("0.0125", "-1")).loopLag == nil)
        #expect(try #require(changed(#""apps_omitted":0"#, #""apps_omitted":5"#)).isShortened)
        let row = try #require(changed(#""runs":2"#, #""runs":null"#))
        #expect(row.isShortened && row.apps.count == 1)
        // One whose id the page has shortened is nobody that we know.
        let long = try #require(changed("app_a", String(repeating: "x", count: 256)))
        #expect(long.isShortened && long.apps.map(\.app) == [AppID("é")])
        // Twice the same: the first stands.
        #expect(try #require(changed("é", "app_a")).apps == [.init(app: AppID("app_a"), runs: 3)])
        #expect(try #require(changed(#""tasks":4"#, #""tasks":-4"#)).runs == 0)
    }

    @Test(arguments: ["[]", "{}", "null", #"{"format":2,"extension":"9"}"#, #"{"format":1}"#, "<html>"])
    func `another application's page of that name is malformed`(_ text: String) throws {
        guard case .missing(.inside, .malformed, _) = DecoderTests.decode(200, text, .inside) else {
            Issue.record("taken for a page of the extension")
            return
        }
    }

    @Test func `404 says that there is none`() throws {
        guard case .missing(.inside, .error(404), _) = DecoderTests.decode(404, #"{"detail":"Not Found"}"#, .inside) else {
            Issue.record("404 is something else")
            return
        }
    }
}
