import Model
import Testing

@testable import Notify

@Suite struct RetryScheduleTests {
    static let waits: [(attempts: Int, jitter: Double, asked: TimeSpan?, wait: TimeSpan)] = [
        (1, 0, nil, .seconds(1)), (1, 1, nil, .seconds(2)), (2, 0, nil, .seconds(2)), (2, 0.5, nil, .seconds(3)),
        (5, 0, nil, .seconds(16)), (20, 0, nil, .minutes(5)), (20, 1, nil, .minutes(10)),
        (.max, 1, nil, .minutes(10)), (0, 0, nil, .seconds(1)), (-7, 0, nil, .seconds(1)),
        (1, -3, nil, .seconds(1)), (1, 9, nil, .seconds(2)),
        (1, 0, .seconds(30), .seconds(30)), (20, 1, .seconds(30), .minutes(10)), (1, 0, .zero, .seconds(1)),
        (1, 0, .seconds(999_999_999), .hours(1)), (1, 0, TimeSpan(milliseconds: .max), .hours(1)),
    ]

    @Test("waits", arguments: waits.indices)
    func wait(index: Int) {
        let entry = Self.waits[index]
        #expect(RetrySchedule().wait(attempts: entry.attempts, jitter: entry.jitter, asked: entry.asked) == entry.wait)
    }

    static let rests: [(failures: Int, rest: TimeSpan?)] = [
        (0, nil), (1, nil), (2, .seconds(1)), (3, .seconds(2)), (5, .seconds(8)), (8, .minutes(1)), (.max, .minutes(1)),
    ]

    @Test("a service that fails again and again is asked ever less often", arguments: rests.indices)
    func rest(index: Int) {
        #expect(RetrySchedule().rest(failures: Self.rests[index].failures, jitter: 0) == Self.rests[index].rest)
    }
}
