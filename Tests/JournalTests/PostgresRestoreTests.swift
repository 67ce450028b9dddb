import Actions
import Cycle
import CycleKit
import Model
import Testing

@testable import Journal

/// What a start reads of what is kept, from a server that goes away meanwhile.
extension PostgresTests {
    @Test("a server that goes away while a start reads is no damaged state: it is called what it is, and the next start finds all")
    func unanswered() throws {
        let server = try PostgresServer()
        let engine = try Self.engine(try Self.folder(server.url()))
        let database = try Self.database(of: engine)
        let policies = try Crowd.policies()
        var first = Pipeline(settings: Crowd.settings(), policies: policies)
        for observation in Crowd.poll(Crowd.noisy, at: at(0)) { first.take(observation) }
        _ = first.tick(Crowd.runtime, now: at(0))
        var record = TickRecord(states: first.drainStates())
        first.drainSignals(into: &record)
        try engine.commitTick(record)

        /// Each question that a start asks, in turn, gets no answer.
        var cut = 0
        var asked = 0
        repeat {
            cut += 1
            asked = 0
            database.disturbance = { _ in
                asked += 1
                if asked == cut { server.kill() }
            }
            var next = Pipeline(settings: Crowd.settings(), policies: policies)
            var warnings: [String] = []
            do {
                try next.restore(from: engine, now: at(10)) { warnings.append($0) }
                _ = try PlacementBook(from: engine)
                #expect(next.newestMoment == first.newestMoment && next.signals[Crowd.runtime] != nil)
            } catch {
                let error = try #require(error as? JournalError, "question \(cut): \(error)")
                #expect(error.cause == .unreachable && error.isUnanswered, "question \(cut): \(error)")
            }
            #expect(warnings.isEmpty, "question \(cut): nothing is given up")
            database.disturbance = nil
            guard asked >= cut else { break }
            try server.start()
            // A server that has just refused is left alone for a moment, however fast it is there again.
            while failure({ try engine.stateKeys() }) != nil {}
        } while cut < 100
        #expect(cut > 4 && cut < 100 && asked < cut, "the last one was answered everything")
    }
}
