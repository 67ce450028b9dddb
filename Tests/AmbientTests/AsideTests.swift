import Glibc
import Model
import Synchronization
import TestKit
import Testing

@testable import Ambient

/// What may block for ever is done aside, and given up.
@Suite struct AsideTests {
    /// A clock on which every wait is over at once.
    struct Impatient: Clock {
        func now() -> Timestamp { Timestamp(milliseconds: 0) }
        func monotonicNanoseconds() -> UInt64 { 0 }
        func sleep(for span: TimeSpan) async throws(CancellationError) {}
    }

    @Test func theResultComesBack() async {
        #expect(await Aside(clock: SystemClock()).run(within: .minutes(10)) { 42 } == 42)
    }

    /// More of what hangs than there are threads in the cooperative pool.
    @Test func whatHangsHoldsUpNobody() async {
        let door = Door()
        await withTaskGroup(of: Int?.self) { group in
            for index in 0..<64 {
                group.addTask {
                    await Aside(clock: SystemClock()).run(within: .hours(10)) {
                        door.wait()
                        return index
                    }
                }
            }
            #expect(await Aside(clock: SystemClock()).run(within: .hours(10)) { 42 } == 42)
            for _ in 0..<64 { door.open() }
            var sum = 0
            for await index in group { sum += index ?? -1_000 }
            #expect(sum == 63 * 64 / 2)
        }
    }

    @Test func whatDoesNotComeBackIsGivenUp() async {
        let door = Door()
        let answer = await Aside(clock: Impatient()).run(within: .seconds(5)) {
            door.wait()
            return 42
        }
        #expect(answer == nil)
        door.open()
    }

    @Test func whoeverIsCancelledWaitsForNobody() async {
        let door = Door()
        let task = Task {
            await Aside(clock: SystemClock()).run(within: .hours(10)) {
                door.wait()
                return 42
            }
        }
        task.cancel()
        #expect(await task.value == nil)
        door.open()
    }
}
