import Configuration
import Cycle
import Model
import Playbooks
import Policy
import Views
import YAML

/// `playbooks check|list|show`.
enum PlaybooksCommand {
    private static let folder = Option(
        "playbooks", value: "DIR",
        "folder of playbooks; of one id, these before the built-in ones (default: as configured)")

    static let check = Command(
        ["playbooks", "check"], "Check playbooks: every error of all pages at once, and whether rules and pages fit",
        discussion:
            "A page is a Markdown file ID.md: front matter with id, title and when, then the parts What it means, How "
            + "to confirm, Safe actions, What needs a person and How to undo. Pages take the place of built-in ones of the "
            + "same id.\n\nExit code 0: fine (warnings aside); 78: errors.",
        positionals: [Positional("DIR", required: false, "folder of playbooks (default: as configured)")],
        options: [MonitorOptions.policies],
        examples: [
            ("mozaiks-ops playbooks check playbooks/", "checks a folder against the rules of the configured policies"),
            ("mozaiks-ops playbooks check", "checks what the configuration names"),
        ]
    ) { invocation in
        let configuration = try invocation.configuration()
        let folder = invocation.arguments.positional("DIR") ?? configuration.playbooks.value
        let own = try folder.map { try load($0, invocation) }
        let set = own?.over(.builtIn) ?? .builtIn
        // A built-in page that no rule of one's own needs is no fault of anybody.
        let diagnostics = set.diagnostics(of: references(try invocation.policies(configuration))) { page in
            own?.playbook(page.id) != nil
        }
        guard !diagnostics.contains(where: { $0.severity == .error }) else { throw invocation.diagnosed(diagnostics) }
        let count = own?.playbooks.count ?? set.playbooks.count
        let warnings = diagnostics.map { "\($0)\n\n" }.joined()
        invocation.print(
            text: warnings + "ok: \(count) playbook\(count == 1 ? "" : "s")" + (own == nil ? ", built in" : "")
                + (diagnostics.isEmpty ? "" : ", \(diagnostics.count) warning\(diagnostics.count == 1 ? "" : "s")")
                + "\n",
            json: PlaybookCheck(count: count, warnings: diagnostics).document)
        return .ok
    }

    static let list = Command(
        ["playbooks", "list"], "List playbooks, and the rules that name them",
        options: [folder, MonitorOptions.policies],
        examples: [("mozaiks-ops playbooks list", "every page, with its title")]
    ) { invocation in
        let configuration = try invocation.configuration()
        let set = try playbooks(invocation, configured: configuration.playbooks.value)
        let list = PlaybookList(set, named: references(try invocation.policies(configuration)))
        invocation.print(text: PlaybookRendering(terminal: invocation.terminal).list(list), json: list.document)
        return .ok
    }

    static let show = Command(
        ["playbooks", "show"], "Show one playbook: what it means, how to confirm, what is safe, how to undo",
        positionals: [Positional("ID", "the playbook's id, as messages and incidents name it")], options: [folder],
        examples: [("mozaiks-ops playbooks show noisy-neighbor", "what to do about one app that takes too much")]
    ) { invocation in
        let id = invocation.arguments.positional("ID") ?? ""
        let set = try playbooks(invocation, configured: try configured(invocation))
        guard let playbook = set.playbook(id) else {
            let known = set.playbooks.map(\.id)
            throw CommandFailure(
                "there is no playbook '\(id)'",
                hint: nearest(id, in: known).map { "did you mean '\($0)'?" }
                    ?? "there are: \(known.joined(separator: ", "))")
        }
        invocation.print(
            text: PlaybookRendering(terminal: invocation.terminal).page(playbook), json: playbook.document)
        return .ok
    }

    /// The folder that the configuration names. A page is read when things are broken: a faulty configuration is
    /// complained of and then keeps nobody from the built-in pages.
    private static func configured(_ invocation: Invocation) throws -> String? {
        if invocation.arguments.has("playbooks") { return nil }
        do {
            return try invocation.configuration().playbooks.value
        } catch let failure as CommandFailure {
            complain("\(failure.text); these are the built-in playbooks", hint: nil)
            return nil
        }
    }

    /// The configured pages over the built-in ones.
    static func pages(_ invocation: Invocation, configured: String?) throws -> PlaybookSet {
        guard let configured else { return .builtIn }
        return try load(configured, invocation).over(.builtIn)
    }

    private static func playbooks(_ invocation: Invocation, configured: String?) throws -> PlaybookSet {
        guard let folder = invocation.arguments.value("playbooks") ?? configured else { return .builtIn }
        return try load(folder, invocation).over(.builtIn)
    }

    private static func load(_ folder: String, _ invocation: Invocation) throws -> PlaybookSet {
        let files: [SourceFile]
        do throws(FileReading.Failure) {
            files = try FileReading.files(in: folder, endings: [".md"])
        } catch {
            throw invocation.diagnosed([
                Diagnostic(
                    "unreadable", "cannot read the playbooks: \(error.reason)", file: error.path, line: 0,
                    hint: "name a folder with pages such as noisy-neighbor.md in it")
            ])
        }
        switch PlaybookSet.load(files: files) {
        case .success(let set): return set
        case .failure(let errors): throw invocation.diagnosed(errors.diagnostics)
        }
    }

    /// What all rules say of their pages, the apps' own included.
    static func references(_ policies: PolicySet) -> [PlaybookReference] {
        policies.allRules.map { PlaybookReference(rule: $0.name, playbook: $0.playbook, origin: $0.origin) }
    }
}
