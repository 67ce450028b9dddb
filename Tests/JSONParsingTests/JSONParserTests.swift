import JSONParsing
import Model
import TestKit
import Testing

@Suite struct JSONParserTests {
    struct Bad: CustomTestStringConvertible, Sendable {
        let text: [UInt8]
        let error: JSONError
        var testDescription: String { String(decoding: text.prefix(40), as: UTF8.self) }

        init(_ text: String, _ reason: JSONError.Reason, at offset: Int) {
            self.init(Array(text.utf8), reason, at: offset)
        }

        init(_ bytes: [UInt8], _ reason: JSONError.Reason, at offset: Int) {
            text = bytes
            error = JSONError(reason, at: offset)
        }
    }

    @Test(arguments: [
        Bad("", .empty, at: 0),
        Bad(" \n", .empty, at: 2),
        Bad("{", .syntax, at: 1),
        Bad("[1,", .syntax, at: 3),
        Bad("[1 2]", .syntax, at: 3),
        Bad("[1,]", .syntax, at: 3),
        Bad("{\"a\" 1}", .syntax, at: 5),
        Bad("{\"a\":1,}", .syntax, at: 7),
        Bad("{a:1}", .syntax, at: 1),
        Bad("{1:1}", .syntax, at: 1),
        Bad("[1]]", .syntax, at: 3),
        Bad("1 2", .syntax, at: 2),
        Bad("nul", .syntax, at: 0),
        Bad("nulll", .syntax, at: 0),
        Bad("[NaN]", .syntax, at: 1),
        Bad("[Infinity]", .syntax, at: 1),
        Bad("[-Infinity]", .syntax, at: 1),
        Bad("[01]", .syntax, at: 1),
        Bad("[1.]", .syntax, at: 1),
        Bad("[.5]", .syntax, at: 1),
        Bad("[+1]", .syntax, at: 1),
        Bad("[1e]", .syntax, at: 1),
        Bad("[0x10]", .syntax, at: 1),
        Bad("[-]", .syntax, at: 1),
        Bad("[1\u{0C}]", .syntax, at: 2),
        Bad("['a']", .syntax, at: 1),
        Bad("// a\n1", .syntax, at: 0),
        Bad("[1e400]", .numberOutOfRange, at: 1),
        Bad("[-1e400]", .numberOutOfRange, at: 1),
        Bad(#"["a", "b]"#, .unclosedString, at: 6),
        Bad(#"["a\"]"#, .unclosedString, at: 1),
        Bad(#"["\x"]"#, .syntax, at: 1),
        Bad(#"["\u12g4"]"#, .syntax, at: 1),
        Bad(#"["\u12"]"#, .syntax, at: 1),
        Bad("[\"a\nb\"]", .controlCharacter, at: 3),
        Bad([0x5B, 0x22, 0xFF, 0x22, 0x5D], .invalidUTF8, at: 2),
        Bad([0x22, 0xED, 0xA0, 0x80, 0x22], .invalidUTF8, at: 1),
        Bad([0xEF, 0xBB, 0xBF, 0x31], .syntax, at: 0),
        Bad([0x31, 0x00], .syntax, at: 0),
        Bad(String(repeating: "[", count: 200) + String(repeating: "]", count: 200), .tooDeep(limit: 128), at: 128),
        Bad(String(repeating: #"{"a":"#, count: 100_000), .tooDeep(limit: 128), at: 640),
    ])
    func refuses(_ bad: Bad) {
        #expect(throws: bad.error) { try JSON(parsing: bad.text) }
    }

    @Test func holdsTheSizeLimit() {
        #expect(throws: JSONError(.tooLarge(limit: 3), at: 3)) { try JSON(parsing: "1234", limits: .init(bytes: 3)) }
    }

    @Test func readsNumbers() throws {
        let cases: [(String, JSON)] = [
            ("0", 0), ("-0", 0), ("-1", -1), ("999999999999999999", 999_999_999_999_999_999),
            ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
            ("9223372036854775808", 9_223_372_036_854_775_808.0),
            ("18446744073709551615", 18_446_744_073_709_551_615.0),
            ("-9223372036854775809", -9_223_372_036_854_775_809.0),
            ("123456789012345678901234567890", 1.2345678901234568e29),
            ("1.0", 1.0), ("1E2", 100.0), ("1e-2", 0.01), ("0.1", 0.1), ("5.902825470483645", 5.902825470483645),
            ("28.253999934641463", 28.253999934641463), ("0.7681889999999999", 0.7681889999999999),
            ("2.2250738585072014e-308", .double(.leastNormalMagnitude)),
            ("1.7976931348623157e308", .double(.greatestFiniteMagnitude)),
            ("1e-400", 0.0), ("0e999999", 0.0), ("0.0000000000000000000000000000000000000000000000001e40", 1e-9),
            ("9007199254740993.0", 9007199254740992.0), ("1e23", 1e23), ("8.41e21", 8.41e21),
            ("0." + String(repeating: "0", count: 400) + "1", 0.0),
        ]
        for (text, value) in cases {
            #expect(try JSON(parsing: text) == value, "\(text)")
        }
    }

    @Test func readsEscapes() throws {
        let text = #""\" \\ \/ \b \f \n \r \t \u0041 \u00e9 \u691C \ud83d\ude00""#
        #expect(try JSON(parsing: text) == "\" \\ / \u{8} \u{C} \n \r \t A é 検 😀")
    }

    @Test func countsWhatIsOdd() throws {
        let parser = JSONParser()
        func document(_ text: String) throws -> JSONParser.Document {
            let bytes = Array(text.utf8)
            return try bytes.withUnsafeBytes { bytes in try parser.parse(bytes) }
        }
        let doubled = try document(#"{"a":1,"b":{"c":1,"c":2},"a":3}"#)
        #expect(doubled.value == ["a": 3, "b": ["c": 2]])
        #expect(doubled.duplicateKeys == 2)
        let lone = try document(#"["\ud800","\udc00\ud800","\ud800\u0041"]"#)
        #expect(lone.value == ["\u{FFFD}", "\u{FFFD}\u{FFFD}", "\u{FFFD}A"])
        #expect(lone.loneSurrogates == 4)
        // Enough members to go through the index, every key twice.
        let many = (0..<100).map { #""k\#($0 % 50)":\#($0)"# }.joined(separator: ",")
        let indexed = try document("{\(many)}")
        #expect(indexed.duplicateKeys == 50)
        #expect(indexed.value["k7"] == 57)
        #expect(indexed.value.object?.count == 50)
    }

    @Test func refusesEveryTruncation() throws {
        let whole = try Fixtures.bytes("busy/events-metrics.json")
        for count in 0..<whole.count {
            #expect(throws: JSONError.self) { try JSON(parsing: Array(whole[..<count])) }
        }
        #expect(try JSON(parsing: whole)["data"]?["events_processed"] == 4)
    }

    @Test(arguments: [
        "busy/aggregate", "busy/health", "idle/events-metrics", "idle/openapi", "errors/health-mongo-slow-200",
    ])
    func writesRecordedBodiesAsTheyCame(_ name: String) throws {
        // The runtime writes compact JSON with shortest doubles, as we do.
        let body = try Fixtures.bytes(name + ".json")
        #expect(try JSON(parsing: body).serializedBytes() == body)
    }
}
