import TestKit
import Testing

/// A clone has the recordings that its tests need; they must not drift from the originals.
@Suite struct FixturesTests {
    @Test(.enabled(if: Fixtures.shared != nil, "no recordings beside the repository to compare with"))
    func copiesEqualTheRecordings() throws {
        let shared = try #require(Fixtures.shared)
        for folder in ["idle", "busy", "errors", "auth", "series", "series-restart-at-poll-05"] {
            let names = Fixtures.files(in: folder, of: shared)
            #expect(!names.isEmpty)
            #expect(Fixtures.files(in: folder, of: Fixtures.copies) == names)
            for name in names {
                let path = "/\(folder)/\(name)"
                #expect(Fixtures.read(Fixtures.copies + path) == Fixtures.read(shared + path), "\(path)")
            }
        }
    }

    @Test func missingOnesAreNamed() {
        #expect(throws: Fixtures.Missing.self) { try Fixtures.bytes("none/such.json") }
    }
}
