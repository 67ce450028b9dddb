import DecisionKit
import Model
import Testing

@testable import Guard

/// What is kept of the ends of processes' lives: a row for each runtime.
struct LastWordsTests {
    /// After a life in which something was asked for.
    private static func remembered() throws -> GuardState {
        var world = try TroubleTests.slowWorld()
        _ = TroubleTests.life(&world, noisy: 170)
        return world.guardian
    }

    @Test("they come back from rows of their own, and what did not change is not written again")
    func rows() throws {
        var state = try Self.remembered()
        let rows = state.drainLastWords()
        #expect(rows.map(\.runtime) == ["shared"] && state.drainLastWords().isEmpty)
        #expect(state.withoutLastWords.document["last_words"] == [])
        var back = try GuardState(document: state.withoutLastWords.document)
        #expect(back != state, "there is something to bring back")
        #expect(try back.takeLastWords(rows[0].document) == "shared")
        #expect(back == state && back.document == state.document)
        #expect(back.drainLastWords().isEmpty, "what was read is there already")
    }

    @Test("what an earlier version kept in one document gets its rows, and goes before rows that are older")
    func earlier() throws {
        var state = try Self.remembered()
        let row = state.drainLastWords()[0].document
        var older = LastWords()
        older.heard(Timestamp(milliseconds: 0))
        var read = try GuardState(document: state.document)
        #expect(try read.takeLastWords(older.document("shared")) == "shared")
        #expect(read == state)
        #expect(read.drainLastWords().map(\.document) == [row])
    }

    @Test("a row without a name, or of something else, is an error")
    func damaged() throws {
        var state = GuardState()
        #expect(throws: DocumentError.self) { try state.takeLastWords(["ends": 0, "asked": []]) }
        #expect(throws: DocumentError.self) { try state.takeLastWords(["runtime": "shared", "ends": -1, "asked": []]) }
        #expect(state == GuardState())
    }
}
