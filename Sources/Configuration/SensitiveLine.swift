import Model
import YAML

/// Lines of a configuration that may hold a secret, whether it belongs there or not: diagnostics do not show them.
enum SensitiveLine {
    private static let words = [
        "secret", "token", "pass", "pasw", "hook", "bearer", "apikey", "_key", "credential", "jwt",
    ]
    /// Keys that say where something is.
    private static let places = ["_file", "_env", "_credential", "token_url"]

    static func hiding(_ diagnostic: Diagnostic) -> Diagnostic {
        // A part of a long line may be a secret whose key stands further left.
        if diagnostic.isPartOfLine { return diagnostic.withoutSourceLine }
        guard let line = diagnostic.sourceLine?.lowercased() else { return diagnostic }
        let names = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
        // A heartbeat's is a secret. Other keys of that name lose their line with it.
        if names.contains("url") { return diagnostic.withoutSourceLine }
        let isSensitive = names.contains { name in
            words.contains { name.contains(bytesOf: $0) } && !places.contains { name.hasSuffix($0) }
                && !["tokens_per_hour", "tokens_per_day", "max_tokens"].contains(name)
        }
        return isSensitive || line.contains("@" as Character) ? diagnostic.withoutSourceLine : diagnostic
    }
}
