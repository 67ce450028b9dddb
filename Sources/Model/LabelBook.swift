/// What a condition asks of a label: `label(tier) == "enterprise"`.
public struct LabelTest: Hashable, Sendable {
    public let name: String
    public let value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// A label that there is, and whether it is the text that was asked for.
public struct KnownLabel: Hashable, Sendable {
    public let text: String
    public let isSame: Bool

    public init(text: String, isSame: Bool) {
        self.text = text
        self.isSame = isSame
    }
}

/// The labels of a runtime and of its apps, with what conditions ask of them.
public struct LabelBook: Hashable, Sendable {
    public var tests: [LabelTest]
    /// Of the runtime, its environment among them.
    public var runtime: [String: String]
    /// Of the apps that have some of their own; these go before the runtime's, name by name.
    public var apps: [AppID: [String: String]]

    public init(tests: [LabelTest] = [], runtime: [String: String] = [:], apps: [AppID: [String: String]] = [:]) {
        self.tests = tests
        self.runtime = runtime
        self.apps = apps
    }

    /// What each test finds, of an app with labels of its own or of the runtime; nil where there is no such label.
    public func answers(app: AppID? = nil) -> [KnownLabel?] {
        let own = app.flatMap { apps[$0] } ?? [:]
        return tests.map { test in
            (own[test.name] ?? runtime[test.name]).map { KnownLabel(text: $0, isSame: $0.isSame(as: test.value)) }
        }
    }
}
