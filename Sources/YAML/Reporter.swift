/// Collects what is wrong with one file, so that a person sees all of it at once.
public final class Reporter {
    public let source: SourceText
    public private(set) var diagnostics: [Diagnostic] = []

    public init(source: SourceText) {
        self.source = source
    }

    public func report(
        _ code: String, _ message: String, at mark: Mark, length: Int = 1, hint: String? = nil,
        severity: Diagnostic.Severity = .error
    ) {
        diagnostics.append(
            Diagnostic(code, message, in: source, at: mark, length: length, hint: hint, severity: severity))
    }

    /// Faults of another file that this one names.
    public func adopt(_ others: [Diagnostic]) {
        diagnostics += others
    }

    /// Where a node begins, for what is found out later: a diagnostic that says nothing yet.
    public func place(of node: YAMLNode) -> Diagnostic {
        Diagnostic("", "", in: source, at: node.start, length: 1, hint: nil, severity: .warning)
    }

    /// Underlines a scalar whole, a collection at its start.
    public func report(
        _ code: String, _ message: String, at node: YAMLNode, hint: String? = nil,
        severity: Diagnostic.Severity = .error
    ) {
        let oneLine = node.text != nil && node.start.line == node.end.line
        report(
            code, message, at: node.start, length: oneLine ? node.end.column - node.start.column : 1, hint: hint,
            severity: severity)
    }

    /// Underlines `length` characters of a scalar's value.
    public func report(
        _ code: String, _ message: String, in node: YAMLNode, valueOffset: Int, length: Int, hint: String? = nil,
        severity: Diagnostic.Severity = .error
    ) {
        let mark = source.mark(in: node, valueOffset: valueOffset)
        report(code, message, at: mark, length: length, hint: hint, severity: severity)
    }
}
