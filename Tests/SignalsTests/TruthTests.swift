import Model
import Testing

@testable import Signals

/// A runtime of which everything is known is polled badly, and every reading of every signal is compared with the truth.
@Suite("Every reading is within its stated error of the truth, or missing with a reason")
struct TruthTests {
    /// Told apart by what goes wrong in them: clocks, headers, intervals from 1 s to 60 s, restarts, lost polls.
    static let seeds = Array(UInt64(1)...100).filter { $0 < 20 || KnownRuntime(seed: $0).habits.interval >= 5_000 }

    @Test("what really happened bounds what is read", arguments: TruthTests.seeds)
    func truth(seed: UInt64) throws {
        var watch = TruthWatch(KnownRuntime(seed: seed))
        try watch.run()
        #expect(watch.faults.isEmpty, "seed \(seed), \(watch.world.habits)\n\(watch.faults.prefix(8).joined(separator: "\n"))")
    }

    @Test("no signal is left out: each was read with a value many times, of each of its subjects")
    func everySignal() throws {
        var values: [Signal: [SubjectKind: Int]] = [:]
        for seed in TruthTests.seeds.prefix(16) {
            var watch = TruthWatch(KnownRuntime(seed: seed))
            try watch.run()
            for (signal, counts) in watch.values { values[signal, default: [:]].merge(counts, uniquingKeysWith: +) }
        }
        for signal in Signal.allCases {
            for kind in signal.info.subjects {
                let count = values[signal]?[kind] ?? 0
                #expect(count >= 50, "\(signal.name) of \(kind.rawValue): \(count) values")
            }
        }
    }
}
