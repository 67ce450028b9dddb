import Ambient
import CycleKit
import Guard
import HTTP
import JSONParsing
import Journal
import Model
import Notify
import Policy
import TestKit
import Testing
@testable import Cycle
@testable import Daemon

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
            (#"{"approval":"\u0000\n' OR 1=1"}"#, #"no approval '\u{0}\u{a}' OR 1=1' waits"#),
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
        #expect(last.verdict.reason?.contains("actions are stopped") == true)
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
        func watch() -> ReactionWatch {
            ReactionWatch(SlackApprovals(channel: "ops", users: ["U1", "U2"]))
        }
        func yes(_ user: String) -> Reaction { Reaction(emoji: "white_check_mark", user: user) }
        var fresh = watch()
        #expect(fresh.judge(offer, isPostedForIt: true, []) == nil)
        #expect(
            fresh.judge(offer, isPostedForIt: true, [yes("U9"), Reaction(emoji: "eyes", user: "U1")]) == nil, "anybody else")
        #expect(fresh.judge(offer, isPostedForIt: true, [yes("U9"), yes("U2")]) == .approved(by: "U2"))
        #expect(
            fresh.judge(offer, isPostedForIt: true, [yes("U2"), Reaction(emoji: "no_entry", user: "U1")])
                == .denied(by: "U1"))
        // On a message from before the offer: what stood there already was about something else.
        var old = watch()
        #expect(old.judge(offer, isPostedForIt: false, [yes("U1")]) == nil)
        #expect(old.judge(offer, isPostedForIt: false, [yes("U1")]) == nil)
        #expect(old.judge(offer, isPostedForIt: false, []) == nil)
        #expect(old.judge(offer, isPostedForIt: false, [yes("U1")]) == .approved(by: "U1"), "taken away and put there again")
        var other = watch()
        #expect(other.judge(offer, isPostedForIt: false, []) == nil)
        #expect(other.judge(offer, isPostedForIt: false, [yes("U1")]) == .approved(by: "U1"))
    }

    /// Slack's ids of messages say when it posted them by its own clock; here one that is hours ahead of ours, or behind.
    @Test("whether a message shows an offer, and was posted for it, is read off what we sent", arguments: ["1999999999", "1000000000"])
    func shownAndPosted(slackTime: String) async throws {
        let place = Workplace()
        var settings = Crowd.settings()
        settings.guardOptions.approvalExpiry = .hours(2)
        let core = try place.core(settings, try ApprovalFlowTests.policies())
        for _ in 0..<3 { await core.pass(Crowd.noisy, place.clock) }
        #expect(await core.waitingForReactions(channel: "ops").isEmpty, "not sent yet")
        let thread = "C01/\(slackTime).000100"
        #expect(try await core.deliver(as: { _ in thread }) == 1)
        let first = try #require(await core.waitingForReactions(channel: "ops").first)
        #expect(first.reference == thread && first.isPostedForIt)
        #expect(await core.waitingForReactions(channel: "other").isEmpty)

        // It expires and is offered anew: nobody has seen those terms before they are sent, and the check mark of the first
        // offer stands on that message.
        var offers: [Approval] = []
        repeat {
            await core.pass(Crowd.noisy, place.clock, by: .minutes(1))
            offers = try place.read { try Pipeline.guardState(in: $0) }.approvals
        } while offers.count < 2
        #expect(offers.map(\.state) == [.expired, .waiting])
        #expect(await core.waitingForReactions(channel: "ops").isEmpty, "the old message shows the old offer")
        #expect(try await core.deliver(as: { _ in thread }) == 1)
        let second = try #require(await core.waitingForReactions(channel: "ops").first)
        #expect(second.approval == offers[1] && second.reference == thread && !second.isPostedForIt)
        await core.close()
    }

    @Test("an offer made anew that nobody is told of cannot be approved by a reaction")
    func untold() async throws {
        let place = Workplace()
        var settings = Crowd.settings()
        // Sooner than an action is told again.
        settings.guardOptions.approvalExpiry = .minutes(20)
        let core = try place.core(settings, try ApprovalFlowTests.policies())
        for _ in 0..<3 { await core.pass(Crowd.noisy, place.clock) }
        #expect(try await core.deliver(as: { _ in "C01/1795230305.000100" }) == 1)
        for _ in 0..<25 { await core.pass(Crowd.noisy, place.clock, by: .minutes(1)) }
        #expect(try place.read { try Pipeline.guardState(in: $0) }.approvals.map(\.state) == [.expired, .waiting])
        #expect(try await core.deliver(as: { _ in "C01/1795230305.000100" }) == 0)
        #expect(await core.waitingForReactions(channel: "ops").isEmpty)
        await core.close()
    }

    @Test("of many that wait each is looked at in its turn, also when one cannot be read")
    func inTurn() async throws {
        let place = Workplace()
        var settings = Crowd.settings()
        settings.guardOptions.stormIncidents = 1_000
        settings.telling.grouping.from = 1_000
        let policies = try Crowd.policies { text in
            text = text.replacing("      - pause: {ttl: 1m}\n", with: "")
                .replacing("    actions:\n", with: "    require_approval: [pause: {ttl: 1m}]\n    actions:\n")
                .replacing("noisy_share: 40%", with: "noisy_share: 2%")
        }
        let core = try place.core(settings, policies)
        let open = Dictionary(uniqueKeysWithValues: (0..<12).map { ("app-\($0)", 4) })
        for _ in 0..<3 { await core.pass(open, place.clock) }
        #expect(try await core.deliver(as: { "C01/\($0.id).1" }) == 12)
        let waiting = await core.waitingForReactions(channel: "ops")
        let last = try #require(waiting.last)
        #expect(waiting.count == 12 && waiting.allSatisfy(\.isPostedForIt))

        // The service never tells of the third, and somebody has approved the last.
        let (third, approved) = (waiting[2].reference, last.reference)
        let server = try MisbehavingServer { request, peer in
            let ts = request.path.split(separator: "&").first { $0.hasPrefix("timestamp=") }?.dropFirst(10) ?? ""
            if third.hasSuffix("/\(ts)") { return peer.answer(503, "") }
            let reactions = approved.hasSuffix("/\(ts)") ? #"[{"name":"white_check_mark","users":["U1"]}]"# : "[]"
            peer.answer(
                200, #"{"ok":true,"type":"message","channel":"C01","message":{"ts":"\#(ts)","reactions":\#(reactions)}}"#)
        }
        defer { server.stop() }
        let client = try HTTPClient()
        let reader = SlackReactions(name: "ops", url: server.url, token: { Secret("t") }, client: client, clock: place.clock)
        let approvals = SlackApprovals(channel: "ops", users: ["U1"])
        let poller = ReactionPoller(
            approvals, reader, core: core, clock: place.clock, logger: Logger(level: .error, clock: place.clock) { _ in true })
        var watch = ReactionWatch(approvals)
        var reason: String?
        for _ in 0..<4 { _ = await poller.round(&watch, &reason) }
        await client.shutdown()
        let asked = server.requests.map(\.path)
        for item in waiting {
            let ts = item.reference.dropFirst("C01/".utf8.count)
            #expect(asked.contains { $0.contains("timestamp=\(ts)&") }, "\(item.reference)")
        }
        await core.pass(open, place.clock)
        let state = try place.read { try Pipeline.guardState(in: $0) }
        #expect(state.approvals.filter { $0.by == "slack:U1" }.map(\.id) == [last.approval.id])
        await core.close()
    }
}

extension Core {
    /// Sends what waits as a channel does, to where `place` says. Returns how many that were.
    fileprivate func deliver(as place: @Sendable (OutboxRow) -> String) throws -> Int {
        var count = 0
        while case let due = try nextDue(channel: "ops"), !due.isEmpty {
            for row in due { try settle(row.id, .sent(at: row.message.createdAt, reference: place(row))) }
            count += due.count
        }
        return count
    }
}
