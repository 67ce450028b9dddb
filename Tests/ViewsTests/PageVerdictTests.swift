import Model
import Signals
import Testing

@testable import Views

/// What people are told where a page of metrics cannot be read.
@Suite struct PageVerdictTests {
    private func replica(_ change: (inout RuntimeSummary.Replica) -> Void = { _ in }) -> RuntimeSummary.Replica {
        var replica = RuntimeSummary.Replica(url: "http://a:8000", perfInterval: .seconds(10))
        replica.isHealthy = true
        change(&replica)
        return replica
    }

    private func verdict(_ replica: RuntimeSummary.Replica, page: RuntimeSummary.Replica? = nil) -> StatusVerdict {
        var summary = RuntimeSummary(runtime: "shared", replicas: [replica], apps: 0, deadCounters: [], liveCounters: [], endedRuns: 0)
        summary.page = page
        return StatusVerdict(summaries: [summary], at: Timestamp(milliseconds: 0), open: [])
    }

    @Test("a page that cannot be read is no good news", arguments: [MissingReason.error(status: 404), .malformed, .unreachable])
    func unreadable(_ reason: MissingReason) {
        let verdict = verdict(replica { ($0.missing[.metrics], $0.detail[.metrics]) = (reason, "no such page") })
        #expect(verdict.state == .unknown)
        #expect(verdict.line.hasPrefix("UNKNOWN: http://a:8000, its page of metrics: \(reason) (no such page)"), "\(verdict.line)")
        #expect(verdict.essence.contains { $0.hasSuffix("/metrics \(reason)") })
    }

    @Test func aPageOfTheRuntimeAsAWholeIsToldByItsName() {
        var page = RuntimeSummary.Replica(url: Observation.page, perfInterval: .seconds(10))
        #expect(verdict(replica(), page: page).state == .ok)
        page.missing[.metrics] = .error(status: 404)
        let verdict = verdict(replica(), page: page)
        #expect(verdict.state == .unknown && verdict.line.contains("shared, its page of metrics: error(404)"), "\(verdict.line)")
    }

    @Test func aPageThatIsAskedNoMoreLacksNothing() {
        let verdict = verdict(replica { $0.missing[.metrics] = .stale })
        #expect(verdict.state == .ok && verdict.essence == ["ok"])
    }

    @Test func aSilentReplicaIsToldOnce() {
        let verdict = verdict(
            replica { replica in
                replica.isHealthy = nil
                for endpoint in [Endpoint.health, .perf, .events, .metrics] { replica.missing[endpoint] = .unreachable }
            })
        #expect(verdict.line.hasPrefix("UNKNOWN: http://a:8000: unreachable"), "\(verdict.line)")
        #expect(!verdict.line.contains("page of metrics"))
    }
}
