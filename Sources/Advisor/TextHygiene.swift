import Model

/// Keeps links, mentions, markup, code and deceptive characters out of texts that go to people.
enum TextHygiene {
    /// Names with a dot that are words of English.
    private static let abbreviations: Set<String> = ["e.g", "i.e", "a.m", "p.m", "vs"]
    /// What is never part of a sentence for people.
    private static let refused: [(part: String, what: String)] = [
        ("://", "a link"), ("www.", "a link"), ("mailto", "a link"), ("javascript", "a link"), ("@", "a mention"), ("#", "a mention"),
        ("`", "code"), ("*", "markup"), ("~", "markup"), ("|", "markup"), ("](", "markup"), ("<!", "markup"),
        ("</", "markup"), ("&#", "markup"), ("&lt", "markup"), ("&gt", "markup"), ("&amp", "markup"), ("__", "markup"),
        ("\\", "markup"), ("{", "code"), ("}", "code"), ("$(", "code"), ("&&", "code"), (";;", "code"), (" --", "code"),
    ]
    private static let domains = ["com", "net", "org", "io", "dev", "app", "ai", "co", "ru", "cn", "info", "xyz"]

    /// - Parameter names: words with digits, dots or underscores that were given.
    static func faults(_ text: String, names: Set<String>) -> [Fault] {
        var faults: [Fault] = []
        if let scalar = text.unicodeScalars.first(where: { !isPlain($0) }) {
            faults.append(
                Fault(.character, "", "the character U+\(String(scalar.value, radix: 16, uppercase: true)) is not plain text"))
        }
        for (part, what) in refused where text.contains(bytesOf: part) {
            faults.append(Fault(.markup, "", "\(Fault.quoted(part)) looks like \(what)"))
        }
        if hasTag(text) { faults.append(Fault(.markup, "", "a tag in angle brackets")) }
        faults += NumberReader.read(text).names.filter { !isGiven($0, names) }.map {
            Fault(.unknownName, "", "\(Fault.quoted($0)) was not given")
        }
        if text.contains("/" as Character), hasPath(text) { faults.append(Fault(.markup, "", "a path or link")) }
        let lower = text.lowercased()
        for domain in domains where lower.contains(bytesOf: " dot \(domain)") || lower.contains(bytesOf: "[.]") {
            faults.append(Fault(.markup, "", "a spelled-out link"))
            break
        }
        if let bracket = bracketed(text).first(where: { !isGivenInBrackets($0, names) }) {
            faults.append(Fault(.markup, "", "\(Fault.quoted("[" + bracket + "]")) was not given"))
        }
        return faults
    }

    private static func isGiven(_ name: String, _ names: Set<String>) -> Bool {
        names.contains(name) || abbreviations.contains(name.lowercased())
            || names.contains(Signal.withoutScope(name))
    }

    /// ASCII, the punctuation of typeset English, and letters of western Europe.
    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isPrintableASCII || "–—‘’“”…".unicodeScalars.contains(scalar) || "\u{A0}µ×".unicodeScalars.contains(scalar)
            || scalar != "÷" && ("À"..."ÿ").contains(scalar)
    }

    /// `<here>`, `<b>`: an angle bracket before a letter or a sign. `< 40 %` is a comparison.
    private static func hasTag(_ text: String) -> Bool {
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            if previous == "<", !(scalar == " " || scalar == "=" || ("0"..."9").contains(scalar)) { return true }
            previous = scalar
        }
        return false
    }

    /// A slash is allowed between two words (`and/or`, `USD/h`) and before a unit of time (`/min`), and nowhere else.
    private static func hasPath(_ text: String) -> Bool {
        for word in text.split(separator: " ") where word.contains("/" as Character) {
            let parts = word.split(separator: "/", omittingEmptySubsequences: false)
            let isUnit =
                parts.count == 2 && (parts[0].isEmpty || parts[0].last?.isNumber == true)
                && ["min", "h", "s"].contains { parts[1].hasPrefix($0) }
            let isPair =
                parts.count == 2
                && parts.allSatisfy { part in
                    !part.isEmpty
                        && part.unicodeScalars.allSatisfy {
                            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ".,;:()".unicodeScalars.contains($0)
                        }
                        && !part.dropLast().contains("." as Character)
                }
            if !isUnit, !isPair { return true }
        }
        return false
    }

    private static func bracketed(_ text: String) -> [String] {
        text.split(separator: "[", omittingEmptySubsequences: false).dropFirst().map { String($0.prefix { $0 != "]" }) }
    }

    /// The window of a signal: `error_rate[5m]`.
    private static func isGivenInBrackets(_ inner: String, _ names: Set<String>) -> Bool {
        inner.utf8.count <= 8 && TimeSpan(inner) != nil
    }
}
