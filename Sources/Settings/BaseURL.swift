import Ambient
import Model

/// Base URLs of runtimes.
public enum BaseURL {
    public struct Fault {
        public let message: String
        public let hint: String?
        public let isCredential: Bool

        init(_ message: String, _ hint: String? = nil, isCredential: Bool = false) {
            self.message = message
            self.hint = hint
            self.isCredential = isCredential
        }
    }

    public static func fault(_ text: String) -> Fault? {
        let lower = text.lowercased()
        if let first = text.first, let last = text.last, quotes.contains(first) || quotes.contains(last) {
            return Fault("there are quotes around the URL", "they have become a part of it: leave them out")
        }
        guard lower.hasPrefix("http://") || lower.hasPrefix("https://") else {
            return Fault("this is not an http or https URL", "such as http://127.0.0.1:8000")
        }
        let rest = text.dropFirst(lower.hasPrefix("https") ? 8 : 7)
        let host = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if host.contains("@" as Character) {
            return Fault(
                "credentials do not stand in a URL", "use 'auth:', such as auth: {basic: {user: ops, password_file: …}}", isCredential: true
            )
        }
        if host.isEmpty || host.hasPrefix(":") { return Fault("the URL has no host", nil) }
        if let sign = strange(host) {
            return Fault(
                "the URL's host holds '\(sign)', which no name has",
                sign == "$"
                    ? "a variable that nothing was put in for; in the file it is written '${NAME}'" : "such as http://127.0.0.1:8000")
        }
        // After an address in brackets, whose own colons are none of a port.
        let afterName = host.lastIndex(of: "]").map { host[host.index(after: $0)...] } ?? host
        if let colon = afterName.firstIndex(of: ":") {
            let port = afterName[afterName.index(after: colon)...]
            // `UInt16` would take a sign.
            guard port.utf8.allSatisfy({ (48...57).contains($0) }), UInt16(port).map({ $0 > 0 }) == true else {
                return Fault("the URL's port is not one", "a number from 1 to 65535")
            }
        }
        if rest.contains("?" as Character) || rest.contains("#" as Character) {
            return Fault("a base URL has no query and no fragment")
        }
        guard text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            return Fault("the URL has characters that must be encoded")
        }
        return nil
    }

    /// What is wrong with the URL of a process of a runtime: besides, where somebody gave the address of one of its endpoints. Each
    /// path would be asked for below that, and none be there.
    public static func fault(ofReplica text: String) -> Fault? {
        if let fault = fault(text) { return fault }
        let paths = Endpoint.everything.flatMap { [$0.path] + ($0.substitute.map { [$0.path] } ?? []) }
        guard let path = paths.first(where: { text.lowercased().hasSuffix($0) }) else { return nil }
        return Fault(
            "this is the address of the runtime's endpoint \(path)", "give the base URL: \(trimmed(String(text.dropLast(path.count))))")
    }

    /// The first sign of a host and its port that libcurl takes for no part of one: what templates leave where nothing was put in.
    /// Brackets stand around an address of colons alone.
    private static func strange(_ host: Substring) -> Character? {
        var name = host
        if host.first == "[", let end = host.firstIndex(of: "]") {
            let address = host[host.index(after: host.startIndex)..<end]
            if address.utf8.contains(UInt8(ascii: ":")) { name = host[host.index(after: end)...] }
        }
        return name.first { "{}[]<>\\^`*()!,;=&|$\"'".contains($0) }
    }

    /// What a shell or an env file keeps, and what a text editor or chat makes of it.
    private static let quotes: Set<Character> = ["\"", "'", "`", "“", "”", "„", "‘", "’", "«", "»"]

    /// Without what env files, editors and clipboards leave around it, which nobody sees: blanks, line ends, a byte order
    /// mark, zero-width marks; and without slashes at the end. Every URL goes through here before it is judged.
    public static func trimmed(_ text: String) -> String {
        var text = SecretSource.trim(text)
        while text.hasSuffix("/"), !text.hasSuffix("://") { text.removeLast() }
        return text
    }
}
