import Testing

@testable import YAML

/// Bytes that must be refused, and where.
struct Hostile: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let fault: String

    init(_ name: String, _ bytes: [UInt8], _ fault: String) {
        testDescription = name
        self.bytes = bytes
        self.fault = fault
    }
}

@Suite struct YAMLTests {
    private func parse(_ bytes: [UInt8], limits: YAMLLimits = YAMLLimits()) -> (node: YAMLNode?, codes: [String]) {
        let reporter = Reporter(source: SourceText(file: "f", bytes: bytes))
        let node = YAMLParser.parse(reporter, limits: limits)
        return (node, reporter.diagnostics.map { "\($0.line):\($0.column) \($0.code)" })
    }

    static let limits: YAMLLimits = {
        var limits = YAMLLimits()
        limits.nodes = 1_000
        return limits
    }()

    static let hostile: [Hostile] = [
        Hostile("nothing", [], "1:1 empty"),
        Hostile("a NUL", Array("a: b\nc: \u{0}".utf8), "2:4 encoding"),
        Hostile("not UTF-8", Array("a: é\nb: ".utf8) + [0xC3, 0x28], "2:4 encoding"),
        Hostile("cut within a character", Array("a: ".utf8) + [0xE2, 0x82], "1:4 encoding"),
        Hostile("an encoded surrogate", Array("a: ".utf8) + [0xED, 0xA0, 0x80], "1:4 encoding"),
        Hostile("UTF-16", [0xFF, 0xFE, 0x61, 0x00], "1:1 encoding"),
        Hostile("a control character", Array("a: b\nc: \u{1B}[31m".utf8), "2:4 yaml"),
        Hostile("binary", (0..<255).map { UInt8($0) }, "3:115 encoding"),
        Hostile("ten megabytes", [UInt8](repeating: 0x61, count: 10 << 20), "1:1 too-large"),
        Hostile("deep flow", Array(String(repeating: "[", count: 1 << 16).utf8), "1:34 too-deep"),
        Hostile(
            "deep blocks", Array((0..<100).map { String(repeating: " ", count: $0) + "a:\n" }.joined().utf8),
            "33:33 too-deep"),
        Hostile("many values", Array("[".utf8) + Array(String(repeating: "1,", count: 2_000).utf8), "1:2000 too-large"),
        Hostile("a bomb", Array("a: &a [x]\nb: [*a, *a]".utf8), "1:4 anchor"),
        Hostile("an alias", Array("a: *b".utf8), "1:4 alias"),
        Hostile("a tag", Array("a: !!python/object:os.system x".utf8), "1:4 tag"),
        Hostile("cut short", Array("a: {b: [1, 2".utf8), "1:13 yaml"),
        Hostile("cut in quotes", Array("a: \"b".utf8), "1:6 yaml"),
        Hostile("tabs", Array("a:\n\tb: c".utf8), "2:1 yaml"),
        Hostile("two documents", Array("a: b\n---\nc: d".utf8), "2:1 many-documents"),
        Hostile("a directive", Array("%YAML 9.9\n---\na: b".utf8), "1:1 yaml"),
        Hostile("a repeated key", Array("a: b\n\"a\": c".utf8), "2:1 duplicate-key"),
    ]

    @Test(arguments: hostile) func isRefusedAtItsPlace(_ text: Hostile) {
        #expect(parse(text.bytes, limits: YAMLTests.limits).codes.first == text.fault)
    }

    @Test func keysAreBytes() {
        // Composed and decomposed: equal as Swift strings, two keys here.
        let (node, codes) = parse(Array("caf\u{E9}: 1\ncafe\u{301}: 2".utf8))
        #expect(codes == [] && node?.entries?.count == 2)
    }

    @Test func aByteOrderMarkShiftsNothing() {
        let (node, codes) = parse([0xEF, 0xBB, 0xBF] + Array("a: b".utf8))
        #expect(codes == [])
        #expect(node?.entries?.first?.value.start == Mark(line: 1, column: 4))
    }

    /// A value of each style, and where the letter X of it stands in the file.
    static let styles: [(String, String, Int, Int)] = [
        ("plain", "a: one X", 1, 8),
        ("plain over lines", "a: one\n\n  two X", 3, 7),
        ("double", "a: \"one X\"", 1, 9),
        ("escapes", "a: \"\\u00e9\\t\\\\ X\"", 1, 16),
        ("double over lines", "a: \"one\n  X\"", 2, 3),
        ("single", "a: 'it''s X'", 1, 11),
        ("literal", "a: |\n  one\n    X\n", 3, 5),
        ("folded", "a: >- # why\n  one\n\n  two X\n", 4, 7),
        ("CR LF", "a: |\r\n  one\r\n  X\r\n", 3, 3),
        ("wide letters", "é: 'ü X'", 1, 7),
    ]

    @Test(arguments: styles) func placesWithinScalarsAreFound(
        _ name: String, _ text: String, _ line: Int, _ column: Int
    ) throws {
        let reporter = Reporter(source: SourceText(file: "f", bytes: Array(text.utf8)))
        let node = try #require(YAMLParser.parse(reporter)?.entries?.first?.value)
        let value = Array(try #require(node.text).utf8)
        let offset = try #require(value.firstIndex(of: UInt8(ascii: "X")))
        #expect(reporter.source.mark(in: node, valueOffset: offset) == Mark(line: line, column: column))
    }

    @Test func everyPrefixOfAFileIsReadOrRefused() {
        let text = Array("a: {b: [1, 'x''y', \"\\u00e9\"]}\nc: |\n  d\ne:\n  - f: >-\n      g\n  - h\n".utf8)
        for end in 0...text.count {
            let (node, codes) = parse(Array(text.prefix(end)))
            #expect((node == nil) == !codes.isEmpty, "\(end) bytes")
        }
    }

    static let near: [(String, [String], String?)] = [
        ("enfroce", ["observe", "enforce"], "enforce"), ("windw", ["mode", "window"], "window"),
        ("noisy_neighbour", ["noisy-neighbor"], "noisy-neighbor"), ("x", ["y"], nil), ("tll", ["ttl"], "ttl"),
        ("apple", ["window"], nil), ("", ["a"], nil), (String(repeating: "a", count: 500), ["a"], nil),
    ]

    @Test(arguments: near) func theNearestNameIsFound(_ text: String, _ names: [String], _ expected: String?) {
        #expect(Nearest.name(to: text, among: names) == expected)
    }

    @Test func swappedNeighboursAreOneStep() {
        #expect(
            Nearest.distance(Array("abcd".unicodeScalars.map(\.value)), Array("abdc".unicodeScalars.map(\.value))) == 1)
    }

    @Test func longLinesAreCutAroundThePlace() {
        let line = String(repeating: "x", count: 5_000)
        let text = Diagnostic("code", "message", file: "f", line: 1, column: 2_500, length: 3, sourceLine: line)
            .description
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines[0] == "f:1:2500: error[code]: message")
        #expect(lines[1].count < 200 && lines[1].hasPrefix("    …x") && lines[1].hasSuffix("x…"))
        #expect(lines[2].hasSuffix(" ^~~"))
    }

    /// One line of a megabyte with a fault at each of its keys: what is kept and shown of it is a part, at the right place.
    @Test func aVeryLongLineIsKeptInPart() throws {
        let text = "{" + (0..<40_000).map { "é\($0): x" }.joined(separator: ", ") + "}"
        let reporter = Reporter(source: SourceText(file: "f", bytes: Array(text.utf8)))
        let root = try #require(YAMLParser.parse(reporter))
        let entries = try #require(root.entries)
        #expect(entries.count == 40_000)
        for entry in entries { reporter.report("c", "m", at: entry.key) }
        #expect(reporter.diagnostics.count == 40_000)
        let last = try #require(reporter.diagnostics.last)
        #expect(last.isPartOfLine && (last.sourceLine?.utf8.count ?? .max) <= 2 * 520)
        for place in [0, 1, 777, 20_000, 39_999] {
            let lines = reporter.diagnostics[place].description.split(separator: "\n").map(String.init)
            let caret = try #require(lines[2].firstIndex(of: "^"))
            let offset = lines[2].distance(from: lines[2].startIndex, to: caret)
            let shown = lines[1].dropFirst(offset)
            #expect(shown.hasPrefix("é\(place): x"), "\(place): \(lines)")
            #expect(lines[1].count < 200 && lines[2].count < 200)
        }
        // Names are known, however many.
        let fields = try #require(Fields(root, "'labels'", reporter))
        #expect(fields.all().count == 40_000)
        fields.finish()
        #expect(reporter.diagnostics.count == 40_000)
    }

    @Test("what is said of a value is bounded") func longMessages() {
        let text = Diagnostic("c", String(repeating: "é", count: 1_000_000), file: "f", hint: String(repeating: "x", count: 1_000_000))
            .description
        #expect(text.unicodeScalars.count < 5_000)
    }

    @Test("places are found behind any number of wide letters", arguments: [0, 1, 511, 1_023, 1_024, 1_025, 5_000])
    func placesOfLongLines(count: Int) {
        let source = SourceText(file: "f", bytes: Array(("a: b\n" + String(repeating: "é", count: count) + "X\nlast").utf8))
        let offset = 5 + 2 * count
        #expect(source.mark(offset) == Mark(line: 2, column: count + 1))
        #expect(source.offset(Mark(line: 2, column: count + 1)) == offset)
        #expect(source.offset(Mark(line: 2, column: count + 99)) == offset + 2, "the end of the line")
        #expect(source.mark(offset + 2) == Mark(line: 3, column: 1) && source.offset(Mark(line: 3, column: 3)) == offset + 4)
    }

    @Test("a file that is too large is not said to have the bytes that were read") func tooLarge() {
        for (count, says) in [(SourceText.longest + 1, "more than 1048576 bytes"), (3_000_000, "3000000 bytes; at most 1048576")] {
            let reporter = Reporter(source: SourceText(file: "f", bytes: [UInt8](repeating: 0x23, count: count)))
            #expect(YAMLParser.parse(reporter) == nil)
            #expect(reporter.diagnostics.first?.message.contains(says) == true, "\(reporter.diagnostics)")
        }
    }

    @Test func strangersCannotWriteToTheTerminal() {
        let text = Diagnostic("code", "no \u{1B}[2J\u{202E}", file: "f", sourceLine: "\u{1B}]0;x\u{7}").description
        #expect(!text.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x07 || $0.value == 0x202E })
    }

    @Test func aTabKeepsTheCaretInPlace() {
        let text = Diagnostic("code", "m", file: "f", line: 1, column: 3, sourceLine: "\ta: b").description
        #expect(text == "f:1:3: error[code]: m\n    \ta: b\n    \t ^")
    }
}
