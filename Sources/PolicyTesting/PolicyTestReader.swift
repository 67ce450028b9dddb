import Model
import Policy
import YAML

/// Reads one file of policy tests. All that is wrong with it is with the reporter.
public struct PolicyTestReader {
    private let reporter: Reporter
    /// The window that series without one are read with; only their names are resolved here.
    private static let window = TimeSpan.minutes(5)
    private static let intervals = TimeSpan.seconds(1)...TimeSpan.hours(24)
    private static let moments = TimeSpan.zero...TimeSpan.hours(24 * 366)

    /// Why a text names no time zone.
    public struct UnknownZone: Error {
        let why: String
        let hint: String

        public init(why: String, hint: String) {
            self.why = why
            self.hint = hint
        }
    }

    /// Where names of zones are looked up, which is a matter of the machine's files. Without it only offsets are known.
    private let zones: (String) -> Result<Zone, UnknownZone>

    public init(
        _ reporter: Reporter,
        zones: @escaping (String) -> Result<Zone, UnknownZone> = { text in
            Zone(fixed: text).map(Result.success)
                ?? .failure(UnknownZone(why: "'\(text)' is no offset from UTC", hint: "such as UTC or +02:00"))
        }
    ) {
        self.reporter = reporter
        self.zones = zones
    }

    /// What tests of a file share, and each may say for itself.
    private struct Frame {
        var interval = TimeSpan.minutes(1)
        var mode: Mode?
        var start = GivenSeries.usualStart
        var zone = Zone.utc
        var labels: [String: String] = [:]
    }

    /// Nil when the file is no file of tests; tests with faults are left out.
    public func read() -> PolicyTestFile? {
        guard let root = YAMLParser.parse(reporter), let fields = Fields(root, "a file of policy tests", reporter) else {
            return nil
        }
        if let node = fields.required("schema"), let text = reporter.string(node, "schema"),
            text != PolicyTestFile.schema
        {
            reporter.report(
                "schema", "schema '\(text)' is not known", at: node, hint: "write '\(PolicyTestFile.schema)'")
        }
        let policies = fields.node("policies").flatMap { reporter.string($0, "'policies'") }
        let frame = frame(fields, Frame())
        var names: [String: Mark] = [:]
        var tests: [PolicyTest] = []
        for item in fields.required("tests").flatMap({ filled($0, "'tests'", "a file without tests says nothing about a policy") }) ?? [] {
            guard let test = test(item, in: frame) else { continue }
            if let first = names.updateValue(item.start, forKey: test.name) {
                reporter.report(
                    "duplicate-name", "a second test '\(test.name)'", at: item.start, hint: "first on line \(first.line)")
            }
            tests.append(test)
        }
        fields.finish()
        return PolicyTestFile(file: reporter.source.file, policies: policies, tests: tests)
    }

    /// A list with something in it: an empty one would be passed over, and count as fulfilled.
    private func filled(_ node: YAMLNode, _ what: String, _ why: String) -> [YAMLNode]? {
        guard let items = reporter.list(node, what) else { return nil }
        if items.isEmpty { reporter.report("empty", "\(what) is empty", at: node, hint: why) }
        return items
    }

    private func origin(_ node: YAMLNode) -> Origin { Origin(file: reporter.source.file, line: node.start.line) }

    private func frame(_ fields: Fields, _ outer: Frame) -> Frame {
        var frame = outer
        if let interval = fields.node("interval").flatMap({ reporter.span($0, "interval", in: PolicyTestReader.intervals) }) {
            frame.interval = interval
        }
        if let mode: Mode = fields.node("mode").flatMap({ reporter.choice($0, "mode") }) { frame.mode = mode }
        if let node = fields.node("start"), let text = reporter.string(node, "'start'") {
            if let moment = Timestamp(rfc3339: text), moment.milliseconds % 60_000 == 0 {
                frame.start = moment
            } else {
                reporter.report(
                    "start", "'\(text)' is no whole minute of a day", at: node,
                    hint: "such as 2026-01-02T21:00:00Z or 2026-01-02T22:00:00+01:00")
            }
        }
        if let node = fields.node("timezone"), let text = reporter.string(node, "'timezone'") {
            switch zones(text) {
            case .success(let zone): frame.zone = zone
            case .failure(let fault): reporter.report("timezone", fault.why, at: node, hint: fault.hint)
            }
        }
        if let node = fields.node("labels"), let inner = Fields(node, "'labels'", reporter) {
            for entry in inner.all() { frame.labels[entry.name] = reporter.string(entry.value, "a label") }
        }
        return frame
    }

    // MARK: - One test

    private func test(_ node: YAMLNode, in outer: Frame) -> PolicyTest? {
        guard let fields = Fields(node, "a test", reporter) else { return nil }
        let name = fields.required("name").flatMap { reporter.string($0, "'name'") }
        let frame = frame(fields, outer)
        let tape = fields.entry("tape")
        let given = ["runtime", "apps", "replicas", "workflows"].compactMap { fields.entry($0) }
        // One of these is a story of its own: nothing of it has apps.
        let beside = [WatchedKind.host, .service].compactMap { kind in fields.entry(kind.rawValue).map { (kind: kind, entry: $0) } }
        if let first = beside.first, let stray = beside.dropFirst().first?.entry ?? given.first {
            reporter.report("series", "'\(stray.name)' has no place beside '\(first.kind.rawValue)'", at: stray.key, hint: "a test each")
        }
        var expectations: [Expectation] = []
        for item in fields.required("expect").flatMap({ filled($0, "'expect'", "a test that expects nothing always passes") }) ?? [] {
            if let expectation = expectation(item) { expectations.append(expectation) }
        }
        let source: PolicyTest.Source?
        if let tape {
            if let both = given.first ?? beside.first?.entry ?? fields.entry("start") {
                reporter.report(
                    "tape", "a tape stands in place of series: '\(both.name)' has no place beside it", at: both.key)
            }
            source = reporter.string(tape.value, "'tape'").map { .tape($0, origin(tape.value)) }
        } else if given.isEmpty, beside.isEmpty {
            reporter.report(
                "missing-key", "a test needs series ('runtime', 'apps', 'replicas', 'workflows', 'host', 'service') or a 'tape'",
                at: node.start)
            source = nil
        } else {
            source = .series(series(fields, beside.first?.kind ?? .runtime, frame, expectations))
        }
        fields.finish()
        guard let name, let source else { return nil }
        return PolicyTest(
            name: name, origin: origin(node), mode: frame.mode, zone: frame.zone, labels: frame.labels, source: source,
            expectations: expectations)
    }

    // MARK: - Series

    private func series(_ fields: Fields, _ kind: WatchedKind, _ frame: Frame, _ expectations: [Expectation]) -> GivenSeries {
        let runtime = fields.node(kind.rawValue).map { given($0, "'\(kind.rawValue)'", kind.subject) } ?? []
        let workflows = workflows(fields)
        var apps = subjects(fields, "apps", .app).map { (app: AppID($0.id), series: $0.series) }
        // An app of which only workflows are given is there all the same.
        for app in Set(workflows.map(\.app)) where !apps.contains(where: { $0.app == app }) { apps.append((app, [])) }
        apps.sort { $0.app < $1.app }
        let replicas = subjects(fields, "replicas", .replica).map { (url: $0.id, series: $0.series) }
        var last = 0
        for series in runtime + apps.flatMap(\.series) + replicas.flatMap(\.series) + workflows.flatMap(\.series) {
            last = max(last, series.values.steps.count - 1)
        }
        for expectation in expectations {
            let end: TimeSpan? =
                switch expectation.when {
                case .at(let moment): moment
                case .during(_, let to): to
                case .always: nil
                }
            if let end { last = max(last, Int(end.milliseconds / frame.interval.milliseconds)) }
        }
        last = min(last, SeriesNotation.mostSteps)
        let subjects = 1 + apps.count + replicas.count + workflows.count
        let many = fields.entry("apps") ?? fields.entry("replicas") ?? fields.entry("workflows")
        if last * subjects > SeriesNotation.mostRows, let place = many {
            reporter.report(
                "range", "\(subjects) subjects for \(last + 1) steps: more than \(SeriesNotation.mostRows) readings", at: place.key,
                hint: "give the test a longer 'interval', or fewer apps")
            last = 0
        }
        return GivenSeries(
            start: frame.start, zone: frame.zone, labels: frame.labels, interval: frame.interval, kind: kind, runtime: runtime, apps: apps,
            replicas: replicas, workflows: workflows, lastStep: last
        )
    }

    /// `workflows: {APP: {NAME: {series}}}`
    private func workflows(_ fields: Fields) -> [(app: AppID, name: PackID, series: [GivenSeries.Given])] {
        guard let node = fields.node("workflows"), let inner = Fields(node, "'workflows'", reporter) else { return [] }
        var found: [(app: AppID, name: PackID, series: [GivenSeries.Given])] = []
        for app in inner.all() {
            guard let names = Fields(app.value, "an app's workflows", reporter) else { continue }
            for flow in names.all() {
                let series = flow.value.isNull ? [] : given(flow.value, "a workflow", .workflow)
                found.append((AppID(app.name), PackID(flow.name), series))
            }
        }
        return found.sorted { ($0.app, $0.name) < ($1.app, $1.name) }
    }

    private func subjects(
        _ fields: Fields, _ key: String, _ kind: SubjectKind
    ) -> [(id: String, series: [GivenSeries.Given])] {
        guard let node = fields.node(key), let inner = Fields(node, "'\(key)'", reporter) else { return [] }
        return inner.all().map { ($0.name, $0.value.isNull ? [] : given($0.value, "an \(kind.rawValue)", kind)) }
    }

    private func given(_ node: YAMLNode, _ what: String, _ kind: SubjectKind) -> [GivenSeries.Given] {
        guard let fields = Fields(node, what, reporter) else { return [] }
        return fields.all().compactMap { entry in
            guard
                let name = NamedSeries(entry.key, subject: kind, window: PolicyTestReader.window, reporter),
                let text = reporter.string(entry.value, "the values of '\(entry.name)'")
            else { return nil }
            do throws(SeriesNotation.Fault) {
                return GivenSeries.Given(
                    name: name,
                    values: try SeriesNotation(text, unit: name.series.resultUnit, mayBeNegative: name.series.mayBeNegative),
                    place: reporter.place(of: entry.key))
            } catch {
                reporter.report(
                    "series", error.message, in: entry.value, valueOffset: error.range.lowerBound,
                    length: error.range.count, hint: error.hint)
                return nil
            }
        }
    }

    // MARK: - Expectations

    private func expectation(_ node: YAMLNode) -> Expectation? {
        guard let fields = Fields(node, "an expectation", reporter) else { return nil }
        let when = when(fields)
        let rule = fields.required("rule").flatMap { reporter.string($0, "'rule'") }
        let app = fields.node("app").flatMap { reporter.string($0, "'app'") }.map { AppID($0) }
        let workflow = fields.node("workflow").flatMap { reporter.string($0, "'workflow'") }.map { PackID($0) }
        let replica = fields.node("replica").flatMap { reporter.string($0, "'replica'") }
        let what = what(fields, node)
        fields.finish()
        guard let when, let rule, let what else { return nil }
        return Expectation(when: when, rule: rule, app: app, workflow: workflow, replica: replica, what: what, origin: origin(node))
    }

    private func when(_ fields: Fields) -> Expectation.When? {
        let (at, during) = (fields.node("at"), fields.node("during"))
        if let at {
            if let during {
                reporter.report("when", "'during' has no place beside 'at'", at: during)
                return nil
            }
            return reporter.span(at, "at", in: PolicyTestReader.moments).map { .at($0) }
        }
        guard let during else { return .always }
        guard let text = reporter.string(during, "'during'"), let dots = text.firstIndex(ofBytes: "..") else {
            reporter.report("when", "'during' is a stretch of time", at: during, hint: "such as 5m..10m")
            return nil
        }
        let end = text.index(dots, offsetBy: 2)
        guard let from = TimeSpan(text[..<dots]), let to = TimeSpan(text[end...]), from <= to,
            to <= PolicyTestReader.moments.upperBound
        else {
            reporter.report("when", "'\(text)' is no stretch of time", at: during, hint: "such as 5m..10m")
            return nil
        }
        return .during(from, to)
    }

    private func what(_ fields: Fields, _ node: YAMLNode) -> Expectation.What? {
        let keys = ["state", "not", "incident", "action", "suppressed_by"]
        let found = keys.compactMap { key in fields.node(key).map { (key: key, node: $0) } }
        let (verdict, because) = (fields.node("verdict"), fields.node("because"))
        guard found.count == 1, let (key, value) = found.first else {
            reporter.report(
                "expectation", found.isEmpty ? "nothing is expected" : "one thing is expected at a time", at: node.start,
                hint: "one of: " + keys.joined(separator: ", "))
            return nil
        }
        if key != "action", let stray = verdict ?? because {
            reporter.report("expectation", "this stands beside 'action' only", at: stray)
            return nil
        }
        switch key {
        case "state", "not":
            let items = filled(value, "'\(key)'", "name at least one state") ?? []
            let phases: [Phase] = items.compactMap { reporter.choice($0, "a state") }
            return phases.count == items.count && !phases.isEmpty ? .state(phases, is: key == "state") : nil
        case "incident": return reporter.choice(value, "an incident").map { .incident($0) }
        case "suppressed_by":
            return reporter.string(value, "'suppressed_by'").map { .suppressedBy($0 == "none" ? nil : $0) }
        default: return action(value, verdict, because)
        }
    }

    private func action(_ value: YAMLNode, _ verdict: YAMLNode?, _ because: YAMLNode?) -> Expectation.What? {
        guard let kind: ActionKind = reporter.choice(value, "an action") else { return nil }
        guard kind != .notify else {
            reporter.report("expectation", "messages are not decided by the guard", at: value, hint: "write 'incident: open'")
            return nil
        }
        guard let verdict else {
            reporter.report(
                "missing-key", "an expected action needs 'verdict'", at: value,
                hint: "one of: " + Expectation.VerdictName.allCases.map(\.rawValue).joined(separator: ", "))
            return nil
        }
        guard let name: Expectation.VerdictName = reporter.choice(verdict, "a verdict") else { return nil }
        guard let because else { return .action(kind, verdict: name, because: nil) }
        guard [.refused, .needsApproval, .wouldHave].contains(name) else {
            reporter.report(
                "expectation", "'because' stands beside 'refused', 'needs_approval' and 'would_have' only", at: because)
            return nil
        }
        guard let step: Refusal.Step = reporter.choice(because, "a reason") else { return nil }
        return .action(kind, verdict: name, because: step)
    }
}
