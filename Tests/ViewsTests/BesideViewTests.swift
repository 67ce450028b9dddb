import Model
import Signals
import Testing

@testable import Views

/// What people are told of hosts and services in a line.
@Suite struct BesideViewTests {
    private func summary(_ kind: WatchedKind, _ change: (inout RuntimeSummary.Replica) -> Void) -> RuntimeSummary {
        var replica = RuntimeSummary.Replica(url: kind == .host ? "/proc" : "https://shop.example", perfInterval: .seconds(10))
        change(&replica)
        return RuntimeSummary(
            runtime: "this", kind: kind, replicas: [replica], apps: 0, deadCounters: [], liveCounters: [], endedRuns: 0)
    }

    private func verdict(_ summary: RuntimeSummary) -> StatusVerdict {
        StatusVerdict(summaries: [summary], at: Timestamp(milliseconds: 0), open: [])
    }

    @Test func aHostThatIsWellSaysHowItIs() {
        let verdict = verdict(summary(.host) { $0.said[.host] = "cpu 12 %, memory 40 %, 55 % free on /" })
        #expect(verdict.line == "OK: cpu 12 %, memory 40 %, 55 % free on /")
    }

    @Test func aHostThatSaysNothingIsNotKnown() {
        let verdict = verdict(
            summary(.host) { replica in
                replica.missing[.host] = .unreachable
                replica.detail[.host] = "/proc: no stat; no meminfo"
            })
        #expect(verdict.state == .unknown && verdict.essence.contains("/proc /host \(MissingReason.unreachable)"))
        #expect(verdict.line.hasPrefix("UNKNOWN: /proc: \(MissingReason.unreachable) (/proc: no stat"), "\(verdict.line)")
    }

    @Test func ofSeveralWhatIsNotSeenIsNamed() {
        let host = summary(.host) { $0.missing[.host] = .unreachable }
        let runtime = summary(.runtime) { $0.missing = [.health: .unreachable, .perf: .unreachable] }
        let line = StatusVerdict(summaries: [runtime, host], at: Timestamp(milliseconds: 0), open: []).line
        #expect(line.contains(": runtime this: ") && line.contains("; host this: ") && line.contains(": unreachable"), "\(line)")
        #expect(!StatusVerdict(summaries: [runtime], at: Timestamp(milliseconds: 0), open: []).line.contains("runtime this"))
    }

    @Test func nobodyIsToldOfPathsThatThereAreNot() {
        func figures(_ kind: WatchedKind, _ endpoint: Endpoint, _ reason: MissingReason = .unreachable) -> [String] {
            let summary = summary(kind) { $0.missing[endpoint] = reason }
            return ReplicaFigures(summary.replicas[0]).parts.map(\.text)
        }
        #expect(figures(.host, .host) == ["the host's figures could not be read"])
        #expect(figures(.service, .probe) == ["the service gave no answer"])
        #expect(figures(.service, .probe, .notTracked) == ["cannot be looked at from here"], "a ping that is not permitted")
        #expect(figures(.runtime, .health) == ["\(Endpoint.health.path) unreachable"], "what an operator can ask for is named")
        #expect(Endpoint.host.called == "the host" && Endpoint.probe.called == "the service" && Endpoint.perf.called == Endpoint.perf.path)
        func author(_ by: String) -> String { HandlingNote(at: Timestamp(milliseconds: 0), kind: .note, by: by, text: "").author }
        #expect(author("health") == "seen" && author("perf") == "runs" && author("cli:ann") == "cli:ann")
    }

    @Test func aServiceThatIsDownIsAWarningBeforeItsIncident() {
        let verdict = verdict(
            summary(.service) { replica in
                replica.isHealthy = false
                replica.said[.probe] = "down"
                replica.detail[.probe] = "connection refused"
            })
        #expect(verdict.state == .warning)
        #expect(verdict.line.hasPrefix("WARNING: service this is down (connection refused)"), "\(verdict.line)")
    }

    private func service(_ name: String, isUp: Bool) -> RuntimeSummary {
        var replica = RuntimeSummary.Replica(url: "https://\(name).example", perfInterval: .seconds(10))
        (replica.isHealthy, replica.said[.probe]) = (isUp, isUp ? "up, 4 ms" : "down")
        if !isUp { replica.detail[.probe] = "connection refused" }
        return RuntimeSummary(
            runtime: name, kind: .service, replicas: [replica], apps: 0, deadCounters: [], liveCounters: [], endedRuns: 0)
    }

    @Test func whoIsDownBesidesIsCountedAndManyThatAreUpAreNoPage() {
        func line(down: Int, up: Int) -> String {
            let summaries = (0..<down).map { service("d\($0)", isUp: false) } + (0..<up).map { service("u\($0)", isUp: true) }
            return StatusVerdict(summaries: summaries, at: Timestamp(milliseconds: 0), open: []).line
        }
        let two = "WARNING: service d0 is down (connection refused); service d1 is down (connection refused)"
        #expect(line(down: 2, up: 0) == two)
        #expect(line(down: 3, up: 0) == two + "; and 1 more that is not well")
        #expect(line(down: 5, up: 48) == two + "; and 3 more that are not well; 48 services up")
        #expect(line(down: 0, up: 3) == "OK: u0: up, 4 ms; u1: up, 4 ms; u2: up, 4 ms")
        #expect(line(down: 0, up: 4) == "OK: 4 services up")
    }

    @Test func whatLooksMeasuredIsPerformanceData() {
        let host = summary(.host) { $0.figures = [.memory: 12.3456, .diskFree: 44, .load: 0.5] }
        var down = service("db", isUp: false)
        down.replicas[0].figures = [.up: 0]
        var up = service("shop", isUp: true)
        up.replicas[0].figures = [.certificateDays: 12.5, .latency: 0.0042, .up: 1]
        let verdict = StatusVerdict(summaries: [host, down, up], at: Timestamp(milliseconds: 0), open: [])
        #expect(
            verdict.perfdata
                == "'this load'=0.5 'this memory'=12.35% 'this disk_free'=44% 'db up'=0 'shop up'=1 'shop latency'=0.0042s "
                + "'shop certificate_days'=12.5")
    }

    @Test func whatCannotBeSeenIsNamedAmongWhatCan() {
        func verdict(_ summaries: [RuntimeSummary]) -> StatusVerdict {
            StatusVerdict(summaries: summaries, at: Timestamp(milliseconds: 0), open: [])
        }
        let seen = summary(.host) { $0.said[.host] = "cpu 12 %" }
        let gone = summary(.service) { replica in
            replica.missing[.probe] = .unreachable
            replica.detail[.probe] = "no address"
        }
        let part = summary(.runtime) { $0.missing[.perf] = .unauthorized }
        #expect(verdict([seen]).unseen == nil && verdict([gone]).unseen == nil, "nothing is wrong, and nothing is seen")
        #expect(verdict([seen, gone]).unseen?.words == "this (service) cannot be seen, 1 of 2: unreachable (no address)")
        #expect(verdict([part]).unseen?.words == "this (runtime) cannot be seen whole: \(Endpoint.perf.path): unauthorized")
        #expect(
            verdict([part, seen, gone]).unseen?.words
                == "2 of 3 cannot be seen whole: this (runtime): \(Endpoint.perf.path): unauthorized; this (service): unreachable (no address)"
        )
        #expect(verdict([part, seen, gone]).unseen?.names == "this (runtime), this (service)")
    }

    @Test func figuresAreShownInTheirTone() {
        var replica = RuntimeSummary.Replica(url: "https://shop.example", perfInterval: .seconds(10))
        (replica.isHealthy, replica.said[.probe]) = (true, "up, status 200, 41 ms")
        let parts = ReplicaFigures(replica).parts
        #expect(parts.map(\.text) == ["up, status 200, 41 ms"] && parts.map(\.tone) == [.good])
    }
}
