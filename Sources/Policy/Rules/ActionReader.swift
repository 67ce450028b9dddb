import Model
import YAML

/// Reads the lists `actions` and `require_approval` of a rule.
struct ActionReader {
    let reporter: Reporter
    let subject: SubjectKind
    let policy: RuleReader.PolicyFrame
    let needsApproval: Bool
    var demand: DemandTable
    var usedThresholds: Set<String> = []

    init(
        reporter: Reporter, subject: SubjectKind, policy: RuleReader.PolicyFrame, needsApproval: Bool,
        demand: DemandTable
    ) {
        self.reporter = reporter
        self.subject = subject
        self.policy = policy
        self.needsApproval = needsApproval
        self.demand = demand
    }

    private static let ttl = TimeSpan.seconds(1)...TimeSpan.hours(24)
    private static let limits = 1...1_000_000
    private static let picks = 1...20
    /// What is advice and never done: people write it among the actions.
    private static let suggestions = Suggestion.known.map(\.name)

    /// The actions of a list; wrong ones are reported and left out.
    /// - Parameter before: those of the rule's other list.
    mutating func read(_ node: YAMLNode, _ key: String, after before: [RuleAction] = []) -> [RuleAction] {
        var actions: [RuleAction] = []
        for item in reporter.list(node, "'\(key)'") ?? [] {
            guard let action = action(item) else { continue }
            if case .notify = action, actions.contains(where: { $0.kind == .notify }) {
                reporter.report(
                    "action", "'notify' stands twice", at: item.start,
                    hint: "name all channels in one: notify: {channels: [ops, mail]}")
                continue
            }
            // An incident holds one lease of a kind, by the first action that may happen: what stands after one without a
            // condition would never be asked for, a stricter one that needs a person's yes included.
            if case .lease(let request) = action,
                (before + actions).contains(where: { $0.goesAlwaysBefore(request) })
            {
                reporter.report(
                    "action", "this '\(request.effect.kind.rawValue)' would never happen: the rule has one without 'only_if' before it",
                    at: item.start,
                    hint: "give the other an only_if, or write this one into a rule of its own, with the same 'when'")
                continue
            }
            actions.append(action)
        }
        return actions
    }

    private mutating func action(_ node: YAMLNode) -> RuleAction? {
        let name: YAMLNode
        let parameters: YAMLNode?
        if let entries = node.entries {
            guard entries.count == 1 else {
                reporter.report(
                    "action", "each item of the list is one action", at: node.start, hint: "begin each with '- '")
                return nil
            }
            (name, parameters) = (entries[0].key, entries[0].value.isNull ? nil : entries[0].value)
        } else {
            (name, parameters) = (node, nil)
        }
        if let text = name.text, ActionReader.suggestions.contains(text) {
            reporter.report(
                "action", "'\(text)' is never done automatically", at: name, hint: "put it under 'suggest:'")
            return nil
        }
        guard let kind: ActionKind = reporter.choice(name, "an action") else { return nil }
        if kind == .notify { return notify(name, parameters) }
        guard !subject.isBesideRuntimes else {
            reporter.report(
                "action", "'\(kind.rawValue)' lands on apps, and \(subject.withArticle) has none: such a rule tells people", at: name,
                hint: "a rule with 'subject: runtime' may hold back the apps that weigh most")
            return nil
        }
        guard let parameters else {
            reporter.report(
                "action", "'\(kind.rawValue)' needs at least a ttl", at: name, hint: "\(kind.rawValue): {ttl: 15m, …}")
            return nil
        }
        return lease(kind, name, parameters)
    }

    private func notify(_ name: YAMLNode, _ parameters: YAMLNode?) -> RuleAction? {
        if needsApproval {
            reporter.report("action", "a message needs no approval", at: name, hint: "put it under 'actions:'")
            return nil
        }
        guard let parameters else { return .notify(channels: []) }
        if let names = parameters.items?.compactMap(\.text) ?? parameters.text.map({ [$0] }) {
            reporter.report(
                "type", "'notify' must be a mapping, not \(parameters.kind)", at: parameters,
                hint: "write 'notify: {channels: [\(names.map { Shown.id($0) }.joined(separator: ", "))]}'")
            return nil
        }
        guard let fields = Fields(parameters, "'notify'", reporter, place: name.start) else { return nil }
        let channels = fields.required("channels").flatMap { reporter.strings($0, "'channels'") }
        fields.finish()
        return channels.map { .notify(channels: $0) }
    }

    private mutating func lease(_ kind: ActionKind, _ name: YAMLNode, _ parameters: YAMLNode) -> RuleAction? {
        if let text = parameters.text {
            reporter.report(
                "type", "'\(kind.rawValue)' must be a mapping, not a single value", at: parameters,
                hint: "write '\(kind.rawValue): {\(ActionReader.parameters(of: kind, given: text, on: subject))}'")
            return nil
        }
        guard let fields = Fields(FlowCalls.rejoined(parameters), "'\(kind.rawValue)'", reporter, place: name.start)
        else { return nil }
        let ttl = fields.required("ttl").flatMap { reporter.span($0, "ttl", in: ActionReader.ttl) }
        let effect = effect(kind, fields, name)
        // What the guard looks at to see whether stopping one workflow did anything.
        if subject == .workflow { for series in LeaseRequest.workflowGauges { _ = demand.slot(series, for: .workflow) } }
        let target = target(fields, name)
        var onlyIf: CompiledCondition?
        var isFaulty = false
        if let node = fields.node("only_if") {
            let source = Sourced(node: node, reporter: reporter)
            onlyIf = policy.condition(source, "only_if", subject, &demand, &usedThresholds)
            isFaulty = onlyIf == nil
        }
        fields.finish(meant: ActionReader.meant)
        guard let ttl, let effect, let target, !isFaulty else { return nil }
        return .lease(
            LeaseRequest(
                effect: effect, ttl: ttl, target: target, onlyIf: onlyIf, needsApproval: needsApproval,
                origin: Origin(file: reporter.source.file, line: name.start.line)))
    }

    /// What the keys of actions are called elsewhere.
    private static let meant = [
        "concurrent": "concurrent_workflows", "concurrency": "concurrent_workflows", "max_concurrent": "concurrent_workflows",
        "workflows": "concurrent_workflows", "runs": "concurrent_workflows", "active_runs": "concurrent_workflows",
        "limit": "concurrent_workflows", "max": "concurrent_workflows", "rpm": "requests_per_minute", "rate": "requests_per_minute",
        "rate_limit": "requests_per_minute", "requests": "requests_per_minute", "starts_per_minute": "requests_per_minute", "for": "ttl",
        "duration": "ttl", "timeout": "ttl", "time": "ttl", "expires": "ttl", "expires_after": "ttl", "until": "ttl", "if": "only_if",
        "when": "only_if", "app": "apps", "name": "pack", "id": "pack", "on": "apps", "target": "apps",
    ]

    /// The parameters of an action that was given a single value: its time, its limit, its pack.
    private static func parameters(of kind: ActionKind, given text: String, on subject: SubjectKind) -> String {
        let isTime = TimeSpan(text) != nil
        var parts: [String] = []
        switch kind {
        case .throttle: parts.append("concurrent_workflows: \(Int(text).flatMap { limits.contains($0) ? $0 : nil } ?? 5)")
        case .disablePack: if subject != .workflow { parts.append("pack: \(isTime ? "PACK" : Shown.id(text))") }
        case .pause, .notify: break
        }
        if !subject.isOfApp { parts.append("apps: top(3, active_runs)") }
        parts.append("ttl: \(TimeSpan(text).flatMap { ttl.contains($0) ? text : nil } ?? "15m")")
        return parts.joined(separator: ", ")
    }

    private func effect(_ kind: ActionKind, _ fields: Fields, _ name: YAMLNode) -> Effect? {
        switch kind {
        case .notify: return nil
        case .pause: return .pause
        case .disablePack where subject == .workflow:
            // That of the subject: see `LeaseRequest.effect(on:)`.
            guard let pack = fields.entry("pack") else { return .disablePack(PackID(bytes: [])) }
            reporter.report("action", "a rule on a workflow disables that workflow: 'pack' has no place here", at: pack.key)
            return nil
        case .disablePack:
            return fields.required("pack").flatMap { reporter.string($0, "'pack'") }.map { .disablePack(PackID($0)) }
        case .throttle:
            let concurrent = fields.node("concurrent_workflows")
            let starts = fields.node("requests_per_minute")
            if concurrent == nil, starts == nil {
                reporter.report(
                    "missing-key", "'throttle' needs 'concurrent_workflows', 'requests_per_minute' or both", at: name)
                return nil
            }
            let runs = concurrent.flatMap { reporter.int($0, "'concurrent_workflows'", in: ActionReader.limits) }
            let rate = starts.flatMap { reporter.int($0, "'requests_per_minute'", in: ActionReader.limits) }
            guard (runs == nil) == (concurrent == nil), (rate == nil) == (starts == nil) else { return nil }
            return .throttle(Limits(concurrentWorkflows: runs, requestsPerMinute: rate))
        }
    }

    /// A rule on an app or on a workflow acts on its app; a rule on a runtime names the apps that weigh most.
    private mutating func target(_ fields: Fields, _ name: YAMLNode) -> LeaseRequest.Target? {
        let apps = fields.entry("apps")
        if subject.isOfApp {
            guard let apps else { return .subject }
            let own = subject == .app ? "that app" : "its app"
            reporter.report("action", "a rule on \(subject.withArticle) acts on \(own): 'apps' has no place here", at: apps.key)
            return nil
        }
        guard let apps, !apps.value.isNull else {
            reporter.report(
                "missing-key", "a rule on \(subject.withArticle) must say on which apps it acts", at: name,
                hint: "apps: top(3, active_runs)")
            return nil
        }
        guard let text = reporter.string(apps.value, "'apps'") else { return nil }
        if text == "all" {
            reporter.report(
                "action", "no action lands on all apps", at: apps.value, hint: "name the heaviest: top(3, active_runs)")
            return nil
        }
        do throws(ConditionFault) {
            let top = try ConditionParser.parseTop(text)
            guard ActionReader.picks.contains(top.count) else {
                throw ConditionFault("range", "between 1 and \(ActionReader.picks.upperBound) apps", top.countRange)
            }
            var faults: [ConditionFault] = []
            let series = SignalResolution(subject: .app, window: policy.window).resolve(top.use, &faults)
            if let fault = faults.first { throw fault }
            guard let series, series.scope == .own else {
                throw ConditionFault("action", "apps are weighed by a signal of their own", top.use.nameRange)
            }
            return .top(top.count, slot: demand.slot(series, for: .app), series: series)
        } catch {
            Sourced(node: apps.value, reporter: reporter).report(error, text)
            return nil
        }
    }
}

extension RuleAction {
    /// Whether both would be the same lease of the same app, and this one is asked for whenever the other is.
    fileprivate func goesAlwaysBefore(_ other: LeaseRequest) -> Bool {
        guard case .lease(let request) = self, request.onlyIf == nil else { return false }
        return request.effect.kind == other.effect.kind && request.effect.pack == other.effect.pack
            && request.target == other.target
    }
}

/// YAML splits `{apps: top(3, active_runs), ttl: 10m}` at its first comma. This puts such a call together again.
enum FlowCalls {
    static func rejoined(_ node: YAMLNode) -> YAMLNode {
        guard let entries = node.entries else { return node }
        var joined: [YAMLNode.Entry] = []
        for entry in entries {
            if let last = joined.last, entry.value.isNull, let tail = entry.key.text, tail.hasSuffix(")"),
                !tail.contains("("),
                let head = last.value.text, last.value.isPlain, head.contains("("), !head.contains(")")
            {
                let call = YAMLNode(
                    content: .scalar(head + ", " + tail, .plain), start: last.value.start, end: entry.key.end)
                joined[joined.count - 1] = YAMLNode.Entry(key: last.key, value: call)
            } else {
                joined.append(entry)
            }
        }
        return YAMLNode(content: .mapping(joined), start: node.start, end: node.end)
    }
}
