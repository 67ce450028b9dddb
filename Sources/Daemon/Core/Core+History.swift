import Ambient
import Cycle
import Journal
import Model

/// Keeping the past small.
extension Core {
    /// Hours that one cycle brings into blocks at most: what an earlier version left takes many cycles, not one long one.
    private static let mostFolds = 12

    /// Brings hours that are over from minutes into blocks. What cannot be written now is done later; nothing is lost.
    func foldHistory(of runtimes: [String]) {
        guard let journal else { return }
        var left = Core.mostFolds
        for runtime in runtimes {
            do {
                while left > 0, let hour = try journal.foldableHour(runtime: runtime) {
                    let (block, damaged) = try RecordedHistory.block(journal, runtime: runtime, hour: hour)
                    if damaged > 0 {
                        logger.warning(
                            "minutes of the history are damaged and count as not watched",
                            [
                                "runtime": .text(runtime), "minutes": .integer(Int64(damaged)),
                                "hour": .text(Timestamp(milliseconds: hour * 3_600_000).description),
                            ])
                    }
                    try journal.fold(block)
                    left -= 1
                }
            } catch {
                logger.warning("cannot make the history smaller", ["runtime": .text(runtime), "cause": .text("\(error)")])
                return
            }
        }
    }
}
