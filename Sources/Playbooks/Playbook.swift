import Model
import YAML

/// One page for people: what an incident means, and what to do about it.
public struct Playbook: Hashable, Sendable, Identifiable {
    /// The parts of a page, in their order; each has to be there.
    public enum Part: String, Hashable, Sendable, CaseIterable {
        case meaning = "What it means"
        case confirming = "How to confirm"
        case safeActions = "Safe actions"
        case needsPerson = "What needs a person"
        case undoing = "How to undo"

        /// As it stands above the part.
        public var heading: String { rawValue }
    }

    /// What stands below one heading.
    public struct Section: Hashable, Sendable {
        public let part: Part
        /// Markdown, without the heading and without empty lines at either end.
        public let text: String
    }

    /// As rules name it; also the file's name without `.md`. Letters `a-z`, digits and `-`, at most 64.
    public let id: String
    /// One line.
    public let title: String
    /// When it applies, in one sentence.
    public let when: String
    /// One for each part, in the order of `Part.allCases`.
    public let sections: [Section]
    /// The file, as diagnostics call it.
    public let file: String
}

extension SourceFile {
    /// The last component of its path without `.md`: the id of the page in it.
    var pageID: String {
        let last = path.split(separator: "/").last.map(String.init) ?? path
        return last.hasSuffix(".md") ? String(last.dropLast(3)) : last
    }
}
