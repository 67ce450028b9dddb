import Ambient
import Model
import Synchronization
import Testing

@Suite struct SteadyClockTests {
    /// A machine whose clock is set by hand.
    private final class Machine: Clock {
        private let state = Mutex<(wall: Int64, monotonic: UInt64)>((1_795_251_600_000, 5_000_000_000))

        func now() -> Timestamp { Timestamp(milliseconds: state.withLock { $0.wall }) }
        func monotonicNanoseconds() -> UInt64 { state.withLock { $0.monotonic } }
        func sleep(for span: TimeSpan) async throws(CancellationError) {}

        func pass(_ span: TimeSpan) {
            state.withLock {
                $0.wall += span.milliseconds
                $0.monotonic += UInt64(span.milliseconds) * 1_000_000
            }
        }

        /// The clock is set, or the machine slept: only the wall clock knows.
        func step(_ span: TimeSpan) { state.withLock { $0.wall += span.milliseconds } }
    }

    @Test("it shows the machine's clock, steps forward included")
    func follows() {
        let machine = Machine()
        let clock = SteadyClock(machine)
        for _ in 0..<100 {
            machine.pass(.seconds(1))
            #expect(clock.now() == machine.now())
        }
        machine.step(.hours(1))
        #expect(clock.now() == machine.now())
    }

    @Test("set back by an hour it goes on, a tenth slower, and they meet again after ten hours")
    func setBack() {
        let machine = Machine()
        let clock = SteadyClock(machine)
        let before = clock.now()
        machine.step(.hours(-1))
        #expect(clock.now() == before)
        machine.pass(.minutes(10))
        #expect(clock.now() - before == .minutes(9))
        var last = clock.now()
        for _ in 0..<(10 * 60) {
            machine.pass(.minutes(1))
            #expect(clock.now() > last)
            last = clock.now()
        }
        #expect(clock.now() == machine.now())
        #expect(clock.monotonicNanoseconds() == machine.monotonicNanoseconds())
    }

    @Test("it begins no earlier than what is known already")
    func notBefore() {
        let machine = Machine()
        let known = machine.now() + .minutes(30)
        let clock = SteadyClock(machine, notBefore: known)
        #expect(clock.now() == known)
        machine.pass(.seconds(100))
        #expect(clock.now() - known == .seconds(90))
        #expect(SteadyClock(machine, notBefore: machine.now() - .hours(1)).now() == machine.now())
    }
}
