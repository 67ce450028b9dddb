import Digest
import Journal
import Model
import Testing

/// Ids that people type.
@Suite(.bothEngines) struct ShortIDTests {
    @Test("the shortest beginning of the digest that tells one from all others, and never less than four digits")
    func shortest() throws {
        let ids = (0..<2_000).map { "68bf1e8146c97475-\(1_795_951_141_712 + $0)" }
        let short = ShortID.shortest(of: ids, among: ids)
        #expect(Set(short.values).count == ids.count && short.values.allSatisfy { $0.utf8.count >= 4 })
        #expect(short.values.contains { $0.utf8.count > 4 }, "two thousand do not fit into four digits each")
        for id in ids {
            let own = try #require(short[id])
            let fitting = ids.filter { ShortID.digits(of: $0).hasPrefix(own) }
            #expect(fitting == [id])
        }
        #expect(ShortID.shortest(of: ["a"], among: []) == ["a": ShortID.of("a")])
    }

    @Test("what another whole id begins with is longer")
    func noBeginningOfAnother() throws {
        let id = "68bf1e8146c97475-1"
        let taken = ShortID.of(id)
        let short = ShortID.shortest(of: [id], among: [taken + "000000000000-2"])
        #expect(short[id] == String(ShortID.digits(of: id).prefix(5)))
    }

    @Test("a journal finds an incident by it; of several it names the candidates")
    func inAJournal() throws {
        let place = try Place()
        let journal = try place.engine()
        let ids = (0..<400).map { "aaaaaaaaaaaaaaa\($0 % 10)-\(1_000 + $0)" }
        try journal.commitTick(TickRecord(incidents: ids.map { incident($0) }))
        let known = try journal.incidentIDs()
        #expect(known == ids.sorted())
        for (id, short) in ShortID.shortest(of: ids, among: known) { #expect(try journal.incident(short).id == id) }
        // Four digits that several share: 400 ids leave some.
        let groups = Dictionary(grouping: ids) { ShortID.of($0) }
        if let (digits, several) = groups.first(where: { $1.count > 1 }) {
            let error = #expect(throws: JournalError.self) { try journal.incident(digits) }
            guard case .ambiguousID(let candidates)? = error?.cause else { throw Unexpected() }
            #expect(
                candidates.count == several.count && candidates.allSatisfy { $0.hasPrefix(digits) && $0.contains("noisy-neighbor on app") })
        }
        #expect(throws: JournalError.self) { try journal.incident("ff") }
        // The beginning of one's whole id and of others' short ones is none that one could mean.
        try journal.commitTick(TickRecord(incidents: [incident("cfffffffffffffff-1")]))
        let error = #expect(throws: JournalError.self) { try journal.incident("c") }
        guard case .ambiguousID(let candidates)? = error?.cause else { throw Unexpected() }
        #expect(candidates.count > 1 && candidates.allSatisfy { $0.hasPrefix("c") }, "\(candidates)")
        #expect(throws: JournalError.self) { try journal.incident("") }
    }

    private struct Unexpected: Error {}
}
