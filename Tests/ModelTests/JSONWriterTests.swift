import Model
import Testing

@Suite struct JSONWriterTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let value: JSON
        let text: String

        init(_ name: String, _ value: JSON, _ text: String) {
            testDescription = name
            self.value = value
            self.text = text
        }
    }

    @Test(arguments: [
        Case("null", nil, "null"),
        Case("booleans", [true, false], "[true,false]"),
        Case("extreme integers", [.int(.min), .int(.max), 0], "[-9223372036854775808,9223372036854775807,0]"),
        Case("a double keeps its point", [0.0, -0.0, 5.0, 0.1], "[0.0,-0.0,5.0,0.1]"),
        Case("binary noise is kept", 0.30000000000000004, "0.30000000000000004"),
        Case(
            "whole doubles are spelled out", [1e15, 1e16, -1.5e18, 1e20],
            "[1000000000000000.0,10000000000000000.0,-1500000000000000000.0,100000000000000000000.0]"),
        Case(
            "huge and tiny doubles", [1e21, .double(.leastNonzeroMagnitude), 1.7976931348623157e308],
            "[1e+21,5e-324,1.7976931348623157e+308]"),
        Case(
            "what has no JSON form is null on request", [.figure(.nan), .figure(.infinity), .figure(1)],
            "[null,null,1.0]"),
        Case("quotes and backslashes", #"a"b\c"#, #""a\"b\\c""#),
        Case("control characters", "\u{0}\u{8}\t\n\u{C}\r\u{1f}\u{7f}", #""\u0000\b\t\n\f\r\u001f\u007f""#),
        Case("line separators", "a\u{2028}b\u{2029}c\u{2027}\u{202A}", "\"a\\u2028b\\u2029c\u{2027}\u{202A}\""),
        Case("other text stays UTF-8", "écolé-検証-😀", "\"écolé-検証-😀\""),
        Case(
            "keys in their order", ["b": 1, "a": ["z": 2, "y": []], "c": [:]], #"{"b":1,"a":{"z":2,"y":[]},"c":{}}"#),
        Case("of a repeated key the last value", ["a": 1, "b": 2, "a": 3], #"{"a":3,"b":2}"#),
    ])
    func writes(_ example: Case) throws {
        #expect(example.value.serialized() == example.text)
        #expect(Array(example.text.utf8) == example.value.serializedBytes())
        var appended = Array("x".utf8)
        example.value.write(to: &appended)
        #expect(appended == Array("x\(example.text)".utf8))
        // What was written reads back as the same value, and is written the same again.
        let again = try JSON(parsing: example.text)
        #expect(again == example.value)
        #expect(try JSON(parsing: example.value.serialized(pretty: true)) == example.value)
    }

    @Test func indentsByTwo() {
        let value: JSON = ["a": [1, ["b": nil]], "empty": [], "none": [:]]
        #expect(
            value.serialized(pretty: true) == """
                {
                  "a": [
                    1,
                    {
                      "b": null
                    }
                  ],
                  "empty": [],
                  "none": {}
                }
                """)
    }

    @Test func comparesIdsByBytes() {
        // é as one scalar and as two: the same text for a person, two ids for us.
        #expect(JSON.string("\u{e9}") != JSON.string("e\u{301}"))
        var object = JSONObject()
        object["\u{e9}"] = 1
        object["e\u{301}"] = 2
        #expect(object.count == 2)
        #expect(object["e\u{301}"] == 2)
        object["\u{e9}"] = nil
        #expect(object.keys.map { Array($0.utf8) } == [Array("e\u{301}".utf8)])
    }

    @Test func readsThroughAccessors() {
        let value: JSON = ["a": ["b": [1, 2.0, "x", true, nil]]]
        let list = value["a"]?["b"]
        #expect(list?[0]?.int == 1)
        #expect(list?[0]?.double == 1)
        #expect(list?[1]?.int == 2)
        #expect(list?[2]?.string == "x")
        #expect(list?[2]?.int == nil)
        #expect(list?[3]?.bool == true)
        #expect(list?[4]?.isNull == true)
        #expect(list?[5] == nil)
        #expect(value["none"] == nil)
        #expect(JSON.double(1.5).int == nil)
        #expect(JSON.double(1e300).int == nil)
    }
}
