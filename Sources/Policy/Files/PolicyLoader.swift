import Model
import YAML

/// One file of a policy folder; the last component of its path says whose policy it is.
public typealias PolicyFile = SourceFile

/// Why a policy set cannot be used: everything wrong with all of its files, by file and place.
public struct PolicyErrors: Error, Sendable {
    /// Errors and warnings, sorted.
    public let diagnostics: [Diagnostic]

    public init(diagnostics: [Diagnostic]) {
        self.diagnostics = diagnostics
    }
}

extension PolicyErrors: CustomStringConvertible {
    /// All of them, one below the other.
    public var description: String { PolicyErrors.text(diagnostics) }

    /// The same for whoever wrote one of the files just now: its errors, then what is doubtful in it, then what follows from it in
    /// files that nobody touched.
    public func description(causedBy file: String) -> String {
        let own = diagnostics.filter { $0.file.isSame(as: file) }
        let sorted = own.filter { $0.severity == .error } + own.filter { $0.severity != .error }
        let rest = diagnostics.filter { !$0.file.isSame(as: file) }
        guard sorted.first?.severity == .error, !rest.isEmpty else { return PolicyErrors.text(sorted + rest) }
        return PolicyErrors.text(sorted) + "\n\nWhat follows from it elsewhere:\n\n" + PolicyErrors.text(rest)
    }

    private static func text(_ all: [Diagnostic]) -> String { all.map(\.description).joined(separator: "\n\n") }
}

/// Reads policy files, merges them and compiles their rules.
public enum PolicyLoader {
    /// The set of all files, or everything wrong with them. Without `ops_policy.default.yaml` the built-in default
    /// policy stands in its place; with `extends: builtin` in it, below it. Files of rules are laid over both, in the order
    /// of their names.
    /// - Parameter interval: how often the runtime is asked; with it, a `for` below it is a warning.
    public static func load(files: [PolicyFile], interval: TimeSpan? = nil) -> Result<PolicySet, PolicyErrors> {
        var diagnostics: [Diagnostic] = []
        var reporters: [Reporter] = []
        var defaultSheet: PolicySheet?
        var ruleSheets: [PolicySheet] = []
        var appSheets: [PolicySheet] = []
        var owners: [PolicyFileName.Owner: String] = [:]
        // The built-in policy by its own name, as a folder without a default file has it, and a tape whose policies came to
        // be with an earlier version of it.
        let isBuiltIn = { (file: PolicyFile) in file.path.isSame(as: DefaultPolicy.file) }
        let builtIn = files.first(where: isBuiltIn) ?? PolicyFile(path: DefaultPolicy.file, bytes: Array(DefaultPolicy.text.utf8))

        func read(_ file: PolicyFile, _ owner: PolicyFileName.Owner) -> PolicySheet? {
            let reporter = Reporter(source: SourceText(file: file.path, bytes: file.bytes))
            reporters.append(reporter)
            guard let root = YAMLParser.parse(reporter) else { return nil }
            let reader = PolicySheetReader(reporter: reporter)
            switch owner {
            case .everybody: return reader.read(root, expected: nil)
            case .rules: return reader.read(root, expected: nil, isRulesOnly: true)
            case .app(let app): return reader.read(root, expected: app)
            }
        }

        for file in files.inByteOrder(of: \.path) where !isBuiltIn(file) {
            guard let owner = PolicyFileName.owner(of: file.path) else {
                diagnostics.append(
                    Diagnostic(
                        "file-name", "this name is not one of a policy file", file: file.path,
                        hint: "ops_policy.default.yaml, ops_rules.<name>.yaml or ops_policy.<app_id>.yaml, with bytes outside "
                            + "[A-Za-z0-9._-] percent-encoded"))
                continue
            }
            if let first = owners[owner] {
                diagnostics.append(
                    Diagnostic("file-name", "a second file for the same policy; the first is \(first)", file: file.path)
                )
                continue
            }
            owners[owner] = file.path
            guard let sheet = read(file, owner) else { continue }
            switch owner {
            case .everybody: defaultSheet = sheet
            case .rules: ruleSheets.append(sheet)
            case .app: appSheets.append(sheet)
            }
        }
        // Files of rules alone change the built-in policy: whoever adds a rule does not mean to lose the others.
        let standsAlone = owners[.everybody] != nil && defaultSheet?.extendsBuiltIn != true
        let bottom = standsAlone ? nil : read(builtIn, .everybody)
        var set: PolicySet?
        if owners[.everybody] == nil || defaultSheet != nil,
            let layers = PolicyLayers.merged([bottom, defaultSheet].compactMap { $0 } + ruleSheets)
        {
            let byID = appSheets.sorted { ($0.app ?? AppID("")) < ($1.app ?? AppID("")) }
            set = PolicyMerge(defaultSheet: layers, interval: interval).merge(byID)
        }
        diagnostics += reporters.flatMap(\.diagnostics)
        // A rule is compiled once for every app that differs: what is wrong with it is said once.
        let unique = Set(diagnostics).sorted()
        guard let set, !unique.contains(where: { $0.severity == .error }) else {
            return .failure(PolicyErrors(diagnostics: unique))
        }
        return .success(set.with(warnings: unique, sources: reporters.map(\.source)))
    }
}

extension PolicySet {
    /// The policy that is built into the program: `policies/ops_policy.default.yaml`, byte for byte.
    public static let embeddedDefault: PolicySet = {
        switch PolicyLoader.load(files: []) {
        case .success(let set): set
        case .failure(let errors):
            // A test loads the same text: this cannot happen in a build that passed its tests.
            preconditionFailure("the built-in policy is faulty:\n\(errors)")
        }
    }()
}
