import Model
import YAML

/// A named number of a policy, with its unit: `noisy_share: 40%`.
public struct Threshold: Sendable {
    public let name: String
    /// In the base of its unit: percent points, seconds, per minute, USD, USD/h, bytes.
    public let value: Double
    public let unit: Unit
    /// As written: `40%`.
    public let text: String
    public let origin: Origin
}

/// What an app's policy calls it: `tier: enterprise`.
public struct AppLabel: Sendable {
    public let name: String
    public let value: String
    public let origin: Origin
}

/// The policy that holds for one app, or for all apps without a file of their own.
public struct EffectivePolicy: Sendable {
    /// Nil: the default policy.
    public let app: AppID?
    /// The file it comes from.
    public let file: String
    public let mode: Mode
    public let modeOrigin: Origin?
    public let allowedActions: [ActionKind]
    public let allowedActionsOrigin: Origin?
    /// Sorted by name.
    public let thresholds: [Threshold]
    /// Of the app, sorted by name; none of the default policy's.
    public let labels: [AppLabel]
    /// The enabled rules on apps and their workflows; in the order of the default's file, then the app's own.
    public let appRules: [Rule]
    /// Names of rules that are switched off here, with the place that says so.
    public let disabled: [(rule: String, origin: Origin)]

    public func allows(_ kind: ActionKind) -> Bool { allowedActions.contains(kind) }
}

/// All policies, merged and compiled, and the readings that they ask for.
public struct PolicySet: Sendable {
    /// Where `reading(slot)` points.
    public let demand: [Demand]
    /// What conditions ask of labels.
    public let labelTests: [LabelTest]
    /// The default policy first, then the overriding apps' by the bytes of their ids.
    public let policies: [EffectivePolicy]
    /// The enabled rules that are about no app, by the kind of their subject, then as the file has them: only the default
    /// policy has such.
    public let wideRules: [Rule]
    /// The window of rates, ratios and quantiles that name none.
    public let window: TimeSpan
    /// How long evidence may be missing before that is an incident of its own, and before a replica that refuses
    /// connections counts as absent.
    public let missingAfter: TimeSpan
    /// `clear_after` of rules that name none.
    public let clearAfter: TimeSpan
    /// An open run older than this counts as active only while it makes progress.
    public let stalledAfter: TimeSpan
    /// The same four with their places, for `policy show`.
    let frameFields: [Rule.Field]
    /// What is allowed but probably not meant.
    public private(set) var warnings: [Diagnostic]
    /// The texts that it was read from.
    private var sources: [SourceText] = []
    let byApp: [AppID: Int]
    /// Its rules in the order in which they are evaluated: suppressors before what they suppress.
    public let plans: [RulePlan]
    /// The files that it was made of, the built-in one where it stands in for another.
    public var files: [PolicyFile] { sources.map { PolicyFile(path: $0.file, bytes: $0.bytes) } }

    init(
        demand: [Demand], labelTests: [LabelTest], policies: [EffectivePolicy], wideRules: [Rule], window: TimeSpan, missingAfter: TimeSpan,
        clearAfter: TimeSpan,
        stalledAfter: TimeSpan, frameFields: [Rule.Field],
        warnings: [Diagnostic], byApp: [AppID: Int]
    ) {
        self.demand = demand
        self.labelTests = labelTests
        self.policies = policies
        self.wideRules = wideRules
        self.window = window
        self.missingAfter = missingAfter
        self.clearAfter = clearAfter
        self.stalledAfter = stalledAfter
        self.frameFields = frameFields
        self.warnings = warnings
        self.byApp = byApp
        plans = RulePlan.ordered(wideRules, policies)
    }

    /// One reading that conditions ask for.
    public struct Demand: Sendable {
        public let series: SeriesRef
        /// The kinds of subject whose conditions ask for it.
        public internal(set) var subjects: Set<SubjectKind>
    }

    func with(warnings: [Diagnostic], sources: [SourceText]) -> PolicySet {
        var set = self
        set.warnings = warnings
        set.sources = sources
        return set
    }

    /// The same with more warnings.
    public func adding(warnings more: [Diagnostic]) -> PolicySet {
        var set = self
        set.warnings = (warnings + more).sorted()
        return set
    }

    /// A warning where no critical rule tells within minutes of a runtime that answers nobody. Other rules read `up` as
    /// well, to keep quiet while it is 0: what counts is whether a rule can hold then.
    public var lostOutage: Diagnostic? {
        let seeing = wideRules.filter { !$0.subject.isBesideRuntimes && $0.seesOutage }
        guard !seeing.contains(where: { $0.outageFault == nil }) else { return nil }
        let hint =
            "to be told within minutes: a critical rule on 'up == 0', as the built-in 'runtime-down' is ('extends: builtin' keeps it)"
        // The one that is told first.
        if let best = seeing.max(by: { ($0.severity, $1.hold) < ($1.severity, $0.hold) }), let fault = best.outageFault {
            return warning(
                "no-outage-rule", "a runtime that answers nobody is seen by '\(best.name)' only, \(fault)", at: best.origin, hint: hint)
        }
        if let off = defaultPolicy.disabled.first(where: { $0.rule == "runtime-down" }) {
            return warning(
                "no-outage-rule", "no rule here sees a runtime that answers nobody: 'runtime-down' is switched off", at: off.origin,
                hint: hint)
        }
        return Diagnostic(
            "no-outage-rule", "no rule here sees a runtime that answers nobody: the built-in 'runtime-down' does not hold",
            file: defaultPolicy.file, line: 0, hint: "write 'extends: builtin' to keep the built-in rules below your own",
            severity: .warning)
    }

    /// A warning about a line of one of the files, the whole of it underlined.
    public func warning(_ code: String, _ message: String, at origin: Origin, hint: String? = nil) -> Diagnostic {
        let line = sources.first { $0.file.isSame(as: origin.file) }?.line(origin.line)
        let scalars = Array((line ?? "").unicodeScalars)
        let indent = scalars.prefix { $0 == " " }.count
        return Diagnostic(
            code, message, file: origin.file, line: origin.line, column: indent + 1, length: scalars.count - indent,
            sourceLine: line, hint: hint, severity: .warning)
    }

    /// Position in `policies` of the policy that holds for this app.
    public func index(for app: AppID) -> Int { byApp.isEmpty ? 0 : byApp[app] ?? 0 }

    public func policy(for app: AppID) -> EffectivePolicy { policies[index(for: app)] }

    public var defaultPolicy: EffectivePolicy { policies[0] }

    /// The rules that hold for subjects of this kind; for an app or its workflows, under the policy of that position.
    public func rules(for kind: SubjectKind, policy: Int = 0) -> [Rule] {
        (kind.isOfApp ? policies[policy].appRules : wideRules).filter { $0.subject == kind }
    }

    /// Those of every policy, the apps' own included: a name may stand there several times.
    public var allRules: [Rule] { wideRules + policies.flatMap(\.appRules) }

    /// What is asked of labels, of a runtime with these and of the apps that have their own.
    public func labelBook(runtime: [String: String]) -> LabelBook {
        guard !labelTests.isEmpty else { return LabelBook() }
        var apps: [AppID: [String: String]] = [:]
        for policy in policies where !policy.labels.isEmpty {
            guard let app = policy.app else { continue }
            apps[app] = Dictionary(policy.labels.map { ($0.name, $0.value) }) { first, _ in first }
        }
        return LabelBook(tests: labelTests, runtime: runtime, apps: apps)
    }

    /// Whether a rule or an action goes by the time of day or the day of the week, so that its zone counts.
    public var readsClock: Bool {
        allRules.contains { rule in
            rule.when.readsClock || rule.keeps?.readsClock == true
                || rule.actions.contains { if case .lease(let request) = $0 { request.onlyIf?.readsClock == true } else { false } }
        }
    }

    /// Those of the default policy.
    public var defaultRules: [Rule] { wideRules + defaultPolicy.appRules }

    /// The rule of that name as it holds for a subject; nil when there is none, or it is switched off there.
    public func rule(_ name: String, for subject: Subject) -> Rule? {
        let candidates = subject.app.map { policies[index(for: $0)].appRules } ?? wideRules
        return candidates.first { $0.subject == subject.kind && $0.name.isSame(as: name) }
    }

    /// What the rule of that name is about, in whichever policy it stands; nil when there is none.
    public func subjects(ofRule name: String) -> SubjectKind? { allRules.first { $0.name.isSame(as: name) }?.subject }

    /// The slots that conditions on subjects of this kind read, ascending.
    public func slots(for kind: SubjectKind) -> [Int] {
        demand.indices.filter { demand[$0].subjects.contains(kind) }
    }
}
