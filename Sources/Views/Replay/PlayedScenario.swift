import Cycle
import Model

/// A scenario that rules were tried on, beside what a careful operator expects of them.
public struct PlayedScenario: Sendable {
    public struct Expectation: Sendable {
        public let isMet: Bool
        public let sentence: String

        public init(isMet: Bool, sentence: String) {
            self.isMet = isMet
            self.sentence = sentence
        }
    }

    public let name: String
    public let summary: String
    public let story: ReplayStory
    public let expectations: [Expectation]

    public init(name: String, summary: String, story: ReplayStory, expectations: [Expectation]) {
        self.name = name
        self.summary = summary
        self.story = story
        self.expectations = expectations
    }

    /// Apps that something was done about, or would have been.
    public var held: [AppID] { PlayedScenario.held(in: story) }

    /// Of a story the apps that something was done about, or would have been; sorted.
    public static func held(in story: ReplayStory) -> [AppID] { Set(story.leases.map(\.key.app)).sorted() }

    /// `demo --scenario -o json`.
    public var document: OutputDocument {
        OutputDocument(
            .play,
            [
                "scenario": .string(name),
                "incidents": .array(
                    story.incidents.map {
                        [
                            "rule": .string($0.rule), "severity": .string($0.severity.rawValue), "subject": .string("\($0.subject)"),
                            "opened_at": .moment($0.openedAt),
                        ]
                    }),
                "held": .array(held.map { .string($0.text) }),
                "expectations": .array(expectations.map { ["met": .bool($0.isMet), "text": .string($0.sentence)] }),
            ])
    }
}
