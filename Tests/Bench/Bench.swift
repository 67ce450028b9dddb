import Glibc

/// What the driver (`run`, beside this file) starts: one process for each thing that is measured, so that nothing
/// measures another's leftovers. Figures go to standard output, one `name value` a line.
@main
enum Bench {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        let words = Array(CommandLine.arguments.dropFirst())
        do {
            switch words.first {
            case "simulate": try SimulatedRuntimeProcess.run(words.dropFirst())
            case "decode": try DecodeWorker.run(words.dropFirst())
            case "memory": try DecodeMemory.run(words.dropFirst())
            case "evaluate": try EvaluationBench.run(words.dropFirst())
            case "days": try DaysBench.run(words.dropFirst())
            case "churn": try DaysBench.churn(words.dropFirst())
            case "commit": try CommitBench.run(words.dropFirst())
            case "replay": try HistoryReplayBench.run(words.dropFirst())
            case "tape": try TapeReplayBench.run(words.dropFirst())
            case "gate": try GateProcess.run(words.dropFirst())
            case "load": try LoadGenerator.run(words.dropFirst())
            default:
                throw BenchFailure(
                    "run it by `make bench`; parts: simulate, decode, memory, evaluate, days, churn, commit, replay, tape, gate, load")
            }
        } catch {
            say("bench: \(error)", to: STDERR_FILENO)
            exit(1)
        }
    }
}

/// Why a measurement could not be taken.
struct BenchFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Writes a line at once: the driver waits for it.
func say(_ line: String, to descriptor: Int32 = STDOUT_FILENO) {
    var line = line + "\n"
    line.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
}

/// Prints one measured value.
func report(_ name: String, _ value: Double) { say("\(name) \(value)") }

/// Seconds of processor time that the calling thread has used: on a quiet machine the time that passed, on a busy one
/// the work that was done.
func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// The middle of a few samples; 0 of none.
func median(_ samples: [Double]) -> Double {
    samples.isEmpty ? 0 : samples.sorted()[samples.count / 2]
}
