import Model

/// A condition as parsed: its structure, with places in its text. Names are not looked up and units not checked yet.
struct Expression: Sendable {
    enum Arithmetic: String, Sendable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
    }

    enum Comparison: String, Sendable, CaseIterable {
        case above = ">"
        case atLeast = ">="
        case below = "<"
        case atMost = "<="
        case equal = "=="
        case unequal = "!="
    }

    enum Logic: String, Sendable {
        case and, or
    }

    indirect enum Kind: Sendable {
        case number(Quantity)
        /// Without the `$`.
        case threshold(String)
        case reading(SignalUse)
        case missing(SignalUse, MissingPattern?)
        /// `hour()`, `weekday()`.
        case clock(LocalHour.Part)
        /// `label(tier) == "enterprise"`, with `!=` not equal, and where `label(tier)` stands in it.
        case label(LabelTest, isEqual: Bool, Range<Int>)
        /// `count(active_runs > 5)`, `sum(cost)`: over the apps of a runtime.
        case count(Expression)
        case sum(SignalUse)
        /// `quantile(0.9, active_runs)`, `median(active_runs)`, `max(active_runs)`, by its word.
        case quantile(Double, String, SignalUse)
        /// `missing(label(tier))`.
        case missingLabel(String, Range<Int>)
        case negate(Expression)
        case arithmetic(Arithmetic, Expression, Expression)
        case comparison(Comparison, Expression, Expression)
        case not(Expression)
        case logic(Logic, Expression, Expression)
    }

    let kind: Kind
    /// UTF-8 offsets in the condition's text; parentheses included.
    let range: Range<Int>
}

/// A signal as a condition names it.
struct SignalUse: Sendable {
    /// Without `runtime.` and `app.`.
    let name: String
    let nameRange: Range<Int>
    let ofRuntime: Bool
    /// Of the app of a workflow.
    let ofApp: Bool
    let bracket: TimeSpan?
    let bracketRange: Range<Int>?
    let function: HistoryFunction?
    /// From the function's name or the signal's to the closing bracket or parenthesis.
    let range: Range<Int>
    /// What of a page of metrics; nil for a signal that has a name.
    var metric: MetricCall?
    /// `offset 7d`.
    var offset: Offset?
    /// `[today]`.
    var period: CalendarPeriod?
    /// The `4h` of `predict(disk_free[6h], 4h)`.
    var ahead: TimeSpan?

    /// The same of the app.
    var ofItsApp: SignalUse {
        SignalUse(
            name: name, nameRange: nameRange, ofRuntime: false, ofApp: true, bracket: bracket, bracketRange: bracketRange,
            function: function, range: range, metric: metric, offset: offset, period: period, ahead: ahead)
    }

    /// How long ago, and where that stands, its word included.
    struct Offset: Sendable {
        let span: TimeSpan
        let range: Range<Int>
    }
}

/// The reason in `missing(signal, reason)`.
struct MissingPattern: Hashable, Sendable {
    let code: UInt8
    /// Of `error(500)`; 0: any.
    let status: UInt16
}

/// What is wrong with a condition, and where in its text.
struct ConditionFault: Error, Hashable, Sendable {
    let code: String
    let message: String
    /// UTF-8 offsets.
    let range: Range<Int>
    let hint: String?
    /// What the hint would have written, and in the place of what: whoever compiles the condition looks whether that is right.
    let fix: Fix?

    struct Fix: Hashable, Sendable {
        let range: Range<Int>
        let text: String
    }

    init(_ code: String, _ message: String, _ range: Range<Int>, hint: String? = nil, fix: Fix? = nil) {
        self.code = code
        self.message = message
        self.range = range
        self.hint = hint
        self.fix = fix
    }

    /// The same with another hint.
    func with(hint: String) -> ConditionFault { ConditionFault(code, message, range, hint: hint) }
}
