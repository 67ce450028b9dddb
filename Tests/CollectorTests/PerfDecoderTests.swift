import CSimdJSON
import JSONParsing
import Model
import TestKit
import Testing

@testable import Collector

@Suite struct PerfDecoderTests {
    static func decode(_ text: String, chunk: Int = PerfDecoder.chunk) throws -> PerfTable {
        try PerfDecoder.decode(Body(text.utf8), chunk: chunk)
    }

    static func chat(_ fields: String) throws -> PerfTable {
        try decode(#"[{"chat_id":"c","app_id":"a"\#(fields.isEmpty ? "" : ",")\#(fields)}]"#)
    }

    /// The same through the general parser, field by field: slow, and nothing in common with the decoder but scalars.
    static func reference(_ body: [UInt8]) throws -> PerfTable {
        let root = try JSON(parsing: body)
        var table = PerfTable()
        let list = try #require(root.array ?? root["chats"]?.array)
        for element in list {
            guard let id = element["chat_id"]?.string, let app = element["app_id"]?.string else {
                table.skippedChats += 1
                continue
            }
            func place<Name: Equatable>(_ name: Name, _ names: inout [Name]) -> UInt32 {
                if let index = names.firstIndex(of: name) { return UInt32(index) }
                names.append(name)
                return UInt32(names.count - 1)
            }
            var chat = PerfChat(key: StableHash(of: id.utf8), app: place(AppID(app), &table.apps), present: [])
            func int(_ key: String, _ path: WritableKeyPath<PerfChat, Int64>, _ bit: PerfChat.Fields) {
                guard let value = element[key]?.int else { return }
                chat[keyPath: path] = value
                chat.present.insert(bit)
            }
            func double(_ key: String, _ path: WritableKeyPath<PerfChat, Double>, _ bit: PerfChat.Fields) {
                guard let value = element[key]?.double else { return }
                chat[keyPath: path] = value
                chat.present.insert(bit)
            }
            func moment(_ key: String, _ path: WritableKeyPath<PerfChat, Int64>, _ bit: PerfChat.Fields) {
                guard let text = element[key]?.string, let value = Timestamp(rfc3339: text) else { return }
                chat[keyPath: path] = value.milliseconds
                chat.present.insert(bit)
            }
            if let name = element["workflow_name"]?.string {
                chat.workflow = place(Array(name.utf8), &table.workflows)
                chat.present.insert(.workflow)
            }
            moment("started_at", \.startedAt, .startedAt)
            moment("ended_at", \.endedAt, .endedAt)
            if element["ended_at"]?.isNull ?? true { chat.present.insert(.open) }
            double("runtime_sec", \.runtimeSeconds, .runtimeSeconds)
            double("last_turn_duration_sec", \.lastTurnSeconds, .lastTurnSeconds)
            double("cost", \.cost, .cost)
            int("agent_turns", \.agentTurns, .agentTurns)
            int("tool_calls", \.toolCalls, .toolCalls)
            int("errors", \.errors, .errors)
            int("prompt_tokens", \.promptTokens, .promptTokens)
            int("completion_tokens", \.completionTokens, .completionTokens)
            if element["user_id"]?.string != nil { chat.present.insert(.user) }
            table.chats.append(chat)
        }
        if root.object != nil {
            table.totals = PerfTotals(
                activeChats: root["active_chats"]?.int, trackedChats: root["tracked_chats"]?.int,
                agentTurns: root["total_agent_turns"]?.int, toolCalls: root["total_tool_calls"]?.int,
                errors: root["total_errors"]?.int, promptTokens: root["total_prompt_tokens"]?.int,
                completionTokens: root["total_completion_tokens"]?.int, cost: root["total_cost"]?.double)
        }
        return table
    }

    /// The table without what the reference does not compute.
    static func comparable(_ table: PerfTable) -> PerfTable {
        var table = table
        table.malformedFields = 0
        for index in table.chats.indices { table.chats[index].user = 0 }
        return table
    }

    @Test func everyRecordedBodyReadsAsTheGeneralParserReadsIt() throws {
        var bodies = 0
        for folder in ["idle", "busy", "errors", "auth", "series", "series-restart-at-poll-05"] {
            for name in Fixtures.files(in: folder, of: Fixtures.copies)
            where name.hasSuffix(".json") && (name.contains("aggregate") || name.hasPrefix("chats"))
                && !name.contains("-401")
            {
                let bytes = try Fixtures.bytes("\(folder)/\(name)")
                let reference = try Self.reference(bytes)
                for chunk in [1, 500, 1_500, PerfDecoder.chunk] {
                    let body = Body(bytes)
                    let table = try PerfDecoder.decode(body, chunk: chunk)
                    #expect(Self.comparable(table) == reference, "\(folder)/\(name) by \(chunk)")
                    #expect(table.malformedFields == 0)
                    #expect(body.bytes == bytes, "the body is as before")
                }
                bodies += 1
            }
        }
        #expect(bodies > 35)
    }

    // MARK: Fields

    @Test func readsEachField() throws {
        let table = try Self.chat(
            #""workflow_name":"w","user_id":"u","started_at":"2026-11-21T08:50:01.922803+00:00","ended_at":"2026-11-21T08:50:02+00:00","runtime_sec":1.5,"agent_turns":2,"tool_calls":3,"errors":4,"last_turn_duration_sec":5,"prompt_tokens":6,"completion_tokens":7,"cost":0.5"#
        )
        var expected = PerfChat(
            key: StableHash(of: "c".utf8), app: 0, workflow: 0, startedAt: 1_795_251_001_922,
            endedAt: 1_795_251_002_000, runtimeSeconds: 1.5, lastTurnSeconds: 5, cost: 0.5, agentTurns: 2, toolCalls: 3,
            errors: 4, promptTokens: 6, completionTokens: 7,
            present: [
                .startedAt, .endedAt, .runtimeSeconds, .agentTurns, .toolCalls, .errors, .lastTurnSeconds,
                .promptTokens,
                .completionTokens, .cost, .user, .workflow,
            ])
        expected.user = table.chats[0].user
        #expect(table.chats == [expected])
        #expect(expected.user != 0)
        #expect(!expected.isOpen && expected.hasEnded)
        #expect(table.workflows == [Array("w".utf8)])
    }

    struct Field: CustomTestStringConvertible, Sendable {
        let json: String
        let present: PerfChat.Fields
        let malformed: Int
        var testDescription: String { json }

        init(_ json: String, _ present: PerfChat.Fields, malformed: Int = 0) {
            self.json = json
            self.present = present
            self.malformed = malformed
        }
    }

    @Test(arguments: [
        Field("", .open),
        Field(#""ended_at":null"#, .open),
        Field(#""ended_at":"2026-11-21T08:50:02Z""#, .endedAt),
        // Something is there: neither open nor ended at a known time.
        Field(#""ended_at":"yesterday""#, [], malformed: 1),
        Field(#""ended_at":5"#, [], malformed: 1),
        Field(#""ended_at":"2026-11-21T08:50:02Z","ended_at":null"#, .open, malformed: 1),
        Field(#""started_at":"""#, .open, malformed: 1),
        Field(#""started_at":"2026-11-21T08:50:01.922803""#, .open, malformed: 1),
        Field(#""started_at":null"#, .open, malformed: 1),
        Field(#""started_at":"2026-11-21T08\u003a50:01Z""#, [.open, .startedAt]),
        Field(#""errors":3"#, [.open, .errors]),
        Field(#""errors":-3"#, [.open, .errors]),
        Field(#""errors":3.0"#, [.open, .errors]),
        Field(#""errors":3e2"#, [.open, .errors]),
        Field(#""errors":3.5"#, .open, malformed: 1),
        Field(#""errors":"3""#, .open, malformed: 1),
        Field(#""errors":null"#, .open, malformed: 1),
        Field(#""errors":true"#, .open, malformed: 1),
        Field(#""errors":[3]"#, .open, malformed: 1),
        Field(#""errors":{"errors":3}"#, .open, malformed: 1),
        Field(#""errors":9223372036854775807"#, [.open, .errors]),
        Field(#""errors":9223372036854775808"#, .open, malformed: 1),
        Field(#""errors":1e400"#, .open, malformed: 1),
        Field(#""errors":1,"errors":"x""#, .open, malformed: 2),
        Field(#""cost":1e400"#, .open, malformed: 1),
        Field(#""cost":-1e400"#, .open, malformed: 1),
        Field(#""cost":1e-400"#, [.open, .cost]),
        Field(#""cost":-0.7"#, [.open, .cost]),
        Field(#""cost":0"#, [.open, .cost]),
        Field(#""cost":"0.1""#, .open, malformed: 1),
        Field(#""cost":null"#, .open, malformed: 1),
        Field(#""last_turn_duration_sec":null"#, .open),
        Field(#""last_turn_duration_sec":2"#, [.open, .lastTurnSeconds]),
        Field(#""last_turn_duration_sec":2.5"#, [.open, .lastTurnSeconds]),
        Field(#""last_turn_duration_sec":false"#, .open, malformed: 1),
        Field(#""user_id":"""#, [.open, .user]),
        Field(#""user_id":7"#, .open, malformed: 1),
        Field(#""workflow_name":null"#, .open, malformed: 1),
        Field(#""workflow_name":"\ud800""#, .open, malformed: 1),
        Field(#""unknown":{"deep":[[{"a":"},{"}]]},"errors":1"#, [.open, .errors]),
        Field(#""\u0065rrors":1"#, [.open, .errors]),
        Field(#""errors ":1,"error":1,"errorss":1"#, .open),
    ])
    func decodesWhatIsThereAndCountsWhatIsNot(_ field: Field) throws {
        let table = try Self.chat(field.json)
        let chat = try #require(table.chats.first)
        #expect(chat.present == field.present)
        #expect(table.malformedFields == field.malformed)
        #expect(table.skippedChats == 0)
        // What is absent is zero in storage.
        if !chat.present.contains(.errors) { #expect(chat.errors == 0) }
        if !chat.present.contains(.cost) { #expect(chat.cost == 0) }
        if !chat.present.contains(.endedAt) { #expect(chat.endedAt == 0) }
    }

    @Test func valuesOfTwoWaysToWriteThem() throws {
        func chat(_ json: String) throws -> PerfChat { try #require(try Self.chat(json).chats.first) }
        #expect(try chat(#""errors":3e2"#).errors == 300)
        #expect(try chat(#""prompt_tokens":-498"#).promptTokens == -498)
        #expect(try chat(#""prompt_tokens":123456789012"#).promptTokens == 123_456_789_012)
        #expect(try chat(#""cost":0.30000000000000004"#).cost == 0.30000000000000004)
        #expect(try chat(#""cost":1e-400"#).cost == 0)
        #expect(try chat(#""errors":1,"errors":2"#).errors == 2)
    }

    @Test(arguments: [
        "2026-11-21T08:50:01.922803+00:00", "2026-11-21T08:50:01+00:00", "2026-11-21T08:50:01Z", "2026-11-21t08:50:01z",
        "2026-11-21 08:50:01.5Z", "2026-11-21T08:50:01.999999999Z", "2026-11-21T08:50:01+05:30",
        "2026-11-21T08:50:01.922803-08:00", "1969-12-31T23:59:59.250000+00:00", "1970-01-01T00:00:00.000000+00:00",
        "2024-02-29T00:00:00.000000+00:00", "2026-12-31T23:59:60.000000+00:00", "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999+00:00", "2023-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-11-31T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T08:60:00Z", "2026-11-21T08:50:61Z",
        "2026-11-21T08:50:01", "2026-11-21T08:50:01.Z", "2026-11-21T08:50:01.922803+0000", "2026-11-21T08:50:01+24:00",
        "2026-11-21T08:50:01+00:60", "2026-11-21T08:50:01Zx", "2026-11-21", "", "2026-11-21T08:5:01.922803+00:00",
        "2026-11-21T08:50:01.92280x+00:00", "2026-11-21T08:50:0:.922803+00:00", "2026-11-21T0a:50:01.922803+00:00",
        "2026-11-21T24:50:01.922803+00:00", "2026-11-21T08:50:01.922803+00:01", "２026-11-21T08:50:01Z",
    ])
    func readsMomentsAsTheModelDoes(_ text: String) throws {
        let expected = Timestamp(rfc3339: text)?.milliseconds
        // Alone, and after one of the same day, which takes the quicker way.
        let body =
            #"[{"chat_id":"c","app_id":"a","started_at":"2026-11-21T01:02:03.000004+00:00"},{"chat_id":"d","app_id":"a","started_at":"\#(text)"}]"#
        let chat = try Self.decode(body).chats[1]
        #expect((chat.present.contains(.startedAt) ? chat.startedAt : nil) == expected)
        let alone = try Self.chat(#""started_at":"\#(text)""#).chats[0]
        #expect((alone.present.contains(.startedAt) ? alone.startedAt : nil) == expected)
    }

    // MARK: Ids

    @Test func idsAreBytes() throws {
        let body =
            "["
            + ["\u{e9}", "e\u{301}", "\\u00e9", "\u{e9}", ""].enumerated().map { index, app in
                #"{"chat_id":"\#(index)","app_id":"\#(app)","user_id":"u"}"#
            }.joined(separator: ",") + "]"
        let table = try Self.decode(body)
        #expect(table.apps.map(\.bytes) == [[0xC3, 0xA9], [0x65, 0xCC, 0x81], []])
        #expect(table.chats.map(\.app) == [0, 1, 0, 0, 2])
        // The same user id in two apps is two users; in one app it is one, however the app was written.
        #expect(table.chats[0].user == table.chats[2].user)
        #expect(Set(table.chats.map(\.user)).count == 3)
    }

    @Test func hashesStayWhatTheyAre() {
        // Kept state holds these. SipHash-1-3-128 under the key "mozaiks-ops/ids.".
        let a = StableHash(of: [])
        let b = StableHash(of: "cd613e30-d8f1-4adf-91b7-584a2265b1f5".utf8)
        #expect(a == StableHash(high: 0x0a57_5a47_0429_e458, low: 0x8389_0b86_7895_931f))
        #expect(b == StableHash(high: 0x5d24_7791_6612_f954, low: 0x8533_4887_58ea_419c))
    }

    @Test func manyAppsKeepTheirOrder() throws {
        let ids = (0..<3_000).map { "app-\($0 &* 7_919 % 1_000)" }
        let body =
            "[" + ids.enumerated().map { #"{"chat_id":"\#($0)","app_id":"\#($1)"}"# }.joined(separator: ",") + "]"
        let table = try Self.decode(body, chunk: 4_000)
        var seen: [String] = []
        for id in ids where !seen.contains(id) { seen.append(id) }
        #expect(table.apps.map(\.text) == seen)
        #expect(table.chats.map { table.apps[Int($0.app)].text } == ids)
        #expect(Set(table.chats.map(\.key)).count == 3_000)
    }
}
