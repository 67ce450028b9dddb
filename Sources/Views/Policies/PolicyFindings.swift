import Model
import Policy
import YAML

/// What a check of policy files found.
public struct PolicyFindings: Sendable {
    /// Errors keep the files from being used; warnings are about what cannot be meant.
    public var diagnostics: [Diagnostic]
    public private(set) var files: [String] = []
    /// Everything that was read, the built-in policy where it holds.
    public private(set) var read: [String] = []
    public private(set) var rules = 0

    /// Of files that cannot be used.
    public init(diagnostics: [Diagnostic]) {
        self.diagnostics = diagnostics
    }

    /// Of files that can.
    public init(_ policies: PolicySet) {
        diagnostics = policies.warnings
        files = policies.policies.map(\.file)
        read = policies.files.map(\.path)
        rules = (policies.policies.map(\.appRules.count).max() ?? 0) + policies.wideRules.count
    }

    /// How many findings are so bad.
    public func count(_ severity: Diagnostic.Severity) -> Int { diagnostics.count { $0.severity == severity } }

    /// `policy check -o json`.
    public var document: OutputDocument {
        OutputDocument(
            .policyCheck,
            [
                "ok": .bool(count(.error) == 0), "errors": .int(Int64(count(.error))),
                "warnings": .int(Int64(count(.warning))), "files": .strings(files), "read": .strings(read),
                "rules": .int(Int64(rules)),
                "diagnostics": .array(diagnostics.map(\.document)),
            ])
    }
}

extension OutputDocument {
    /// What a program gets in place of a result where files are wrong.
    public init(_ diagnostics: [Diagnostic]) {
        self.init(.errors, ["ok": false, "diagnostics": .array(diagnostics.map(\.document))])
    }
}

extension Diagnostic {
    /// For programs: `{severity, code, message, file, line, column, length, source, hint}`.
    fileprivate var document: JSON {
        [
            "severity": .string(severity.rawValue), "code": .string(code), "message": .string(message),
            "file": .string(file), "line": .int(Int64(line)), "column": .int(Int64(column)),
            "length": .int(Int64(length)), "source": .optional(sourceLine), "hint": .optional(hint),
        ]
    }
}
