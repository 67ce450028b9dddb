import Model
import YAML

/// Why playbooks cannot be used: everything wrong with all of their files, by file and place.
public struct PlaybookErrors: Error, Sendable, CustomStringConvertible {
    /// Errors and warnings, sorted.
    public let diagnostics: [Diagnostic]

    public init(diagnostics: [Diagnostic]) {
        self.diagnostics = diagnostics
    }

    public var description: String { diagnostics.map(\.description).joined(separator: "\n\n") }
}

/// Pages by id.
public struct PlaybookSet: Sendable {
    /// Sorted by id.
    public let playbooks: [Playbook]

    /// All pages of these files, or everything wrong with them.
    public static func load(files: [SourceFile]) -> Result<PlaybookSet, PlaybookErrors> {
        var playbooks: [Playbook] = []
        var diagnostics: [Diagnostic] = []
        for file in files {
            let (playbook, faults) = PlaybookReader(file).read()
            diagnostics += faults
            if let playbook { playbooks.append(playbook) }
        }
        guard !diagnostics.contains(where: { $0.severity == .error }) else {
            return .failure(PlaybookErrors(diagnostics: diagnostics.sorted()))
        }
        return .success(PlaybookSet(playbooks))
    }

    private init(_ playbooks: [Playbook]) {
        self.playbooks = playbooks.inByteOrder(of: \.id)
    }

    /// The page of that id; nil when there is none.
    public func playbook(_ id: String) -> Playbook? {
        playbooks.first { $0.id.isSame(as: id) }
    }

    /// These pages, and those of `others` whose ids are not among them.
    public func over(_ others: PlaybookSet) -> PlaybookSet {
        PlaybookSet(playbooks + others.playbooks.filter { playbook($0.id) == nil })
    }

    /// The pages that are built into the program: `playbooks/*.md`, byte for byte.
    public static let builtIn: PlaybookSet = {
        let files = BuiltInPlaybooks.all.map {
            SourceFile(path: BuiltInPlaybooks.folder + $0.id + ".md", bytes: Array($0.text.utf8))
        }
        switch PlaybookSet.load(files: files) {
        case .success(let set): return set
        case .failure(let errors):
            // A test loads the same texts: this cannot happen in a build that passed its tests.
            preconditionFailure("the built-in playbooks are faulty:\n\(errors)")
        }
    }()
}

/// What a rule says of its playbook.
public struct PlaybookReference: Hashable, Sendable {
    public let rule: String
    /// Nil: the rule names none.
    public let playbook: String?
    /// Where the rule stands.
    public let origin: Origin

    public init(rule: String, playbook: String?, origin: Origin) {
        self.rule = rule
        self.playbook = playbook
        self.origin = origin
    }
}

extension PlaybookSet {
    /// Where rules and pages do not fit: a rule that names a page which is not there (an error), a rule without one and
    /// a page that no rule names (warnings).
    ///
    /// - Parameter unused: whether a page has to be named by a rule; for example false for pages that are built in.
    public func diagnostics(of rules: [PlaybookReference], unused: (Playbook) -> Bool = { _ in true }) -> [Diagnostic] {
        let known = playbooks.map(\.id)
        var diagnostics: Set<Diagnostic> = []
        for rule in rules {
            let place = (file: rule.origin.file, line: rule.origin.line)
            guard let id = rule.playbook else {
                diagnostics.insert(
                    Diagnostic(
                        "no-playbook", "the rule '\(rule.rule)' names no playbook", file: place.file, line: place.line,
                        hint: "write \(rule.rule).md and say 'playbook: \(rule.rule)'", severity: .warning))
                continue
            }
            guard playbook(id) == nil else { continue }
            diagnostics.insert(
                Diagnostic(
                    "unknown-playbook", "the rule '\(rule.rule)' names the playbook '\(id)', and there is none",
                    file: place.file, line: place.line,
                    hint: Nearest.hint(to: id, among: known) ?? "there are: " + known.joined(separator: ", ")))
        }
        for playbook in playbooks where unused(playbook) {
            let isNamed = rules.contains { $0.playbook?.isSame(as: playbook.id) == true }
            guard !isNamed else { continue }
            diagnostics.insert(
                Diagnostic(
                    "unused-playbook", "no rule names the playbook '\(playbook.id)'", file: playbook.file,
                    hint: "say 'playbook: \(playbook.id)' in a rule", severity: .warning))
        }
        return diagnostics.sorted()
    }
}
