import Model

/// One tenant's app and how its clients behave over time.
public struct Tenant: Sendable {
    public var app: AppID
    public var workflows: [String]
    /// How many different users start runs.
    public var users: Int
    /// What its clients do, each from a time on; sorted by `from`. The first holds before its own time too.
    public var loads: [Load]
    /// After so many refused starts in a row its clients fall back to the first load; nil: they never do.
    public var givesUpAfterRefusals: Int?
    /// Seconds until a client tries a refused start again; nil: it does not.
    public var retriesAfter: ClosedRange<Double>?

    /// Whoever is refused comes in by a websocket past the gate.
    public var goesAround = false

    public init(
        _ app: String, workflows: [String] = ["HelloWorld"], users: Int = 10, loads: [Load],
        givesUpAfterRefusals: Int? = nil, retriesAfter: ClosedRange<Double>? = nil
    ) {
        self.app = AppID(app)
        self.workflows = workflows
        self.users = users
        self.loads = loads
        self.givesUpAfterRefusals = givesUpAfterRefusals
        self.retriesAfter = retriesAfter
    }

    /// The load that holds at a time since the origin.
    func load(at offset: TimeSpan) -> Load? {
        loads.last { $0.from <= offset } ?? loads.first
    }
}

/// What the clients of one tenant do from a time on, and what their runs do.
public struct Load: Sendable {
    /// Since the scenario's origin.
    public var from: TimeSpan
    /// Mean; 0 for none.
    public var startsPerMinute: Double
    /// Gaps of 60 to 140 % of the mean one instead of a Poisson process: short stories want little luck.
    public var isEven = false
    /// How long a run stays open, uniform.
    public var runSeconds: ClosedRange<Double>
    /// From one turn's end to the next one's, uniform. The turn itself took 30 to 90 % of it.
    public var turnSeconds: ClosedRange<Double>
    /// Mean; each turn makes this many tool calls, rounded up or down by chance.
    public var toolCallsPerTurn: Double
    /// Share of turns in which something fails, 0…1.
    public var errorShare: Double
    /// Prompt tokens of a turn; completions take about a fifth of that.
    public var promptTokens: ClosedRange<Int>
    /// USD a turn.
    public var cost: ClosedRange<Double>
    /// Share of runs whose websocket drops: no more progress, and the run stays open for ever. 0…1.
    public var ghostShare: Double

    public init(
        from: TimeSpan = .zero, startsPerMinute: Double, runSeconds: ClosedRange<Double> = 40...180,
        turnSeconds: ClosedRange<Double> = 4...20, toolCallsPerTurn: Double = 0.6, errorShare: Double = 0.01,
        promptTokens: ClosedRange<Int> = 400...3_000, cost: ClosedRange<Double> = 0.002...0.02, ghostShare: Double = 0
    ) {
        self.from = from
        self.startsPerMinute = startsPerMinute
        self.runSeconds = runSeconds
        self.turnSeconds = turnSeconds
        self.toolCallsPerTurn = toolCallsPerTurn
        self.errorShare = errorShare
        self.promptTokens = promptTokens
        self.cost = cost
        self.ghostShare = ghostShare
    }

    /// The same load with some things changed.
    func with(_ change: (inout Load) -> Void) -> Load {
        var load = self
        change(&load)
        return load
    }
}
