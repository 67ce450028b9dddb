import Cycle
import Guard
import Model
import Notify
import Signals
import Testing

@testable import Views

/// What stands at the top of a screen that has no room for what is well.
@Suite("Words at the top")
struct TroubleWordsTests {
    private func summary(
        _ name: String, _ kind: WatchedKind, _ change: (inout RuntimeSummary.Replica) -> Void
    ) -> RuntimeSummary {
        var replica = RuntimeSummary.Replica(url: "http://\(name):8000", perfInterval: .seconds(10))
        change(&replica)
        return RuntimeSummary(
            runtime: name, kind: kind, replicas: [replica], apps: 3, deadCounters: [], liveCounters: [], endedRuns: 0)
    }

    private func verdict(_ summaries: [RuntimeSummary], stale: String? = nil, notices: [String] = []) -> StatusVerdict {
        StatusVerdict(summaries: summaries, at: Timestamp(milliseconds: 0), open: [], stale: stale, notices: notices)
    }

    @Test("what is wrong is told without the figures of what is well; where nothing is wrong the account is")
    func trouble() {
        let well = summary("shared", .runtime) { ($0.isHealthy, $0.openChats, $0.trackedChats, $0.websockets) = (true, 40, 92, 40) }
        let down = summary("mail", .service) { replica in
            replica.isHealthy = false
            (replica.said[.probe], replica.detail[.probe]) = ("down", "connection refused")
        }
        let both = verdict([well, down], notices: ["nobody is told: no channel is configured"])
        #expect(both.state == .warning && both.account.contains("40 open chats of 92"), "\(both.account)")
        #expect(both.trouble == "service mail is down (connection refused); nobody is told: no channel is configured")
        #expect(verdict([well]).trouble == verdict([well]).account)
        let old = verdict([well], stale: "no engine runs: the last poll was at 08:00:00 UTC")
        #expect(old.trouble == "no engine runs: the last poll was at 08:00:00 UTC", "figures of then are none of now")
    }

    @Test(
        "what the gate was just given is in force there, and not on its way",
        arguments: [
            (Lease.State.intended, LeaseSight.unasked, "until then"), (.intended, .decided, "not there yet"),
            (.intended, .enforced, "not there yet"), (.inForce, .unasked, "until then"), (.reverting, .unasked, "being undone"),
        ])
    func lease(_ state: Lease.State, _ sight: LeaseSight, _ words: String) {
        let lease = Lease(
            id: "lease-1", key: LeaseKey(kind: .pause, runtime: "shared", app: AppID("app-a")), effect: .pause, holders: [],
            createdAt: Timestamp(milliseconds: 0), expiresAt: Timestamp(milliseconds: 60_000), state: state, shadow: false,
            endReason: nil, endedAt: nil)
        #expect(Overview.words(lease, sight) { _ in "then" } == "\(lease.effect) for app-a, \(words)")
    }

    @Test("a throttle that nothing asks about holds nobody back, and that is said")
    func unasked() {
        let words = LeaseSight.unasked.remark(AppID("app-a"))
        #expect(words?.hasSuffix("has asked it about app-a since it began, so nothing holds it back") == true, "\(words ?? "")")
        let several = LeaseSight.unasked.remarkOfSeveral
        #expect(several?.hasSuffix("has asked it about any of them since they began, so nothing holds them back") == true)
        #expect(LeaseSight.enforced.remark(AppID("app-a")) == nil && LeaseSight.enforced.remarkOfSeveral == nil)
        #expect(LeaseSight.unasked.brief == "nobody is held to it" && LeaseSight.decided.brief == "not seen in force yet")
        #expect(LeaseSight.enforced.brief == nil)
    }
}
