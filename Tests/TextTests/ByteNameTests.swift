import Testing

@testable import Text

@Suite struct ByteNameTests {
    private struct Name: ByteName {
        let bytes: [UInt8]
    }

    @Test("names that look alike are two, and are sorted by their bytes")
    func bytes() {
        let (composed, decomposed) = (Name("caf\u{E9}"), Name("cafe\u{301}"))
        #expect(composed.text == decomposed.text)
        #expect(composed != decomposed && Set([composed, decomposed]).count == 2)
        #expect([composed, Name("cafz"), decomposed].sorted() == [decomposed, Name("cafz"), composed])
    }

    @Test("what is no UTF-8 shows as such, and what is shown is safe to show")
    func shown() {
        #expect(Name(bytes: [0x61, 0xFF]).text == "a\u{FFFD}")
        #expect(!"\(Name("a\u{1B}[31m"))".unicodeScalars.contains("\u{1B}"))
    }
}
