import Model
import Testing

@testable import Policy

/// What a rule on workflows may say, and what it is told where it says something else.
@Suite struct WorkflowConditionTests {
    @Test("its own figures, its app's and its runtime's")
    func scopes() throws {
        let condition = try Compiling.compile(
            "errors[10m] > 1/min and app.errors[10m] - errors[10m] < 1/min and runtime.active_apps > 1 "
                + "and baseline(app.tokens[24h]) > 1/min",
            .workflow
        ).get()
        #expect(
            condition.readings.map { "\($0.series) \($0.series.scope)" } == [
                "errors[10m] workflow", "app.errors[10m] app", "runtime.active_apps runtime", "baseline(app.tokens[24h]) app",
            ])
        #expect(condition.endpoints == [.perf])
        let past = try Compiling.compile(
            "app.cost[today] > 5 USD and app.turns[1h] offset 7d < 1/min and avg(app.error_rate[1h] offset 7d) > 5% "
                + "and predict(runtime.open_runs[6h], 4h) > 5",
            .workflow
        ).get()
        #expect(
            past.readings.map { "\($0.series) \($0.series.scope)" } == [
                "app.cost[today] app", "app.turns[1h] offset 7d app", "avg(app.error_rate[1h] offset 7d) app",
                "predict(runtime.open_runs[6h], 4h) runtime",
            ])
        // An app reaches no further than its runtime, and no workflow.
        #expect(try Compiling.compile("errors > 1/min").get().readings.map(\.series.scope) == [.own])
    }

    static let faults: [(text: String, subject: SubjectKind, words: [String])] = [
        ("app.errors > 1/min", .app, ["app-prefix", "'app.' reaches from a workflow to its app", "write 'errors'"]),
        ("app.errors > 1/min", .runtime, ["app-prefix", "this is about a runtime"]),
        ("workflow.active_runs > 5", .workflow, ["unknown-signal", "write 'active_runs'"]),
        ("workflow.active_runs > 5", .app, ["unknown-signal", "a rule that reads it has 'subject: workflow'"]),
        ("count(workflow.active_runs > 3) > 1", .runtime, ["unknown-signal", "a rule that reads it has 'subject: workflow'"]),
        ("app.runtime.active_runs > 5", .workflow, ["unknown-signal", "write 'runtime.active_runs'"]),
        ("host.cpu > 90%", .host, ["unknown-signal", "write 'cpu'"]),
        ("metric(\"x\") > 1", .host, ["subject-lacks-signal", "a rule that reads it has 'subject: runtime'"]),
        ("active_runs.share > 5%", .workflow, ["subject-lacks-signal", "not of workflow", "write 'app.active_runs.share'"]),
        ("up == 0", .workflow, ["subject-lacks-signal", "write 'runtime.up'"]),
        (
            "baseline(tokens[24h]) > 1/min", .workflow,
            ["no-history", "kept of apps, not of workflows", "write 'baseline(app.tokens[24h])'"]
        ),
        ("rise(errors[10m]) > 2", .workflow, ["no-history", "write 'rise(app.errors[10m])'"]),
        ("errors[today] > 5", .workflow, ["no-history", "'[today]' looks at the minutes", "write 'app.errors[today]'"]),
        ("missing(errors[this_month])", .workflow, ["no-history", "write 'app.errors[this_month]'"]),
        ("turns[1h] offset 7d > 1/min", .workflow, ["no-history", "'offset' looks at", "write 'app.turns[1h] offset 7d'"]),
        ("active_runs offset 3h > 1", .workflow, ["no-history", "write 'app.active_runs offset 3h'"]),
        ("avg(error_rate[1h] offset 7d) > 5%", .workflow, ["no-history", "'avg(…)' looks", "write 'avg(app.error_rate[1h] offset 7d)'"]),
        // What is not right of its app either is said of that.
        ("error_rate[1h] offset 7d > 5%", .workflow, ["error[offset]", "write 'avg(app.error_rate[1h] offset 7d)'"]),
        ("active_runs[today] > 5", .workflow, ["error[period]", "write 'avg(app.active_runs[24h])'"]),
        ("avg(app.turns[today]) > 5", .workflow, ["error[period]", "write 'app.turns[today]', or 'avg(app.turns[10m])'"]),
        ("turns offset 400d > 1/min", .workflow, ["error[offset]", "an offset is between"]),
        (
            "predict(open_runs[6h], 4h) > 5", .workflow,
            ["error[predict]", "not of an app or its workflow", "write 'predict(runtime.open_runs[6h], 4h)'"]
        ),
        ("predict(app.open_runs[6h], 4h) > 5", .workflow, ["error[predict]", "write 'predict(runtime.open_runs[6h], 4h)'"]),
        ("quantile(0.9, active_runs) > 5", .workflow, ["'quantile' goes over the apps of a runtime; this rule is on a workflow"]),
        ("max(active_runs) > 5", .workflow, ["missing-range", "write 'max(app.active_runs[10m])'"]),
        ("active_runs[5m] > 2", .workflow, ["window", "write 'active_runs'"]),
        ("eror_rate > 5%", .workflow, ["unknown-signal", "did you mean 'error_rate'?"]),
        ("app.error_rte > 5%", .workflow, ["unknown-signal", "did you mean 'error_rate'?"]),
        ("metric(\"a\") > 5", .workflow, ["subject-lacks-signal", "write 'runtime.metric(\"a\")'"]),
    ]

    @Test("mistakes are told with what to write", arguments: faults.indices)
    func told(row: Int) {
        let fault = WorkflowConditionTests.faults[row]
        let said = Compiling.faults(fault.text, fault.subject)
        for words in fault.words { #expect(said.contains(words), "\(fault.text): \(said)") }
    }

    private func load(_ rule: String, app: String? = nil) -> Result<PolicySet, PolicyErrors> {
        let head = "schema: mozaiks.ops/policy/v1\nops_policy: "
        let allowed = "allowed_actions: [notify, pause, disable_pack]\n"
        var files = [PolicyFile(path: "ops_policy.default.yaml", bytes: Array("\(head)default\n\(allowed)rules:\n\(rule)".utf8))]
        if let app { files.append(PolicyFile(path: "ops_policy.a.yaml", bytes: Array("\(head)a\n\(app)".utf8))) }
        return PolicyLoader.load(files: files)
    }

    private func words(_ rule: String, app: String? = nil) -> String {
        guard case .failure(let errors) = load(rule, app: app) else { return "" }
        return errors.diagnostics.map(\.description).joined(separator: "\n")
    }

    @Test("the pack of such a rule is its workflow's, and has no place in it; nor have apps")
    func actions() throws {
        let head = "  r: {subject: workflow, when: errors > 1/min, severity: info, actions: "
        let set = try load(head + "[disable_pack: {ttl: 5m}]}\n").get()
        let workflow = Subject.workflow(PackID("Generator"), app: AppID("a"), runtime: "r")
        guard case .lease(let request)? = set.rule("r", for: workflow)?.actions.first else {
            Issue.record("no action")
            return
        }
        #expect(request.effect(on: workflow) == .disablePack(PackID("Generator")))
        #expect(
            set.demand.filter { $0.series.scope == .workflow }.map { "\($0.series)" } == ["errors[5m]", "active_runs", "run_starts[3m]"])
        #expect(words(head + "[disable_pack: {pack: Generator, ttl: 5m}]}\n").contains("'pack' has no place here"))
        #expect(words(head + "[pause: {apps: 'top(3, active_runs)', ttl: 5m}]}\n").contains("a rule on a workflow acts on its app"))
        #expect(words("  r: {subject: app, when: errors > 1/min, severity: info, actions: [disable_pack: {ttl: 5m}]}\n").contains("pack"))
        // Of a rule that asks for nothing nothing more is read.
        let quiet = try load("  r: {subject: workflow, when: errors > 1/min, severity: info}\n").get()
        #expect(quiet.demand.map { "\($0.series)" } == ["errors[5m]"])
    }

    @Test("they are an app's rules: its policy changes them, or has its own")
    func policies() throws {
        let rule = "  r: {subject: workflow, when: errors > 1/min, severity: info}\n"
        let set = try load(
            rule, app: "rules:\n  r: {severity: critical}\n  own: {subject: workflow, when: turns > 1/min, severity: info}\n"
        ).get()
        let (mine, other) = (AppID("a"), AppID("b"))
        func found(_ name: String, _ app: AppID) -> Rule? { set.rule(name, for: .workflow(PackID("x"), app: app, runtime: "r")) }
        #expect(found("r", mine)?.severity == .critical && found("r", other)?.severity == .info)
        #expect(found("own", mine) != nil && found("own", other) == nil)
        #expect(set.rule("r", for: .app(mine, runtime: "r")) == nil && set.wideRules.isEmpty)
        #expect(set.rules(for: .workflow).map(\.name) == ["r"] && set.rules(for: .app).isEmpty)
        #expect(words(rule, app: "rules:\n  r: {subject: app}\n").contains("cannot change what a rule is on"))
    }

    @Test("what other monitors call a workflow is understood, and texts may name it")
    func texts() throws {
        #expect(words("  r: {subject: pack, when: errors > 1/min, severity: info}\n").contains("did you mean 'workflow'?"))
        let set = try load("  r: {subject: app, when: errors > 1/min, severity: info, summary: '{workflow} fails'}\n").get()
        #expect(set.warnings.contains { $0.message == "a rule on an app has no '{workflow}': it says 'none'" })
        let fine = try load("  r: {subject: workflow, when: errors > 1/min, severity: info, summary: '{workflow} of {app} fails'}\n").get()
        #expect(!fine.warnings.contains { $0.code == "braces" })
    }
}
