import Model

/// One question to a model, as the journal keeps it.
public struct AdviceRow: Hashable, Sendable {
    public let id: Int64
    public let at: Timestamp
    public let incident: String
    /// `daemon`, or who asked by hand.
    public let by: String
    public let model: String
    /// What it took; what was reserved while that is not known.
    public let spending: AdviceSpending
    /// Nil until it is settled.
    public let outcome: String?
}

/// Why a question was not reserved.
public enum AdviceRefusal: Error, Hashable, Sendable {
    /// In words for people.
    case budget(String)
    case journal(JournalError)
}

extension Journal {
    /// How long rows of questions are kept.
    private static let adviceRetention = TimeSpan.hours(31 * 24)

    /// Takes what a question may cost at most out of the budget, in one transaction with looking whether it fits: two
    /// processes that ask at once do not overdraw it. Returns the question's number.
    public func reserveAdvice(
        at: Timestamp, incident: String, by: String, model: String, asked: AdviceSpending, budget: AdviceBudget
    ) throws(AdviceRefusal) -> Int64 {
        let result: Result<Int64, AdviceRefusal>
        do throws(JournalError) {
            result = try commanding("reserve a question to the model") { database throws(JournalError) in
                // What a clock that went back left in the future counts as well.
                let hour = try Journal.spending(since: at - .hours(1), database)
                let day = try Journal.spending(since: at - .hours(24), database)
                if let refusal = budget.refusal(of: asked, hour: hour, day: day) { return .failure(.budget(refusal)) }
                let id = try database.insert(
                    """
                    INSERT INTO advice_spending (at_ms, incident, asked_by, model, reserved_tokens, reserved_micro_usd)
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id
                    """,
                    .time(at), .text(incident), .text(by), .text(model), .int(Int64(asked.tokens)), .int(asked.microUSD))
                try database.run(
                    "DELETE FROM advice_spending WHERE at_ms < ?1", .time(at - Journal.adviceRetention))
                return .success(id)
            }
        } catch {
            throw .journal(error)
        }
        return try result.get()
    }

    /// Writes what a question took and what came of it.
    public func settleAdvice(_ id: Int64, _ spending: AdviceSpending, outcome: String) throws(JournalError) {
        _ = try commanding("settle a question to the model") { database throws(JournalError) in
            try database.run(
                "UPDATE advice_spending SET tokens = ?2, micro_usd = ?3, outcome = ?4 WHERE id = ?1",
                .int(id), .int(Int64(spending.tokens)), .int(spending.microUSD), .text(outcome))
        }
    }

    /// What questions took since a moment.
    public func adviceSpending(since: Timestamp) throws(JournalError) -> AdviceSpending {
        try reading("read what the model took") { database throws(JournalError) in
            try Journal.spending(since: since, database)
        }
    }

    /// The questions about an incident, oldest first.
    public func adviceQuestions(incident: String) throws(JournalError) -> [AdviceRow] {
        try reading("read the questions to the model") { database throws(JournalError) in
            try database.rows(
                """
                SELECT id, at_ms, asked_by, model, coalesce(tokens, reserved_tokens),
                    coalesce(micro_usd, reserved_micro_usd), outcome FROM advice_spending WHERE incident = ?1 ORDER BY id
                """,
                [.text(incident)]
            ) { row throws(JournalError) in
                AdviceRow(
                    id: row.int(0), at: row.time(1), incident: incident, by: row.text(2), model: row.text(3),
                    spending: AdviceSpending(tokens: Int(row.int(4)), microUSD: row.int(5)), outcome: row.optionalText(6))
            }
        }
    }

    private static func spending(since: Timestamp, _ database: any Database) throws(JournalError) -> AdviceSpending {
        try database.row(
            """
            SELECT CAST(coalesce(sum(coalesce(tokens, reserved_tokens)), 0) AS BIGINT),
                CAST(coalesce(sum(coalesce(micro_usd, reserved_micro_usd)), 0) AS BIGINT)
            FROM advice_spending WHERE at_ms > ?1
            """,
            [.time(since)]
        ) { row throws(JournalError) in AdviceSpending(tokens: Int(row.int(0)), microUSD: row.int(1)) } ?? AdviceSpending()
    }
}
