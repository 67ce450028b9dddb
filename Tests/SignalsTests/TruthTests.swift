import Model
import Testing

@testable import Signals

/// A runtime of which everything is known is polled badly, and every reading of every signal is compared with the truth.
@Suite("Every reading is within its stated error of the truth, or missing with a reason")
struct TruthTests {
    /// Told apart by what goes wrong in them: clocks, headers, intervals from 1 s to 60 s, restarts, lost polls.
    static let seeds = Array(UInt64(1)...14)

    @Test("what really happened bounds what is read", arguments: TruthTests.seeds)
    func truth(seed: UInt64) throws {
        var watch = TruthWatch(KnownRuntime(seed: seed))
        try watch.run()
        #expect(watch.faults.isEmpty, "seed \(seed), \(watch.world.habits)\n\(watch.faults.prefix(8).joined(separator: "\n"))")
    }

    @Test("where nothing tells the runtime's clock starts are seen all the same", arguments: [-90_000, 90_000] as [Int64])
    func unknownClock(skew: Int64) throws {
        var watch = TruthWatch(
            KnownRuntime(seed: 3) {
                ($0.skew, $0.dated, $0.isNeverSeenOpen, $0.ghosts, $0.lostPolls) = (skew, 0, true, 0, 0)
                ($0.interval, $0.minutes, $0.restarts, $0.hasEvents) = (30_000, 20, nil, true)
            })
        try watch.run()
        #expect(watch.faults.isEmpty, "\(watch.faults.prefix(8).joined(separator: "\n"))")
        #expect((watch.values[.runStarts]?[.runtime] ?? 0) > 10)
    }

    @Test("no signal is left out: each was read with a value many times, of each of its subjects")
    func everySignal() throws {
        var values: [Signal: [SubjectKind: Int]] = [:]
        // At polls that are not too many.
        for seed in UInt64(1)...8 {
            var watch = TruthWatch(
                KnownRuntime(seed: seed) {
                    ($0.interval, $0.hasInside, $0.hasGate) = (max($0.interval, 10_000), seed % 2 == 0, true)
                })
            try watch.run()
            for (signal, counts) in watch.values { values[signal, default: [:]].merge(counts, uniquingKeysWith: +) }
        }
        // Of pages of metrics, which these runtimes do not show, MetricSignalsTests tells.
        for signal in Signal.allCases where !signal.isOfPage {
            for kind in signal.info.subjects where !kind.isBesideRuntimes {
                let count = values[signal]?[kind] ?? 0
                #expect(count >= 40, "\(signal.name) of \(kind.rawValue): \(count) values")
            }
        }
    }
}
