import Model

extension Secret {
    /// What around a secret, or in its place, shows that it is not one yet: quotes and names that an env file has and a
    /// secret's file has not, a placeholder that nothing was put in for. In words that show nothing of it; nil where nothing
    /// speaks against it.
    ///
    /// It is looked for nowhere but at both ends, since a passphrase may hold anything.
    public var dressing: String? {
        let text = reveal()
        let bytes = Array(text.utf8)
        guard bytes.count > 1, let first = bytes.first, let last = bytes.last else { return nil }
        if first == last, "\"'`".utf8.contains(first) { return "stands in quotes: they are a part of it, leave them out" }
        if Secret.isPlaceholder(text) { return "is a placeholder that nothing was put in for" }
        let lower = text.lowercased()
        if let scheme = ["authorization:", "bearer ", "basic "].first(where: { lower.hasPrefix($0) }) {
            return "begins with '\(scheme == "authorization:" ? "Authorization:" : scheme == "bearer " ? "Bearer" : "Basic")', "
                + "which is said anyway: leave it out"
        }
        if text.hasPrefix("-----BEGIN ") { return "is a key or a certificate, and no secret of one line" }
        if first == UInt8(ascii: "{"), last == UInt8(ascii: "}"), bytes.contains(UInt8(ascii: "\"")) {
            return "is a JSON document: only the value itself belongs there"
        }
        if Secret.isAssignment(text) { return "begins with the name of a variable and '=': only what stands behind belongs there" }
        return nil
    }

    /// `${NAME}`, `$(cat …)`, `{{ .Values.token }}`, `<token>`, `%TOKEN%`, `changeme`.
    private static func isPlaceholder(_ text: String) -> Bool {
        let pairs = [("${", "}"), ("$(", ")"), ("{{", "}}"), ("<", ">"), ("%", "%")]
        if let (open, close) = pairs.first(where: { text.hasPrefix($0.0) && text.hasSuffix($0.1) }) {
            let inner = text.utf8.dropFirst(open.utf8.count).dropLast(close.utf8.count)
            // What is random has other signs between, or is not closed.
            return !inner.isEmpty && inner.allSatisfy { isNameByte($0) || " .:/|\"'".utf8.contains($0) }
        }
        let letters = String(text.lowercased().filter { $0.isLetter })
        return letters.utf8.count + 3 >= text.utf8.count && standIns.contains(letters)
    }

    private static let standIns: Set = [
        "changeme", "replaceme", "replacethis", "todo", "yourtoken", "yourtokenhere", "yoursecret", "yoursecrethere", "yourapikey",
        "yourapikeyhere", "yourpassword", "yourpasswordhere", "inserttokenhere", "placeholder",
    ]

    /// `export TOKEN=…`: a name in capitals of what secrets are called, and something behind the sign, which the padding of
    /// base64 has not.
    private static func isAssignment(_ text: String) -> Bool {
        let rest = text.hasPrefix("export ") ? text.dropFirst(7) : text[...]
        guard let sign = rest.firstIndex(of: "=") else { return false }
        let name = rest[..<sign]
        let value = rest[rest.index(after: sign)...]
        return name.utf8.allSatisfy { (65...90).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "_") }
            && ["TOKEN", "PASSWORD", "PASS", "KEY", "SECRET", "URL", "WEBHOOK"].contains { name.hasSuffix($0) }
            && value.utf8.contains { $0 != UInt8(ascii: "=") }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-")
    }
}
