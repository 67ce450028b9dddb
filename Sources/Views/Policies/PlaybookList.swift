import Model
import Playbooks
import YAML

/// Pages for people, with the rules that name them.
public struct PlaybookList: Sendable {
    /// Sorted by id.
    public let playbooks: [Playbook]
    /// By a page's id: the rules that name it, each once, in the order of the references.
    public let rules: [String: [String]]

    /// - Parameter references: what rules say of their pages.
    public init(_ set: PlaybookSet, named references: [PlaybookReference]) {
        playbooks = set.playbooks
        var rules: [String: [String]] = [:]
        for reference in references {
            guard let id = reference.playbook, rules[id]?.contains(reference.rule) != true else { continue }
            rules[id, default: []].append(reference.rule)
        }
        self.rules = rules
    }

    /// `playbooks list -o json`.
    public var document: OutputDocument {
        OutputDocument(
            .playbooks,
            [
                "playbooks": .array(
                    playbooks.map { page in
                        [
                            "id": .string(page.id), "title": .string(page.title), "when": .string(page.when),
                            "file": .string(page.file), "rules": .strings(rules[page.id] ?? []),
                        ]
                    })
            ])
    }
}

extension Playbook {
    /// The whole page, its texts in Markdown: `playbooks show -o json`.
    public var document: OutputDocument {
        OutputDocument(
            .playbook,
            [
                "id": .string(id), "title": .string(title), "when": .string(when),
                "file": .string(file),
                "sections": .array(sections.map { ["heading": .string($0.part.heading), "text": .string($0.text)] }),
            ])
    }
}

/// Pages that can be used, with what cannot be meant in them.
public struct PlaybookCheck: Sendable {
    /// Of the folder, or the built-in ones.
    public let count: Int
    public let warnings: [Diagnostic]

    public init(count: Int, warnings: [Diagnostic]) {
        self.count = count
        self.warnings = warnings
    }

    /// `playbooks check -o json`.
    public var document: OutputDocument {
        OutputDocument(
            .playbooksCheck,
            ["ok": true, "playbooks": .int(Int64(count)), "warnings": .strings(warnings.map(\.description))])
    }
}
