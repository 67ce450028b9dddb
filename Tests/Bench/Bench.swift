import Glibc

/// What the driver (`run`, beside this file) starts: one process for each thing that is measured, so that nothing
/// measures another's leftovers. Figures go to standard output, one `name value` a line.
@main
enum Bench {
    static func main() async {
        setvbuf(stdout, nil, _IOLBF, 0)
        signal(SIGPIPE, SIG_IGN)
        let words = Array(CommandLine.arguments.dropFirst())
        do {
            switch words.first {
            case "simulate": try SimulatedRuntimeProcess.run(words.dropFirst())
            case "decode": try DecodeWorker.run(words.dropFirst())
            case "memory": try DecodeMemory.run(words.dropFirst())
            case "evaluate": try EvaluationBench.run()
            case "gate": try GateProcess.run(words.dropFirst())
            case "load": try LoadGenerator.run(words.dropFirst())
            default: throw BenchFailure("run it by `make bench`; its parts: simulate, decode, memory, evaluate, gate, load")
            }
        } catch {
            fputs("bench: \(error)\n", stderr)
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

/// Prints one measured value. Doubles with six significant digits.
func report(_ name: String, _ value: Double) {
    withVaList([value]) { _ = vprintf("\(name) %.6g\n", $0) }
}

/// Seconds of a clock that only runs forward.
func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// The middle of a few samples; 0 of none.
func median(_ samples: [Double]) -> Double {
    samples.isEmpty ? 0 : samples.sorted()[samples.count / 2]
}

/// Binds the calling thread, and those that it starts from now on, to one core. Does nothing where there is only one.
func pin(toCore core: Int) {
    guard sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1 else { return }
    var set = cpu_set_t()
    withUnsafeMutableBytes(of: &set) { $0[core / 8] |= 1 << UInt8(core % 8) }
    sched_setaffinity(0, MemoryLayout<cpu_set_t>.size, &set)
}
