import Model

/// The gate's answer to one start of a run.
public enum GateDecision: Hashable, Sendable {
    case allow(GateAllowance)
    case refuse(GateRefusal)
}

/// Why a start was let through.
public enum GateAllowance: Hashable, Sendable {
    /// No lease concerns it.
    case free
    /// A lease concerns it and its limits leave room.
    case withinLimits
    /// It belongs to a run that goes on.
    case goesOn
    /// A lease concerns it but could not be enforced, or could not be looked for. Nobody is held back by a monitor
    /// that does not know.
    case failedOpen(GateDoubt)
}

/// What the gate did not know when it let a start through.
public enum GateDoubt: String, Hashable, Sendable, CaseIterable {
    /// The proxy did not say which request it asks about, or said it twice.
    case unparsable
    /// The proxy named no runtime, or one that is not watched.
    case unknownRuntime = "unknown_runtime"
    /// The lease's time was over by the gate's clock; the monitor has not yet taken it away.
    case expiredLease = "expired_lease"
    /// The runtime's open runs are not known.
    case openRunsUnknown = "open_runs_unknown"
    /// The count of open runs is too old to enforce by.
    case openRunsStale = "open_runs_stale"
    /// The runtime's figures are older than the lease: what they do not show may run all the same.
    case figuresBeforeLease = "figures_before_lease"
    /// The request does not say which workflow it is about.
    case workflowUnknown = "workflow_unknown"
    /// The monitor has not been heard of for longer than it takes when all is well.
    case unattended
}

/// A start that is refused: by which lease, and what its sender is told.
public struct GateRefusal: Hashable, Sendable {
    /// Which limit was met, as numbers for the journal.
    public enum Cause: Hashable, Sendable {
        case paused
        case packDisabled
        /// So many starts in the last sixty seconds are allowed and were made.
        case startsPerMinute(limit: Int)
        /// So many may run at once; `open` did, with the starts allowed that had not shown up when they were counted.
        case openRuns(limit: Int, open: Int)
    }

    public let lease: String
    public let kind: ActionKind
    public let cause: Cause
    /// When trying again may succeed: whole seconds, 1…3600.
    public let retryAfterSeconds: Int
    /// One sentence for the sender: the operator's, free of internals.
    public let text: String

    public init(lease: String, kind: ActionKind, cause: Cause, retryAfterSeconds: Int, text: String) {
        self.lease = lease
        self.kind = kind
        self.cause = cause
        self.retryAfterSeconds = retryAfterSeconds
        self.text = text
    }
}

/// What senders of refused starts are told: the operator's words. `{retry_after}` becomes a span such as `2 minutes`.
public struct GateTexts: Hashable, Sendable {
    public var paused = "New runs of this app are paused for the moment. Please try again in {retry_after}."
    public var packDisabled = "This workflow is not available for the moment. Please try again in {retry_after}."
    public var startsPerMinute = "Too many runs were started in the last minute. Please try again in {retry_after}."
    public var openRuns = "Too many runs of this app are running at once. Please try again in {retry_after}."

    public init() {}

    func text(_ cause: GateRefusal.Cause, retryAfterSeconds: Int) -> String {
        let template =
            switch cause {
            case .paused: paused
            case .packDisabled: packDisabled
            case .startsPerMinute: startsPerMinute
            case .openRuns: openRuns
            }
        let placeholder = "{retry_after}"
        var text = ""
        var rest = template[...]
        while let brace = rest.firstIndex(of: "{") {
            text += rest[..<brace]
            rest = rest[brace...]
            if rest.hasPrefix(placeholder) {
                text += Self.span(retryAfterSeconds)
                rest = rest.dropFirst(placeholder.count)
            } else {
                text += String(rest.removeFirst())
            }
        }
        return text + rest
    }

    /// `1 second`, `45 seconds`, `2 minutes`: rounded up, never a promise that comes too early.
    static func span(_ seconds: Int) -> String {
        let (count, unit) = seconds < 120 ? (seconds, "second") : ((seconds + 59) / 60, "minute")
        return "\(count) \(unit)\(count == 1 ? "" : "s")"
    }
}
