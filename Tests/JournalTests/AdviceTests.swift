import Journal
import Model
import Testing

/// What questions to a model took, kept so that no restart and no second process refills a budget.
@Suite(.bothEngines) struct AdviceTests {
    let place: Place

    init() throws {
        place = try Place()
        try place.engine().close()
    }

    private func reserve(_ journal: Journal, _ second: Int64, _ tokens: Int, _ microUSD: Int64 = 0, _ budget: AdviceBudget) -> String? {
        do throws(AdviceRefusal) {
            _ = try journal.reserveAdvice(
                at: at(second), incident: "a-1", by: "cli", model: "m", asked: AdviceSpending(tokens: tokens, microUSD: microUSD),
                budget: budget)
            return nil
        } catch {
            if case .budget(let why) = error { return why }
            return "\(error)"
        }
    }

    @Test("a budget holds over an hour and over a day, in tokens and in USD, and slides")
    func slides() throws {
        let journal = try place.command()
        let hour = AdviceBudget(tokensPerHour: 1_000)
        #expect(reserve(journal, 0, 600, 0, hour) == nil)
        #expect(reserve(journal, 10, 400, 0, hour) == nil)
        #expect(reserve(journal, 20, 1, 0, hour) == "the budget of 1000 tokens in an hour does not hold 1 more: 1000 spent")
        #expect(reserve(journal, 3_601, 500, 0, hour) == nil, "the first is an hour ago")
        #expect(reserve(journal, 3_601, 200, 0, hour) != nil, "the second is not")
        let day = AdviceBudget(tokensPerDay: 1_600)
        #expect(reserve(journal, 80_000, 200, 0, day) != nil)
        #expect(reserve(journal, 90_001, 1_000, 0, day) == nil)
        let money = AdviceBudget(microUSDPerDay: 1_500_000)
        #expect(reserve(journal, 90_002, 0, 1_500_000, money) == nil)
        #expect(reserve(journal, 90_003, 0, 1, money) == "the budget of 1.5 USD in a day does not hold 0.0 more: 1.5 spent")
    }

    @Test("what was reserved counts until it is settled, and after it what it took; another process sees the same")
    func settling() throws {
        let budget = AdviceBudget(tokensPerHour: 1_000)
        let first = try place.command()
        let id = try first.reserveAdvice(
            at: at(0), incident: "a-1", by: "daemon", model: "m", asked: AdviceSpending(tokens: 900), budget: budget)
        first.close()
        let second = try place.command()
        #expect(reserve(second, 5, 200, 0, budget) != nil, "killed in between, it stays spent")
        try second.settleAdvice(id, AdviceSpending(tokens: 300), outcome: "accepted")
        #expect(reserve(second, 6, 200, 0, budget) == nil)
        #expect(try second.adviceSpending(since: at(-1)).tokens == 500)
        #expect(try second.adviceQuestions(incident: "a-1").map(\.outcome) == ["accepted", nil])
    }

    @Test("a clock that went back refills nothing") func clock() throws {
        let journal = try place.command()
        let budget = AdviceBudget(tokensPerHour: 1_000)
        #expect(reserve(journal, 50_000, 1_000, 0, budget) == nil)
        #expect(reserve(journal, 0, 1, 0, budget) != nil)
    }

    @Test("no limit is no limit; rows go after a month") func bounds() throws {
        let journal = try place.command()
        for index in 0..<50 { #expect(reserve(journal, Int64(index), 1_000_000, 1_000_000, AdviceBudget()) == nil) }
        #expect(reserve(journal, 40 * 86_400, 1, 0, AdviceBudget()) == nil)
        #expect(try journal.adviceQuestions(incident: "a-1").count == 1)
    }

    @Test("a reader may look and not write") func rights() throws {
        let journal = try place.reader()
        #expect(try journal.adviceSpending(since: at(0)) == AdviceSpending())
        #expect(reserve(journal, 0, 1, 0, AdviceBudget()) != nil)
        #expect(try journal.adviceSpending(since: at(-1)) == AdviceSpending())
    }
}
