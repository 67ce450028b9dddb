import Model
import Views

/// What a program that asked for JSON gets where there is no result: a document too, that says why. Nobody takes it for one of
/// nothing found, and it never stands behind a result.
enum ErrorDocument {
    /// Whether these words ask for JSON, as far as can be told before they are understood.
    static func isWanted(by words: [String]) -> Bool {
        for (index, word) in words.enumerated() {
            if ["--output=json", "-ojson"].contains(word) { return true }
            if ["-o", "--output"].contains(word), index + 1 < words.count, words[index + 1] == "json" { return true }
        }
        return false
    }

    /// - Parameter verdict: of a command that speaks as a monitoring plugin; it keeps the members by which programs read it.
    static func write(_ text: String, hint: String?, code: String, verdict: String? = nil) {
        guard !Output.hasResult else { return }
        var document: JSONObject = ["ok": false]
        if let verdict {
            document.append("status", .string(verdict.lowercased()))
            document.append("line", .string("\(verdict): \(Shown.plugin(text))"))
        }
        document.append(
            "diagnostics",
            .array([
                ["severity": "error", "code": .string(code), "message": .string(text), "hint": .optional(hint)]
            ]))
        mozaiks_ops.write(OutputDocument(.errors, document))
    }
}
