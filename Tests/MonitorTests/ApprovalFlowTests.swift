import Guard
import JSONParsing
import Journal
import Model
import Notify
import Policy
import Testing

@testable import Monitor

/// What people say on the command line and in Slack, from the row in the journal to the lease.
@Suite struct ApprovalFlowTests {
    /// The pause needs a person's yes.
    private static func policies() throws -> PolicySet {
        try Crowd.policies { text in
            text = text.replacing("      - pause: {ttl: 1m}\n", with: "")
                .replacing("    actions:\n", with: "    require_approval: [pause: {ttl: 1m}]\n    actions:\n")
        }
    }

    private func firing() async throws -> (Workplace, Core, Approval) {
        let place = Workplace()
        let core = try place.core(Crowd.settings(), try ApprovalFlowTests.policies())
        for _ in 0..<3 { await core.pass(Crowd.noisy, place.clock) }
        let offer = try #require(try place.read { try Pipeline.guardState(in: $0) }.approvals.first)
        return (place, core, offer)
    }

    @Test("a yes in the journal is done at the next tick, and stands on the incident")
    func approves() async throws {
        let (place, core, offer) = try await firing()
        let id = try place.command(
            Commands.approve, #"{"approval":"\#(offer.id)","digest":"\#(offer.digest)","comment":"go"}"#)
        await core.pass(Crowd.noisy, place.clock)
        let row = try #require(try place.read { try $0.command(id) })
        #expect(row.result?.hasPrefix("approved \(offer.id): pause new runs of app-shop for 1m") == true)
        let incident = try #require(try place.incidents().first)
        #expect(incident.decisions.map(\.verdict.word) == ["needs_approval", "done"])
        #expect(incident.decisions.last?.approvedBy == "alice")
        #expect(incident.handling.contains { $0.kind == .approval && $0.by == "alice" && $0.text.contains("(go)") })
        let lease = try #require(try place.read { try $0.leases(states: []) }.first)
        #expect(lease.document.contains(#""approved_by":"alice""#))
        await core.close()
    }

    @Test("an offer and its answer survive a kill between any two ticks")
    func survives() async throws {
        var (place, core, offer) = try await firing()
        await core.close()
        try place.command(Commands.approve, #"{"approval":"\#(offer.id)"}"#)
        core = try place.core(Crowd.settings(), try ApprovalFlowTests.policies())
        await core.pass(Crowd.noisy, place.clock)
        await core.close()
        #expect(try place.incidents().first?.decisions.last?.verdict == .act)
    }

    @Test(
        "what is no answer to an offer changes nothing, and says what is wrong",
        arguments: [
            ("{}", "not understood: no approval named"), ("[]", "not understood: no approval named"),
            ("{", "not understood: "), (#"{"approval":7}"#, "not understood: no approval named"),
            (#"{"approval":"zzzz"}"#, "no approval 'zzzz' waits"),
            (#"{"approval":"ID","digest":7}"#, "not understood: the digest is no text"),
            (#"{"approval":"ID","digest":"0123"}"#, "ID is not the action that was shown"),
            (#"{"approval":"\u0000\n' OR 1=1"}"#, "no approval '??' OR 1=1' waits"),
        ])
    func malformed(arguments: String, expected: String) async throws {
        let (place, core, offer) = try await firing()
        let id = try place.command(Commands.approve, arguments.replacing("ID", with: offer.id))
        await core.pass(Crowd.noisy, place.clock)
        let result = try #require(try place.read { try $0.command(id) }?.result)
        #expect(result.hasPrefix(expected.replacing("ID", with: offer.id)), "\(result)")
        #expect(try place.incidents().flatMap(\.decisions).allSatisfy { $0.verdict.word == "needs_approval" })
        await core.close()
    }

    @Test("replayed: the second yes is told that the first one counted; a no after it comes too late")
    func replayed() async throws {
        let (place, core, offer) = try await firing()
        let yes = #"{"approval":"\#(offer.id)"}"#
        try place.command(Commands.approve, yes)
        await core.pass(Crowd.noisy, place.clock)
        let again = try place.command(Commands.approve, yes)
        let no = try place.command(Commands.deny, yes)
        await core.pass(Crowd.noisy, place.clock)
        for id in [again, no] {
            let result = try #require(try place.read { try $0.command(id) }?.result)
            #expect(result.hasPrefix("\(offer.id) was approved by alice and done"), "\(result)")
        }
        #expect(try place.read { try $0.leases(states: []) }.count == 1)
        await core.close()
    }

    @Test("an offer that expires unanswered is told anew under its new id, once")
    func toldAnew() async throws {
        let place = Workplace()
        var settings = Crowd.settings()
        settings.guardOptions.approvalExpiry = .hours(2)
        let core = try place.core(settings, try ApprovalFlowTests.policies())
        for _ in 0..<3 { await core.pass(Crowd.noisy, place.clock) }
        let first = try #require(try place.read { try Pipeline.guardState(in: $0) }.approvals.first)
        let before = try place.read { try $0.outbox().count }
        for _ in 0..<150 { await core.pass(Crowd.noisy, place.clock, by: .minutes(1)) }
        let offers = try place.read { try Pipeline.guardState(in: $0) }.approvals
        #expect(offers.map(\.state) == [.expired, .waiting] && offers[0].id == first.id)
        let messages = try place.read { try $0.outbox() }
        #expect(messages.count == before + 1)
        let newest = try #require(messages.max { $0.id < $1.id }?.message.document)
        #expect(newest.contains(#""news":"approval""#) && newest.contains(#""approval":"\#(offers[1].id)""#))
        // The yes to it counts, one to the first does not.
        let old = try place.command(Commands.approve, #"{"approval":"\#(first.id)"}"#)
        try place.command(Commands.approve, #"{"approval":"\#(offers[1].id)"}"#)
        await core.pass(Crowd.noisy, place.clock)
        #expect(try place.read { try $0.command(old) }?.result?.hasPrefix("\(first.id) expired at") == true)
        #expect(try place.incidents().first?.decisions.last?.verdict == .act)
        await core.close()
    }

    @Test("a yes while actions are stopped: the guard refuses, and the incident says so")
    func stopped() async throws {
        let (place, core, offer) = try await firing()
        try place.folder.turnKillSwitchOn()
        try place.command(Commands.approve, #"{"approval":"\#(offer.id)"}"#)
        await core.pass(Crowd.noisy, place.clock)
        let last = try #require(try place.incidents().first?.decisions.last)
        #expect(last.verdict.word == "refused" && last.approval == offer.id)
        #expect(last.verdict.reason?.contains("kill file") == true)
        await core.close()
    }

    // MARK: - Marks

    @Test("a deploy is marked by a command; wrong ones are answered")
    func marks() async throws {
        let place = Workplace()
        let core = try place.core(Crowd.settings(), try Crowd.policies())
        await core.pass(Crowd.calm, place.clock)
        let cases = [
            (#"{"name":"v1"}"#, "marked v1 on all runtimes"), (#"{"name":"v2","runtime":"shared"}"#, "marked v2 on shared"),
            (#"{"name":"v3","runtime":"nope"}"#, "no runtime 'nope' is watched"), ("{}", "not understood"),
            (#"{"name":""}"#, "not understood"), (#"{"name":"a\nb"}"#, "not understood"),
        ]
        let ids = try cases.map { try place.command(Commands.mark, $0.0) }
        for _ in 0..<62 { await core.pass(Crowd.calm, place.clock) }
        for (id, expected) in zip(ids, cases) {
            let result = try #require(try place.read { try $0.command(id) }?.result)
            #expect(result.hasPrefix(expected.1), "\(result)")
        }
        let state = try place.read { try Pipeline.guardState(in: $0) }
        #expect(state.marks.map(\.name) == ["v1", "v2"])
        #expect(state.marks.allSatisfy { $0.comparison(of: "shared")?.after != nil })
        // An incident that opens within the hour carries it.
        for _ in 0..<3 { await core.pass(Crowd.noisy, place.clock) }
        let incident = try #require(try place.incidents().first { $0.rule == "noisy-neighbor" })
        #expect(incident.handling.filter { $0.kind == .mark }.map { String($0.text.prefix(9)) } == ["deploy v1", "deploy v2"])
        await core.close()
    }

    // MARK: - Reactions

    private typealias Reaction = SlackReactions.Reaction

    @Test("only a reaction that cannot mean anything else counts")
    func reactions() async throws {
        let (_, core, offer) = try await firing()
        await core.close()
        let (before, after) = (offer.offeredAt - .minutes(1), offer.offeredAt + .seconds(1))
        func watch() -> ReactionWatch {
            ReactionWatch(users: ["U1", "U2"], approve: "white_check_mark", deny: "no_entry")
        }
        func yes(_ user: String) -> Reaction { Reaction(emoji: "white_check_mark", user: user) }
        var fresh = watch()
        #expect(fresh.judge(offer, postedAt: after, []) == nil)
        #expect(fresh.judge(offer, postedAt: after, [yes("U9"), Reaction(emoji: "eyes", user: "U1")]) == nil, "anybody else")
        #expect(fresh.judge(offer, postedAt: after, [yes("U9"), yes("U2")]) == .approved(by: "U2"))
        #expect(
            fresh.judge(offer, postedAt: after, [yes("U2"), Reaction(emoji: "no_entry", user: "U1")]) == .denied(by: "U1"))
        // On a message from before the offer: what stood there already was about something else.
        var old = watch()
        #expect(old.judge(offer, postedAt: before, [yes("U1")]) == nil)
        #expect(old.judge(offer, postedAt: before, [yes("U1")]) == nil)
        #expect(old.judge(offer, postedAt: before, []) == nil)
        #expect(old.judge(offer, postedAt: before, [yes("U1")]) == .approved(by: "U1"), "taken away and put there again")
        var other = watch()
        #expect(other.judge(offer, postedAt: before, []) == nil)
        #expect(other.judge(offer, postedAt: before, [yes("U1")]) == .approved(by: "U1"))
    }

    @Test("Slack's ids of messages are moments; what is none is none")
    func moments() {
        #expect(ReactionPoller.moment("C01/1795230305.000100") == Timestamp(milliseconds: 1_795_230_306_000))
        for odd in ["", "C01", "C01/", "C01/x.y", "C01/1795230305", "C01/99999999999999999999.1", "C01/-1.0"] {
            #expect(ReactionPoller.moment(odd) == nil, "\(odd)")
        }
    }
}
