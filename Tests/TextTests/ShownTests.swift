import Testing
import Text

@Suite struct ShownTests {
    /// What acts on a terminal, a line, a plugin's answer or the text around it.
    private static let hostile = "\u{1B}[31m\u{202E}\u{200B}\u{2066}\u{85}\u{2028}\u{7F}\u{A0}\r\u{FEFF}\u{E000}"

    @Test("of ASCII it is invisible what Unicode says controls something")
    func ascii() {
        for value in UInt8.min..<0x80 {
            let scalar = Unicode.Scalar(value)
            #expect(Shown.isInvisible(scalar) == (scalar.properties.generalCategory == .control), "\(value)")
        }
        #expect(Shown.screen("\u{1F6E0}\u{FE0F} a\u{FE0F}") == "\u{1F6E0}\u{FE0F} a\\u{fe0f}", "a letter is no symbol")
    }

    @Test("each way of showing leaves nothing that is not seen")
    func nothingInvisible() {
        let ways: [(String, String)] = [
            ("id", Shown.id(ShownTests.hostile)), ("line", Shown.line(ShownTests.hostile)), ("prose", Shown.prose(ShownTests.hostile)),
            ("code", Shown.code(ShownTests.hostile)), ("plugin", Shown.plugin(ShownTests.hostile)),
            ("screen", Shown.screen(ShownTests.hostile)),
            ("cell", Shown.cell(ShownTests.hostile)), ("masked", Shown.masked(ShownTests.hostile)),
        ]
        for (name, text) in ways {
            #expect(!text.unicodeScalars.contains(where: Shown.isInvisible), "\(name): \(text.unicodeScalars.map(\.value))")
        }
        #expect(Shown.plugin("a|b") == "a\\u{7c}b")
    }

    @Test(
        "a comment is one line, as long as a line",
        arguments: [
            ("on it", "on it"), ("a\nb\r\nc\td", "a b c d"), ("  a \u{2028} b\u{85}", "a b"),
            ("\u{1B}[2Jx\u{202E}y", "\\u{1b}[2Jx\\u{202e}y"),
            ("", ""), ("\n\n", ""), (String(repeating: "x", count: 400), String(repeating: "x", count: 400)),
            (String(repeating: "x", count: 100_000), String(repeating: "x", count: 400) + "…"),
            (String(repeating: "a\n", count: 50_000), String(String(repeating: "a ", count: 200)) + "…"),
            (String(repeating: " ", count: 100_000) + "x", "…"),
        ])
    func comment(text: String, expected: String) {
        #expect(Shown.comment(text) == expected)
        #expect(Shown.comment(expected) == expected || text.utf8.count > 90_000)
    }

    @Test("what spells an escape is none of ours") func backslashes() {
        #expect(Shown.id("e\u{301}") == "e\\u{301}" && Shown.id("e\\u{301}") == "e\\u{5c}u{301}")
        #expect(Shown.id("C:\\users\\u") == "C:\\users\\u" && Shown.id("\\") == "\\")
        // Two ids never show alike.
        let ids = ["\u{202E}", "\\u{202e}", "\\\\u{202e}", "\\u{5c}u{202e}", "\\u{5c}\u{202E}"]
        #expect(Set(ids.map { Shown.id($0) }).count == ids.count, "\(ids.map { Shown.id($0) })")
    }

    @Test("a mask is as wide as what it stands for; an emoji stays one")
    func masked() {
        #expect(Shown.masked("a\u{1B}b\u{200B}c") == "a\u{FFFD}b\u{FFFD}c" && Shown.masked("a\nb", by: " ") == "a b")
        #expect(Shown.masked("\u{26A0}\u{FE0F}").unicodeScalars.map(\.value) == [0x26A0, 0xFE0F])
    }

    @Test(
        "globs",
        arguments: [
            ("app-*", "app-clinic", true), ("*", "", true), ("", "", true), ("", "a", false), ("a?c", "abc", true),
            ("a?c", "ac", false), ("*b*", "abc", true), ("a*b*c", "a-b-b-c", true), ("a*b*c", "a-c-b", false),
            ("**x", "x", true), ("[*]", "*", true), ("[*]", "x", false), ("[?]a*", "?abc", true), ("[?]", "x", false),
            ("a[b]", "a[b]", true),
            ("[*", "[x", true), ("[[*]]", "[*]", true), ("[]", "[]", true), ("é", "e\u{301}", false), ("?", "é", true),
        ])
    func globs(pattern: String, text: String, expected: Bool) { #expect(Glob(pattern).matches(text) == expected) }

    @Test("a pattern of one text and no other", arguments: ["*", "?", "a*b", "[*]", "[?", "plain", "", "**", "a[b]c"])
    func exactGlob(text: String) {
        let pattern = Glob(String(decoding: Glob.exactly(Array(text.utf8)), as: UTF8.self))
        #expect(pattern.matches(text))
        for other in ["", "x", "axb", "*x", text + "x", "x" + text] where other != text { #expect(!pattern.matches(other), "\(other)") }
    }

    @Test("a hostile pattern takes no time to speak of")
    func hostileGlob() {
        let pattern = String(repeating: "*a", count: 200) + "b"
        #expect(!Glob(pattern).matches(String(repeating: "a", count: 2_000)))
    }
}
