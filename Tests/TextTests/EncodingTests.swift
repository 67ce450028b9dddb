import Testing
import Text

@Suite struct EncodingTests {
    @Test func base64OfEveryLength() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
            let text = Base64.encode(bytes)
            #expect(text.utf8.count == (count + 2) / 3 * 4)
            #expect(Base64.decode(text) == bytes)
        }
        #expect(Base64.encode("any carnal pleas".utf8) == "YW55IGNhcm5hbCBwbGVhcw==")
        for wrong in ["=", "====", "a===", "ab=c", "YQ==YQ==", "YR==", "YWF=", "YW\n="] {
            #expect(Base64.decode(wrong) == nil)
        }
    }

    @Test func hexadecimal() {
        let bytes = (0...255).map { UInt8($0) }
        #expect(Hex.decode(Hex.encode(bytes)) == bytes && Hex.decode("") == [])
        #expect(Hex.decode("0aF") == nil && Hex.decode("0g") == nil && Hex.decode("AfaF") == [0xAF, 0xAF])
        #expect(Hex.escape(0x202E) == "\\u202e" && Hex.escape(7) == "\\u0007")
    }

    @Test("written once, read in three ways")
    func percent() {
        let bytes = (0...255).map { UInt8($0) }
        let text = PercentEncoding.encode(bytes)
        #expect(PercentEncoding.decode(text.utf8) == bytes && PercentEncoding.unescape(text.utf8) == bytes)
        #expect(PercentEncoding.unescapeStrictly(text.utf8) == bytes)
        #expect(PercentEncoding.encode("a~b c".utf8) == "a%7Eb%20c" && PercentEncoding.url("a~b c") == "a~b%20c")
        // Strict: not what it would not have written.
        for text in ["a b", "a~", "%4", "%", "%zz"] { #expect(PercentEncoding.decode(text.utf8) == nil, "\(text)") }
    }

    @Test(
        "a server's reading: each escape once, and what is none stays",
        arguments: [
            ("%41", "A"), ("%4", "%4"), ("%", "%"), ("%zz", "%zz"), ("%4%41", "%4A"), ("%%341", "%41"), ("%2541", "%41"), ("a+b", "a+b"),
            ("%2", "%2"), ("%E2%82%AC", "€"),
        ])
    func lenient(text: String, expected: String) {
        #expect(PercentEncoding.unescape(text.utf8) == Array(expected.utf8))
        let isWhole = !["%4", "%", "%zz", "%4%41", "%%341", "%2"].contains(text)
        #expect(PercentEncoding.unescapeStrictly(text.utf8) == (isWhole ? Array(expected.utf8) : nil))
    }

    @Test func plusIsABlankInAForm() {
        #expect(PercentEncoding.unescape("a+b%2B%".utf8, plusIsSpace: true) == Array("a b+%".utf8))
    }

    @Test("names are compared and sorted by their bytes, not by what looks alike")
    func order() {
        let composed = "\u{e9}"
        let decomposed = "e\u{301}"
        #expect(composed == decomposed && !composed.isSame(as: decomposed) && decomposed.precedes(composed))
        #expect(
            ["b", composed, "B", decomposed].inByteOrder().map { Array($0.utf8) }
                == ["B", "b", decomposed, composed].map { Array($0.utf8) })
        #expect([("b", 1), ("a", 2)].inByteOrder(of: { $0.0 }).map(\.1) == [2, 1])
    }

    @Test func markup() {
        #expect(Markup.escaped("<a href=\"x\">'&'") == "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;")
        #expect(Markup.entity("'", quotes: false) == nil && Markup.entity("<", quotes: false) == "&lt;")
    }
}
