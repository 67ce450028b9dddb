import Model
import Testing

@testable import Policy

/// What is asked of labels, and how that is told.
@Suite struct LabelConditionTests {
    /// (condition, labels, what it comes to, what people are told)
    static let table: [(String, [String: String], Truth, String)] = [
        ("label(tier) == \"enterprise\"", ["tier": "enterprise"], .yes, "label(tier) (\"enterprise\") == \"enterprise\""),
        ("label(tier) == 'enterprise'", ["tier": "free"], .no, "label(tier) (\"free\") == 'enterprise'"),
        ("label(tier) != \"enterprise\"", ["tier": "free"], .yes, "label(tier) (\"free\") != \"enterprise\""),
        ("label(tier) != \"enterprise\"", ["tier": "Enterprise"], .yes, "label(tier) (\"Enterprise\") != \"enterprise\""),
        // What is not there is neither the one nor the other.
        ("label(tier) == \"enterprise\"", [:], .unknown, "label(tier) is missing (not_tracked)"),
        ("label(tier) != \"enterprise\"", ["team": "x"], .unknown, "label(tier) is missing (not_tracked)"),
        ("not label(tier) == \"enterprise\"", [:], .unknown, "label(tier) is missing (not_tracked)"),
        ("missing(label(tier))", [:], .yes, "label(tier) is missing (not_tracked)"),
        ("missing(label(tier))", ["tier": "free"], .no, "label(tier) (\"free\") is known"),
        ("missing(label(tier)) or label(tier) != \"enterprise\"", [:], .yes, "label(tier) is missing (not_tracked)"),
        (
            "missing(label(tier)) or label(tier) != \"enterprise\"", ["tier": "enterprise"], .no,
            "label(tier) (\"enterprise\") != \"enterprise\""
        ),
        ("label(cost-center.2) == \"a b\"", ["cost-center.2": "a b"], .yes, "label(cost-center.2) (\"a b\") == \"a b\""),
        ("label(\"the tier)\") == \"\"", ["the tier)": ""], .yes, "label(the tier)) (\"\") == \"\""),
        ("label( and ) == \"é\"", ["and": "é"], .yes, "label(and) (\"é\") == \"é\""),
        ("label(tier) == 'a\"b'", ["tier": "a\"b"], .yes, "label(tier) (\"a'b\") == 'a\"b'"),
        // Equal are the bytes: e with an accent of its own is another text.
        ("label(tier) == \"é\"", ["tier": "e\u{301}"], .no, "label(tier) (\"e\u{301}\") == \"é\""),
    ]

    @Test(arguments: table) func says(_ text: String, _ labels: [String: String], _ truth: Truth, _ shown: String) throws {
        let condition = try Compiling.compile(text).get()
        var source = FixedReadings(condition, [:])
        source.labels = labels
        #expect(condition.evaluate(source) == truth)
        #expect(condition.explain(source).withValues == shown)
        #expect(condition.readsNothing && condition.readings.isEmpty)
    }

    @Test func theSameIsAskedOnce() throws {
        let condition = try Compiling.compile(
            "active_runs > 3 and (label(tier) == \"a\" or label(tier) != \"a\" or label(tier) == \"b\")"
        ).get()
        #expect(condition.labels.map(\.index) == [0, 1] && condition.labels.map(\.test.value) == ["a", "b"])
        #expect(condition.findings(in: condition.text).isEmpty && !condition.readsNothing)
        #expect(condition.explain(FixedReadings(condition, [:])).lackedLabels == ["tier"])
    }

    /// (condition, what is said of it)
    static let faults: [(String, String)] = [
        ("label(tier)", "error[type]: 'label(tier)' is a text, and neither true nor false"),
        ("label(tier) and active_runs > 3", "hint: write 'label(tier) == \"…\"'"),
        ("label(tier) > \"a\"", "error[type]: texts are equal or not: there is no '>' of them"),
        ("label(tier) == enterprise", "hint: write '\"enterprise\"'"),
        ("label(tier) == 3", "hint: write '\"3\"'"),
        ("label(tier) == \"enterprise", "error[syntax]: a text that does not end"),
        ("label() == \"a\"", "error[syntax]: ')' stands where a label's name should"),
        ("active_runs > 3 and label(", "error[syntax]: the condition ends where a label's name should stand"),
        ("active_runs > 3 and label(tier", "error[syntax]: the condition ends where ')' should stand"),
        ("active_runs > 3 and label(tier) ==", "error[syntax]: the condition ends where a text in quotes should stand"),
        ("active_runs > 3 and hour(", "error[syntax]: the condition ends where ')' should stand"),
        ("label(tier*) == \"a\"", "error[syntax]: no name of a label stands here"),
        ("label(the tier) == \"a\"", "error[syntax]: 'tier' stands where ')' should"),
        ("active_runs > 1 + label(tier)", "error[type]: a label is a text"),
        ("tier == \"enterprise\"", "hint: labels are asked for by name: write 'label(tier) == \"enterprise\"'"),
        ("runtime.tier != \"free\"", "hint: labels are asked for by name: write 'label(tier) != \"free\"'"),
        ("active_runs > 3 and weekday() == \"saturday\"", "hint: weekday() counts from 1 (Monday) to 7 (Sunday): write '6'"),
        ("missing(label(tier), stale)", "error[syntax]: ',' stands where ')' should"),
    ]

    @Test(arguments: faults) func refuses(_ text: String, _ said: String) {
        let read = Compiling.faults(text)
        #expect(read.contains(said), "\(read)")
        #expect(read.split(separator: "\n").count { $0.contains("error[") } == 1, "\(read)")
    }

    private func load(_ files: [String: String]) -> Result<PolicySet, PolicyErrors> {
        PolicyLoader.load(
            files: files.sorted { $0.key < $1.key }.map { name, text in
                PolicyFile(
                    path: "ops_policy.\(name).yaml", bytes: Array("schema: mozaiks.ops/policy/v1\nops_policy: \(name)\n\(text)".utf8))
            })
    }

    private static let rule = "rules:\n  r: {subject: app, severity: info, when: active_runs > 3 and label(tier) == 'free'}\n"

    @Test func anAppsPolicySaysWhatTheAppIs() throws {
        let set = try load(["default": LabelConditionTests.rule, "one": "labels: {tier: free, size: 3}\n", "two": "mode: observe\n"]).get()
        #expect(set.labelTests == [LabelTest(name: "tier", value: "free")])
        let book = set.labelBook(runtime: ["tier": "enterprise"])
        #expect(book.apps == [AppID("one"): ["tier": "free", "size": "3"]])
        #expect(book.answers() == [KnownLabel(text: "enterprise", isSame: false)])
        #expect(book.answers(app: AppID("one")) == [KnownLabel(text: "free", isSame: true)])
        #expect(book.answers(app: AppID("two")) == [KnownLabel(text: "enterprise", isSame: false)])
        let shown = PolicyRendering(set, app: AppID("one"))
        #expect(shown.text.contains("labels:\n  size: 3") && shown.text.contains("# ops_policy.one.yaml:3"), "\(shown.text)")
        #expect(shown.json["labels"]?["tier"]?["value"]?.string == "free")
        #expect(!PolicyRendering(set).text.contains("labels:"))
    }

    @Test func theDefaultPolicyIsNobodys() {
        guard case .failure(let errors) = load(["default": "labels: {tier: free}\n" + LabelConditionTests.rule]) else {
            Issue.record("labels of everybody")
            return
        }
        #expect(errors.diagnostics.filter { $0.severity == .error }.map(\.code) == ["app-only"])
    }

    @Test func aRuleThatReadsNothingOfARuntimeIsRefused() {
        guard
            case .failure(let errors) = load(["default": "rules:\n  r: {subject: runtime, severity: info, when: label(tier) == 'free'}\n"])
        else {
            Issue.record("a rule that is never judged")
            return
        }
        #expect(errors.diagnostics.filter { $0.severity == .error }.map(\.code) == ["no-reading"])
    }
}
