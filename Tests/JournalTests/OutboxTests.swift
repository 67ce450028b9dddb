import Model
import Testing

@testable import Journal

@Suite(.bothEngines) struct OutboxTests {
    // MARK: Order

    @Test func aLaterMessageOfTheSameIncidentAndChannelNeverOvertakes() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(
            TickRecord(messages: [
                message(.opened, incident: "a", channel: "ops"), message(.drill, incident: "a", channel: "ops"),
                message(.drill, incident: "a", channel: "mail"), message(.opened, incident: "b", channel: "ops"),
            ]))
        let first = try engine.nextDue(at(1))
        #expect(first.map(\.id) == [1, 3, 4])
        #expect(try engine.nextDue(at(1)) == [], "being sent: nothing else may go")
        try engine.settle(1, .retry(at: at(60), error: "503"))
        #expect(try engine.nextDue(at(30)) == [], "its turn comes again before the second's")
        #expect(try engine.nextDueTime() == at(60))
        #expect(try engine.nextDue(at(60)).map(\.id) == [1])
        try engine.settle(1, .sent(at: at(61)))
        #expect(try engine.nextDue(at(61)).map(\.id) == [2])
    }

    @Test func aDeadMessageDoesNotBlockTheNext() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(TickRecord(messages: [message(.opened), message(.drill)]))
        #expect(try engine.nextDue(at(1)).map(\.id) == [1])
        #expect(try engine.settle(1, .dead(at: at(1), error: "404")) == .dead)
        #expect(try engine.nextDue(at(1)).map(\.id) == [2])
    }

    @Test func aDamagedMessageIsGivenUpAndBlocksNoOther() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(
            TickRecord(messages: [
                message(.opened, incident: "a"), message(.opened, incident: "b"), message(.drill, incident: "a"),
            ]))
        try place.forger.run("UPDATE outbox SET document = '{}' WHERE id = 1")
        #expect(try engine.nextDue(at(1)).map(\.id) == [2])
        #expect(try engine.nextDue(at(1)).map(\.id) == [3], "the damaged one does not hold up its incident either")
        #expect(try engine.outboxCounts().dead == 1)
        #expect(try engine.audit().map(\.entry.kind) == ["message.given_up"])
        #expect(try engine.verifyAudit() == .intact(rows: 1))
    }

    @Test func oneChannelAndALimitLeaveTheOthersAlone() throws {
        let place = try Place()
        let engine = try place.engine()
        let messages = (0..<5).flatMap { index in
            ["mail", "ops"].map { message(.opened, incident: "i\(index)", channel: $0) }
        }
        try engine.commitTick(TickRecord(messages: messages))
        #expect(try engine.nextDue(at(1), channel: "ops", limit: 2).map(\.id) == [2, 4])
        #expect(try engine.nextDue(at(1), channel: "ops", limit: 2).map(\.id) == [6, 8])
        #expect(try engine.nextDue(at(1), channel: "mail", limit: 10).map(\.id) == [1, 3, 5, 7, 9])
        engine.release(4)
        #expect(try engine.nextDue(at(1)).map(\.id) == [4, 10])
    }

    @Test func whatWasBeingSentWhenTheProcessEndedIsDueAgain() throws {
        let place = try Place()
        try { () throws in
            let engine = try place.engine()
            try engine.commitTick(TickRecord(messages: [message(.opened)]))
            #expect(try engine.nextDue(at(1)).map(\.id) == [1])
        }()
        #expect(try place.engine().nextDue(at(1)).map(\.id) == [1])
    }

    @Test func nothingIsDueBeforeItsTime() throws {
        let place = try Place()
        let engine = try place.engine()
        #expect(try engine.nextDueTime() == nil)
        try engine.commitTick(TickRecord(messages: [message(.opened, dueAt: at(30))]))
        #expect(try engine.nextDue(at(29)) == [])
        #expect(try engine.nextDueTime() == at(30))
        #expect(try engine.nextDue(at(30)).count == 1)
        #expect(try engine.nextDueTime() == nil, "it is being sent")
    }

    // MARK: Settling

    @Test func attemptsAndErrorsAreKeptAndADayIsTheEnd() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(TickRecord(messages: [message(.opened, createdAt: at(0))]))
        #expect(try engine.settle(1, .retry(at: at(10), error: "timeout")) == .pending)
        var row = try #require(try engine.outbox().first)
        #expect(row.attempts == 1 && row.lastError == "timeout" && row.dueAt == at(10) && row.settledAt == nil)
        #expect(try engine.settle(1, .retry(at: at(86_409), error: "503")) == .pending)
        #expect(try engine.settle(1, .retry(at: at(86_410), error: "502")) == .dead)
        row = try #require(try engine.outbox().first)
        #expect(row.state == .dead && row.attempts == 3 && row.lastError == "502" && row.settledAt == at(86_410))
        #expect(try engine.settle(1, .sent(at: at(86_411))) == .dead, "settled once")
        #expect(cause { try engine.settle(7, .sent(at: at(1))) } == .unknownID)
    }

    @Test func countsShowWhatStandsWhere() throws {
        let place = try Place()
        let engine = try place.engine()
        #expect(try engine.outboxCounts() == OutboxCounts())
        try engine.commitTick(
            TickRecord(messages: [
                message(.opened, incident: "a"), message(.resolved, incident: "a", createdAt: at(5)),
                message(.opened, incident: "b", createdAt: at(6)), message(.opened, incident: "c", createdAt: at(7)),
                message(.opened, incident: "d", createdAt: at(8)),
            ]))
        try engine.settle(3, .sent(at: at(9)))
        try engine.settle(4, .dead(at: at(9), error: "404"))
        let counts = try engine.outboxCounts()
        #expect(counts.pending == 2 && counts.sent == 1 && counts.dead == 1 && counts.merged == 1)
        #expect(counts.oldestPending == at(5))
    }

    // MARK: Merging

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let waiting: [Message.Event]
        let adding: Message.Event
        /// Places in `waiting`.
        let merged: [Int64]
        let carriesOpening: Bool
    }

    static let cases = [
        Case(testDescription: "a resolve alone", waiting: [], adding: .resolved, merged: [], carriesOpening: false),
        Case(
            testDescription: "an opening that nobody saw, resolved", waiting: [.opened], adding: .resolved, merged: [0],
            carriesOpening: true),
        Case(
            testDescription: "with updates between", waiting: [.opened, .updated, .updated], adding: .resolved,
            merged: [0, 1, 2], carriesOpening: true),
        Case(
            testDescription: "the opening was sent, the update not", waiting: [.updated], adding: .resolved,
            merged: [0],
            carriesOpening: false),
        Case(
            testDescription: "an update replaces an update, not the opening", waiting: [.opened, .updated],
            adding: .updated, merged: [1], carriesOpening: false),
        Case(
            testDescription: "reopened before the resolve was sent: both go", waiting: [.resolved], adding: .opened,
            merged: [], carriesOpening: false),
        Case(
            testDescription: "the second episode swallows only its own", waiting: [.opened, .resolved, .opened],
            adding: .resolved, merged: [2], carriesOpening: true),
        Case(
            testDescription: "a drill stays", waiting: [.drill, .opened], adding: .resolved, merged: [1],
            carriesOpening: true),
        Case(
            testDescription: "a drill replaces nothing", waiting: [.opened], adding: .drill, merged: [],
            carriesOpening: false),
    ]

    @Test(arguments: cases) func merging(_ test: Case) {
        let waiting = test.waiting.enumerated().map { (id: Int64($0.offset), event: $0.element, news: Message.News?.none) }
        let result = Outbox.coalesce(waiting, adding: test.adding)
        #expect(result.merged == test.merged)
        #expect(result.carriesOpening == test.carriesOpening)
    }

    static let occasions: [(waiting: [Message.News?], adding: Message.News?, told: Message.News?)] = [
        ([.approval], .reminder, .approval), ([.approval], .advice, .approval), ([.person], .verified, .person),
        ([.verified], .action, .verified), ([.action], .reminder, .action), ([.action], .advice, .action),
        ([nil], .advice, nil), ([nil], .acknowledged, .acknowledged), ([.reminder], .advice, .reminder),
        ([.reminder], .action, .action), ([.advice], .reminder, .reminder), ([.action], .approval, .approval),
        ([.approval, .reminder], .acknowledged, .approval), ([], .advice, .advice), ([.action], nil, nil),
    ]

    @Test func anUpdateIsToldForTheWeightiestOfThoseThatItReplaces() throws {
        for (waiting, adding, told) in Self.occasions {
            let rows = waiting.enumerated().map { (id: Int64($0.offset), event: Message.Event.updated, news: $0.element) }
            let result = Outbox.coalesce(rows, adding: .updated, adding)
            #expect(result.merged.count == waiting.count && result.news == told, "\(waiting) + \(String(describing: adding))")
        }
        let place = try Place()
        let engine = try place.engine()
        let all: [Message.News] = [.action, .approval, .reminder, .advice]
        for news in all { try engine.commitTick(TickRecord(messages: [message(.updated, news: news)])) }
        #expect(try engine.nextDue(at(1)).map(\.message.news) == [.approval], "from one merging to the next")
        try engine.commitTick(TickRecord(messages: [message(.updated, news: .reminder)]))
        #expect(try engine.outbox(state: .pending).map(\.message.news) == [.reminder, .approval], "it is on its way already")
    }

    @Test func anUnsentOpeningAndItsResolveBecomeOneMessage() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(
            TickRecord(messages: [message(.opened, channel: "ops"), message(.opened, channel: "mail")]))
        #expect(try engine.nextDue(at(1), channel: "mail").map(\.id) == [2], "the mail is on its way")
        try engine.commitTick(
            TickRecord(messages: [
                message(.resolved, channel: "ops", createdAt: at(2)),
                message(.resolved, channel: "mail", createdAt: at(2)),
            ]))
        let rows = try engine.outbox()
        #expect(rows.map(\.id) == [4, 3, 2, 1])
        #expect(rows[1].carriesOpening && rows[3].state == .merged && rows[3].mergedInto == 3)
        #expect(!rows[0].carriesOpening && rows[2].state == .pending, "what is on its way cannot be called back")
        #expect(try engine.nextDue(at(2)).map(\.id) == [3])
        try engine.settle(2, .sent(at: at(3)))
        #expect(try engine.nextDue(at(3)).map(\.id) == [4])
    }
}

/// Ten thousand messages wait: what a sender asks stays cheap.
@Suite struct OutboxSizeTests {
    @Test func whatIsDueIsReadOffAnIndexHoweverManyWait() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(TickRecord(messages: (0..<10_000).map { message(.opened, incident: "i\($0)", channel: "ops") }))
        #expect(try engine.nextDue(at(1), channel: "ops", limit: 8).map(\.id) == Array(1...8))
        #expect(try engine.nextDueTime(channel: "ops") != nil)
        for columns in [OutboxRow.columns, "id, due_ms"] {
            let plan = try RawSQLite(place.folder.journalPath).texts(
                "EXPLAIN QUERY PLAN " + Outbox.heads(columns, of: "ops"), column: 3)
            #expect(
                plan.contains {
                    $0.contains("USING INDEX outbox_due (channel=?") || $0.contains("USING COVERING INDEX outbox_due (channel=?")
                }, "\(plan)")
            #expect(!plan.contains { $0.contains("TEMP B-TREE") || $0.hasPrefix("SCAN") }, "\(plan)")
        }
    }

    @Test func channelsInTroubleAreNamedWithWhatWaits() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(
            TickRecord(messages: [
                message(.opened, incident: "a", channel: "ops"), message(.opened, incident: "b", channel: "ops"),
                message(.opened, incident: "a", channel: "mail"),
            ]))
        #expect(try engine.channelTroubles() == [])
        try engine.settle(1, .retry(at: at(60), error: "invalid_auth"))
        let trouble = try #require(try engine.channelTroubles().first)
        #expect(trouble.channel == "ops" && trouble.waiting == 2 && trouble.attempts == 1 && trouble.reason == "invalid_auth")
        #expect(try engine.channelTroubles().count == 1, "the other one merely waits")
    }

    @Test func whatASetUpHoldsUpIsKeptOverAWeekend() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(TickRecord(messages: [message(.opened)]))
        for hour in Int64(0)..<72 { #expect(try engine.settle(1, .retry(at: at(hour * 3_600), error: "401", isBlocked: true)) == .pending) }
        #expect(try engine.settle(1, .retry(at: at(72 * 3_600), error: "401", isBlocked: true)) == .dead)
    }

    @Test func whatWaitedForAMendedSetUpIsStillTriedForADay() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(TickRecord(messages: [message(.opened)]))
        func settle(_ hour: Double, isBlocked: Bool) throws -> OutboxRow.State {
            try engine.settle(1, .retry(at: at(0) + .seconds(hour * 3_600), error: "no", isBlocked: isBlocked))
        }
        #expect(try settle(1, isBlocked: true) == .pending)
        #expect(try settle(61, isBlocked: true) == .pending)
        #expect(try settle(61.5, isBlocked: false) == .pending, "mended, and the first answer is a passing failure")
        #expect(try settle(85, isBlocked: false) == .pending)
        #expect(try settle(85.6, isBlocked: false) == .dead, "60.5 hours of waiting, and a day of trying")
    }

    @Test func whatWasNeverTriedDoesNotAge() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(TickRecord(messages: [message(.opened)]))
        #expect(try engine.settle(1, .retry(at: at(60 * 3_600), error: "503")) == .pending, "its channel rested for days")
        #expect(try engine.settle(1, .retry(at: at(84 * 3_600), error: "503")) == .dead)
    }

    @Test func breakingAgainAndAgainDoesNotKeepAMessageForEver() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(TickRecord(messages: [message(.opened)]))
        var hours: Int64 = 0
        while try engine.settle(1, .retry(at: at(hours * 3_600), error: "no", isBlocked: hours % 12 != 0)) == .pending { hours += 1 }
        #expect((72...96).contains(hours), "\(hours)")
    }

    @Test func whatWaitsForAChannelThatIsGoneIsNamedAndGivenUp() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(
            TickRecord(messages: [
                message(.opened, incident: "a", channel: "gone"), message(.opened, incident: "a", channel: "ops"),
                message(.opened, incident: "b", channel: "gone", createdAt: at(3_600)),
            ]))
        let stranded = try engine.stranded(besides: ["ops"])
        #expect(stranded == [StrandedMessages(channel: "gone", count: 2, since: at(0))])
        #expect(try engine.stranded(besides: ["gone", "ops"]) == [])
        #expect(try engine.giveUpStranded(besides: ["ops"], at(72 * 3_600 - 1)) == [])
        #expect(
            try engine.giveUpStranded(besides: ["ops"], at(72 * 3_600))
                == [StrandedMessages(channel: "gone", count: 1, since: at(0))])
        #expect(try engine.outbox().map(\.state) == [.pending, .pending, .dead])
        #expect(try engine.outbox(state: .dead).first?.lastError == "no channel 'gone' has been configured for 3d")
        #expect(try engine.audit().map(\.entry.kind) == ["message.given_up"])
        #expect(try engine.giveUpStranded(besides: ["gone", "ops"], at(500 * 3_600)) == [])
        #expect(try engine.giveUpStranded(besides: [], at(500 * 3_600)).map(\.count) == [1, 1])
    }

    @Test func whatAClockAheadPutOffIsBroughtForward() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(TickRecord(messages: [message(.opened, incident: "a"), message(.opened, incident: "b")]))
        try engine.settle(1, .retry(at: at(20 * 3_600), error: "503"))
        try engine.settle(2, .retry(at: at(60), error: "503"))
        try engine.bringForward(to: at(2), dueAfter: at(2 + 3_600))
        #expect(try engine.nextDue(at(2)).map(\.id) == [1])
        #expect(try engine.nextDue(at(60)).map(\.id) == [2])
    }

    @Test func aDamagedRowDoesNotHideWhatElseStands() throws {
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(TickRecord(messages: (0..<5).map { message(.opened, incident: "digest-\($0)") }))
        for id in 1...5 { try engine.settle(Int64(id), .sent(at: at(1))) }
        try place.forger.run("UPDATE outbox SET document = '{}' WHERE id IN (1, 2, 4)")
        #expect(try engine.standing(channel: "ops", limit: 2).map(\.id) == [3], "a page of damaged ones is no end")
        #expect(try engine.standing(channel: "ops", after: 3, limit: 2).map(\.id) == [5])
        #expect(try engine.standing(channel: "ops", after: 5, limit: 2) == [])
    }

    @Test func aDigestStandsUntilItIsOver() throws {
        let place = try Place()
        let engine = try place.engine()
        let id = "digest-0123456789abcdef"
        try engine.commitTick(TickRecord(messages: [message(.opened, incident: id)]))
        #expect(try engine.standing(channel: "ops") == [])
        try engine.settle(1, .sent(at: at(1)))
        #expect(try engine.standing(channel: "ops").map(\.id) == [1])
        try engine.commitTick(TickRecord(messages: [message(.resolved, incident: id)]))
        try engine.settle(2, .dead(at: at(2), error: "410"))
        #expect(try engine.standing(channel: "ops") == [])
    }
}
