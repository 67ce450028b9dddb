import JSONParsing
import Model
import TestKit
import Testing

@testable import Collector

/// Bodies that try to be cut in the wrong place, or are no bodies at all.
@Suite struct PerfHostileTests {
    /// Every size of piece up to a few hundred bytes, so that each boundary is tried, and the real one.
    static let chunks = Array(1...120) + [200, 333, 1_000, PerfDecoder.chunk]

    /// A part of a list would be taken for the whole.
    @Test func `an answer that lists more than can be followed is not read at all`() throws {
        func body(_ count: Int, _ app: (Int) -> Int) -> Body {
            var bytes: [UInt8] = [UInt8(ascii: "[")]
            for index in 0..<count { bytes += Array(#"{"chat_id":"\#(index)","app_id":"\#(app(index))"},"#.utf8) }
            bytes[bytes.count - 1] = UInt8(ascii: "]")
            return Body(bytes)
        }
        #expect(throws: MalformedBody("it lists more than \(PerfDecoder.chatLimit) chats, of which none are read")) {
            try PerfDecoder.decode(body(PerfDecoder.chatLimit + 1) { $0 & 1 })
        }
        #expect(throws: MalformedBody("it lists more than \(PerfDecoder.appLimit) apps, of which none are read")) {
            try PerfDecoder.decode(body(PerfDecoder.appLimit + 1) { $0 })
        }
        #expect(try PerfDecoder.decode(body(PerfDecoder.appLimit) { $0 }).apps.count == PerfDecoder.appLimit)
    }

    /// The index of what is read at once takes four times its length: of a body of 128 MiB half a gigabyte.
    @Test func `what is long without an end is not read, blanks without an end are`() throws {
        let long = (8 << 20) + 10
        let blanks = String(repeating: " ", count: long)
        let ones = String(repeating: "1,", count: long / 2) + "1"
        let one = Self.chat("x")
        for body in [
            "\(blanks){\(blanks)\"total_errors\":\(blanks)7,\"chats\":[\(one)]\(blanks)}\(blanks)", "[\(one)]\(blanks)",
            "\(blanks)[\(one)]",
        ] {
            let table = try PerfDecoder.decode(Body(Array(body.utf8)))
            #expect(table.chats.count == 1 && (table.totals?.errors ?? 7) == 7)
        }
        for body in [
            "{\"x\":[\(ones)],\"chats\":[\(one)]}", "{\"chats\":[\(one)],\"x\":\"\(blanks)\"}",
            "[\(one),\(Self.chat("y", #","x":[\#(ones)]"#))]",
            "[\(Self.chat("y", #","x":"\#(blanks)""#)),\(one)]", "{\"x\":[\(ones)]}", ones,
        ] {
            let error = #expect(throws: MalformedBody.self) { try PerfDecoder.decode(Body(Array(body.utf8))) }
            #expect(
                error?.description.hasPrefix("more than 8 MiB without an end in one chat, or beside the chats") == true,
                "\(error?.description ?? "read")")
        }
        // Two numbers do not become one, and what is no JSON stays none, when blanks are left out.
        for body in [
            "{\"a\":1\(blanks)2,\"chats\":[\(one)]}", "{\"a\":tr\(blanks)ue,\"chats\":[\(one)]}", "{\"chats\":[\(one)]}\(blanks)x",
        ] {
            #expect(throws: MalformedBody.self) { try PerfDecoder.decode(Body(Array(body.utf8))) }
        }
    }

    static func chat(_ id: String, _ more: String = "") -> String {
        #"{"chat_id":"\#(id)","app_id":"a"\#(more)}"#
    }

    struct Whole: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let body: String
        let chats: Int
        let skipped: Int

        init(_ name: String, _ body: String, chats: Int, skipped: Int = 0) {
            testDescription = name
            self.body = body
            self.chats = chats
            self.skipped = skipped
        }
    }

    @Test(arguments: [
        Whole(
            "a boundary inside ids", "[\(chat(#"x},{y"#)),\(chat(#"},{"#)),\(chat(#"\"},{\""#)),\(chat("z"))]", chats: 4
        ),
        Whole(
            "a boundary behind escaped backslashes",
            "[\(chat(#"x\\\"},{\"chat_id\":\"y\\"#)),\(chat(#"\\"#)),\(chat("z"))]", chats: 3),
        Whole(
            "a whole body inside an id",
            "[\(chat(#"[{\"chat_id\":\"a\",\"app_id\":\"b\"},{\"chat_id\":\"c\",\"app_id\":\"d\"}]"#)),\(chat("z"))]",
            chats: 2),
        Whole(
            "a boundary in nested objects",
            "[\(chat("a", #","x":[{"y":1},{"z":[{},{}]},{"w":{}}]"#)),\(chat("b", #","x":[{},{}]"#)),\(chat("c"))]",
            chats: 3),
        Whole(
            "nested chats are not chats",
            "[\(chat("a", #","chats":[{"chat_id":"n","app_id":"n"},{"chat_id":"m","app_id":"n"}]"#))]", chats: 1),
        Whole("white space everywhere", "[ \n\(chat("a")) \t, \r\n \(chat("b"))  ,\n\(chat("c"))\n ] \n", chats: 3),
        Whole(
            "an array behind the chats",
            #"{"chats":[\#(chat("a")),\#(chat("b"))],"more":[{"chat_id":"c","app_id":"d"},{"x":1},{"y":[]}]}"#, chats: 2
        ),
        Whole(
            "an array before the chats",
            #"{"more":[{"x":"]"},{"y":"},{"}],"chats":[\#(chat("a")),\#(chat("b"))],"total_errors":1}"#, chats: 2),
        Whole(
            "the word chats inside other things",
            #"{"note":"\"chats\":[","x":{"chats":[{"chat_id":"n","app_id":"n"}]},"chats":[\#(chat("a"))]}"#, chats: 1),
        Whole("the key in escapes", #"{"ch\u0061ts":[\#(chat("a"))]}"#, chats: 1),
        Whole("chats twice", #"{"chats":[\#(chat("a"))],"chats":[\#(chat("b")),\#(chat("c"))]}"#, chats: 1),
        Whole(
            "elements that are no objects",
            "[1,\"},{\",null,[{},{}],true,\(chat("a")),{},{\"chat_id\":1,\"app_id\":\"b\"},{\"chat_id\":\"x\"}]",
            chats: 1, skipped: 8),
        Whole(
            "a chat larger than any piece",
            "[\(chat("a", #","x":"\#(String(repeating: "},{", count: 600))""#)),\(chat("b"))]", chats: 2),
        Whole(
            "an id with every escape", "[\(chat(#"\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00"#)),\(chat("b"))]", chats: 2),
        Whole("a lone surrogate in an id", "[\(chat(#"\ud800"#)),\(chat("b"))]", chats: 1, skipped: 1),
        Whole("an empty array", "[]", chats: 0),
        Whole("an empty array of chats", #"{"chats":[ ]}"#, chats: 0),
    ])
    func readsTheSameHoweverItIsCut(_ whole: Whole) throws {
        let bytes = Array(whole.body.utf8)
        let expected = try PerfDecoder.decode(Body(bytes))
        #expect(expected.chats.count == whole.chats)
        #expect(expected.skippedChats == whole.skipped)
        if !whole.body.contains("ud800") {
            #expect(PerfDecoderTests.comparable(expected).chats.count == expected.chats.count)
            let twice = whole.testDescription == "chats twice"
            if !twice { #expect(PerfDecoderTests.comparable(expected) == (try PerfDecoderTests.reference(bytes))) }
        }
        for chunk in Self.chunks {
            let body = Body(bytes)
            #expect(try PerfDecoder.decode(body, chunk: chunk) == expected, "by \(chunk)")
            #expect(body.bytes == bytes)
        }
    }

    struct Broken: CustomTestStringConvertible, Sendable {
        let bytes: [UInt8]
        var testDescription: String { String(decoding: bytes.prefix(60), as: UTF8.self) }

        init(_ text: String) {
            bytes = Array(text.utf8)
        }

        init(bytes: [UInt8]) {
            self.bytes = bytes
        }
    }

    @Test(arguments: [
        Broken(""), Broken("  \n"), Broken("null"), Broken("true"), Broken("7"), Broken("\"chats\""), Broken("{}"),
        Broken("Internal Server Error"), Broken("<html></html>"), Broken("{"), Broken("["), Broken("]"), Broken("}"),
        Broken(#"{"detail":"Not Found"}"#), Broken(#"{"active_chats":3,"total_errors":0}"#),
        Broken(#"{"chats":null}"#), Broken(#"{"chats":{}}"#), Broken(#"{"chats":"[]"}"#), Broken(#"{"chats":7}"#),
        Broken("[\(chat("a")),]"), Broken("[,\(chat("a"))]"), Broken("[\(chat("a"))\(chat("b"))]"),
        Broken("[\(chat("a")),,\(chat("b"))]"),
        Broken("[\(chat("a"))] x"), Broken("[\(chat("a"))][]"), Broken("[\(chat("a"))},{\(chat("b"))]"),
        Broken("[\(chat("a"))}"),
        Broken(#"{"chats":[\#(chat("a"))]]}"#), Broken(#"{"chats":[\#(chat("a"))]}}"#),
        Broken(#"{"chats":[\#(chat("a"))],}"#),
        Broken(#"{"chats":[\#(chat("a"))] "x":1}"#), Broken(#"{"x" "chats":[\#(chat("a"))]}"#),
        Broken(#"{"x":,"chats":[]}"#),
        Broken(#"{"x":NaN,"chats":[]}"#), Broken(#"{"chats":[],"total_cost":Infinity}"#),
        Broken(#"{"chats":[],"total_errors":01}"#),
        Broken("[\(chat("a", #","cost":NaN"#))]"), Broken("[\(chat("a", #","cost":Infinity"#))]"),
        Broken("[\(chat("a", #","cost":-Infinity"#))]"),
        Broken("[\(chat("a", #","cost":1."#))]"), Broken("[\(chat("a", #","errors":01"#))]"),
        Broken("[\(chat("a", #","errors":--1"#))]"),
        Broken("[\(chat("a", #","errors":1 2"#))]"), Broken("[\(chat("a", #","errors":-"#))]"),
        Broken("[\(chat("a", #","x":nul"#))]"),
        Broken("[\(chat("a", #","x":[1,]"#))]"), Broken("[\(chat("a", #","x":{"y"}"#))]"),
        Broken("[\(chat("a", #","x":{"y":1]"#))]"),
        Broken("[\(chat("a", #","x""#))]"), Broken("[\(chat("a", ","))]"), Broken("[\(chat("a", #","x":"\q""#))]"),
        Broken("[\(chat("a", #","\q":1"#))]"), Broken("[\(chat(#"\u12"#))]"), Broken("[\(chat("\n"))]"),
        Broken("[{1:2}]"),
        Broken("[\(chat("a")),{\"chat_id\":\"b\"]"), Broken("[\"a\"\"b\"]"), Broken("[1\"a\"]"), Broken("[\"a\"1]"),
        Broken("['a']"),
        Broken(bytes: [0xEF, 0xBB, 0xBF] + Array("[]".utf8)), Broken(bytes: Array("[]".utf8) + [0]),
        Broken(bytes: Array(#"[{"chat_id":""#.utf8) + [0xFF] + Array(#"","app_id":"a"}]"#.utf8)),
        Broken(bytes: Array(#"[{"chat_id":""#.utf8) + [0xED, 0xA0, 0x80] + Array(#"","app_id":"a"}]"#.utf8)),
        Broken(bytes: Array(#"[{"chat_id":""#.utf8) + [0xC3] + Array(#"","app_id":"a"}]"#.utf8)),
        Broken(String(repeating: "[", count: 100_000)),
        Broken("[" + String(repeating: #"{"a":["#, count: 2_000) + String(repeating: "]}", count: 2_000) + "]"),
        Broken(String(repeating: #"{"chats":"#, count: 5_000)),
    ])
    func refusesWhatIsNoBody(_ broken: Broken) {
        for chunk in [1, 8, 20, 40, 64, PerfDecoder.chunk] {
            let body = Body(broken.bytes)
            #expect(throws: MalformedBody.self) { try PerfDecoder.decode(body, chunk: chunk) }
            #expect(body.bytes == broken.bytes)
        }
    }

    @Test(arguments: ["busy/aggregate.json", "busy/chats.json"])
    func refusesEveryTruncation(_ name: String) throws {
        let whole = try Fixtures.bytes(name)
        for count in 0..<whole.count {
            let body = Body(whole[..<count])
            #expect(throws: MalformedBody.self, "\(count)") { try PerfDecoder.decode(body, chunk: 700) }
            #expect(throws: MalformedBody.self, "\(count)") { try PerfDecoder.decode(body) }
        }
    }

    @Test func judgesEveryMutationAsTheGeneralParserDoes() throws {
        // One byte of a real body replaced by each of those that mean something: read and refused alike.
        let whole =
            Array(try Fixtures.bytes("busy/chats.json").prefix { $0 != 0x7D })
            + Array("},{\"chat_id\":\"b\",\"app_id\":\"c\",\"errors\":12}]".utf8)
        var read = 0
        for index in whole.indices {
            for byte in Array("{}[]:,\"\\ 0-.en\n".utf8) + [0x80, 0xC3] where byte != whole[index] {
                var mutated = whole
                mutated[index] = byte
                let reference: PerfTable?
                do {
                    reference = try PerfDecoderTests.reference(mutated)
                } catch let error as JSONError where error.reason == .numberOutOfRange {
                    continue  // to us a field out of range, not a lost body
                } catch {
                    reference = nil
                }
                for chunk in [60, PerfDecoder.chunk] {
                    let table = try? PerfDecoder.decode(Body(mutated), chunk: chunk)
                    #expect(
                        (table == nil) == (reference == nil),
                        "\(index) \(byte) \(String(decoding: mutated, as: UTF8.self))")
                    if let table, let reference { #expect(PerfDecoderTests.comparable(table) == reference) }
                }
                read += reference == nil ? 0 : 1
            }
        }
        #expect(read > 100)
    }

    @Test func totalsOfOtherTypes() throws {
        let body =
            #"{"active_chats":"7","tracked_chats":null,"total_agent_turns":1.5,"total_tool_calls":-1,"total_cost":1e400,"total_errors":2.0,"chats":[]}"#
        let table = try PerfDecoderTests.decode(body)
        #expect(table.totals == PerfTotals(toolCalls: -1, errors: 2))
        #expect(table.malformedFields == 4)
        #expect(try PerfDecoderTests.decode(#"{"chats":[]}"#).totals == PerfTotals())
        #expect(try PerfDecoderTests.decode(#"{"chats":[],"chats":[]}"#).malformedFields == 1)
    }

    @Test func aLargeBodyInManyPieces() throws {
        let one = Array(try Fixtures.bytes("busy/chats.json").dropFirst().dropLast())
        let count = 700
        var bytes = Array(#"{"tracked_chats":1,"chats":["#.utf8)
        for index in 0..<count {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += one
        }
        bytes += Array(#"],"total_errors":5}"#.utf8)
        #expect(bytes.count > 3 * PerfDecoder.chunk)
        let table = try PerfDecoder.decode(Body(bytes))
        let small = try PerfDecoder.decode(Body(try Fixtures.bytes("busy/chats.json")))
        #expect(table.chats.count == count * small.chats.count)
        #expect(Array(table.chats.suffix(small.chats.count)) == Array(small.chats))
        #expect(table.apps == small.apps && table.workflows == small.workflows)
        #expect(table.totals == PerfTotals(trackedChats: 1, errors: 5))
        // Broken at the very end: nothing of it is used.
        #expect(throws: MalformedBody.self) { try PerfDecoder.decode(Body(bytes.dropLast())) }
    }
}
