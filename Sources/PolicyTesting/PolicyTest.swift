import Model
import Policy
import YAML

/// One file of policy tests. Schema `mozaiks.ops/policy-test/v1`.
public struct PolicyTestFile: Sendable {
    public static let schema = "mozaiks.ops/policy-test/v1"

    public let file: String
    /// Folder of the policies under test as written, relative to the file; nil: those that are configured.
    public let policies: String?
    public let tests: [PolicyTest]
}

/// One story with what is expected of it.
public struct PolicyTest: Sendable {
    public let name: String
    public let origin: Origin
    /// What is outside of the policy: the stricter of it and the policy's own mode wins. Nil: the policy's decides.
    public let mode: Mode?
    /// Whose hours and days conditions go by.
    public let zone: Zone
    /// Of the runtime.
    public let labels: [String: String]
    public let source: Source
    public let expectations: [Expectation]

    public enum Source: Sendable {
        case series(GivenSeries)
        /// Path as written, relative to the file.
        case tape(String, Origin)
    }
}

/// Given readings, step by step.
public struct GivenSeries: Sendable {
    /// When step 0 is: a whole minute, so that minutes begin where steps do.
    public let start: Timestamp
    public let zone: Zone
    /// Of the runtime.
    public let labels: [String: String]
    /// From one step to the next.
    public let interval: TimeSpan
    /// What `runtime` is given of: a runtime, or a host or a service in its place.
    public let kind: WatchedKind
    public let runtime: [Given]
    /// Sorted by the bytes of their ids.
    public let apps: [(app: AppID, series: [Given])]
    public let replicas: [(url: String, series: [Given])]
    /// By the app, then by the bytes of their names; each app is among `apps`.
    public let workflows: [(app: AppID, name: PackID, series: [Given])]
    /// The last step that a series gives or an expectation is about; step 0 is the first.
    public let lastStep: Int

    /// One series of one subject.
    public struct Given: Sendable {
        public let name: NamedSeries
        public let values: SeriesNotation
        /// Where it is given.
        public let place: Diagnostic
    }

    /// The runtime of every test with given series.
    public static let runtimeName = "test"
    /// Step 0 of a test that does not say when it begins: a Thursday, midnight in UTC.
    public static let usualStart = Timestamp(milliseconds: 1_767_225_600_000)
}

/// What must be so at some moment, or throughout.
public struct Expectation: Sendable {
    public enum When: Hashable, Sendable {
        /// As of the newest step that is not later.
        case at(TimeSpan)
        /// At every step from the one to the other.
        case during(TimeSpan, TimeSpan)
        case always
    }

    /// What is looked at, and what it must be (`is`) or must not be.
    public enum What: Hashable, Sendable {
        case state([Phase], is: Bool)
        case incident(IncidentState)
        /// The newest verdict on an action; nil: there was none.
        case action(ActionKind, verdict: VerdictName, because: Refusal.Step?)
        /// Which rule keeps it quiet; nil: none.
        case suppressedBy(String?)
    }

    public enum IncidentState: String, Hashable, Sendable, CaseIterable {
        case open, resolved, none
    }

    public enum VerdictName: String, Hashable, Sendable, CaseIterable {
        case act
        case wouldHave = "would_have"
        case needsApproval = "needs_approval"
        case refused
        case alreadyInForce = "already_in_force"
        case none
    }

    public let when: When
    public let rule: String
    /// Of a rule on apps or workflows the app, nil: every app of the test. For an action of a rule on the runtime: the app that it is
    /// done to.
    public let app: AppID?
    /// Of a rule on workflows the workflow, nil: every one of the test, or of `app`.
    public let workflow: PackID?
    public let replica: String?
    public let what: What
    public let origin: Origin
}
