import Model
import Testing

@testable import Advisor

@Suite struct BreakerTests {
    private let start = Timestamp(milliseconds: 1_000_000)

    @Test("closed => failures => open => probe => open for longer => probe => closed") func story() {
        var breaker = Breaker(failures: 3, rest: .minutes(5))
        for _ in 0..<2 {
            #expect(breaker.ask(start) == nil)
            breaker.failed(start)
        }
        #expect(breaker.state == .closed)
        breaker.failed(start)
        #expect(breaker.state == .open(until: start + .minutes(5)))
        #expect(breaker.ask(start + .minutes(4)) == .init(until: start + .minutes(5)))
        #expect(breaker.ask(start + .minutes(5)) == nil)
        #expect(breaker.state == .probing)
        #expect(breaker.ask(start + .minutes(5)) == .init(until: nil), "one probe at a time")
        breaker.failed(start + .minutes(5))
        #expect(breaker.state == .open(until: start + .minutes(15)))
        #expect(breaker.ask(start + .minutes(15)) == nil)
        breaker.succeeded()
        #expect(breaker == Breaker(failures: 3, rest: .minutes(5)))
    }

    @Test("a success in between counts the failures anew") func between() {
        var breaker = Breaker(failures: 2, rest: .minutes(5))
        for _ in 0..<5 {
            breaker.failed(start)
            breaker.succeeded()
        }
        #expect(breaker.ask(start) == nil)
    }

    @Test("a service that asks for a wait gets it at once, an hour at most") func retryAfter() {
        var breaker = Breaker(failures: 3, rest: .minutes(5))
        breaker.failed(start, retryAfter: .minutes(20))
        #expect(breaker.state == .open(until: start + .minutes(20)))
        breaker = Breaker(failures: 3, rest: .minutes(5))
        breaker.failed(start, retryAfter: .hours(30))
        #expect(breaker.state == .open(until: start + .hours(1)))
    }

    @Test("rests grow to an hour and no further") func growth() {
        var breaker = Breaker(failures: 1, rest: .minutes(5))
        var now = start
        for _ in 0..<20 {
            breaker.failed(now)
            guard case .open(let until) = breaker.state else { continue }
            #expect(until - now <= .hours(1))
            now = until
            _ = breaker.ask(now)
        }
    }

    @Test("a clock that was set back does not keep it open for ever; a probe withdrawn leaves room for the next") func oddities() {
        var breaker = Breaker(failures: 1, rest: .minutes(5))
        breaker.failed(start + .hours(5))
        #expect(breaker.ask(start) == nil)
        breaker.withdrew(start)
        #expect(breaker.ask(start) == nil)
    }
}
