import Model

/// What an examination found, in sections: what `doctor` says of a setup and its runtimes.
public struct Findings: Sendable {
    public enum Grade: String, Sendable {
        /// As it should be.
        case ok
        /// Worth knowing, and nobody's fault.
        case note
        /// Somebody has to do something.
        case broken
    }

    public struct Finding: Sendable {
        public let grade: Grade
        /// A sentence for people. What strangers wrote stands in it as they wrote it: make it safe before it is shown.
        public let text: String
    }

    public struct Section: Sendable {
        public let title: String
        public fileprivate(set) var findings: [Finding] = []
    }

    public private(set) var sections: [Section] = []

    public init() {}

    /// Begins a section, to which goes what is added from now on.
    public mutating func begin(_ title: String) { sections.append(Section(title: title)) }

    /// A section must have begun.
    public mutating func add(_ grade: Grade, _ text: String) {
        sections[sections.count - 1].findings.append(Finding(grade: grade, text: text))
    }

    /// The verdict: whether anything is broken.
    public var isBroken: Bool { sections.contains { $0.findings.contains { $0.grade == .broken } } }

    /// The verdict and all that was found: `doctor -o json`.
    public var document: OutputDocument {
        OutputDocument(
            .doctor,
            [
                "broken": .bool(isBroken),
                "sections": .array(
                    sections.map { section in
                        [
                            "section": .string(section.title),
                            "findings": .array(
                                section.findings.map { ["grade": .string($0.grade.rawValue), "text": .string($0.text)] }),
                        ]
                    }),
            ])
    }
}
