import Ambient
import Model

/// A last line of defence for reasons and logs: takes a URL that is a credential, and its parts, out of a text that
/// should not hold them in the first place (a library's message, a service's echo).
struct Redaction {
    private let parts: [String]

    /// The whole URL, what stands behind its host, and each longer piece of that.
    init(url: Secret) {
        let whole = url.reveal()
        var parts = [whole]
        let behindScheme = whole.firstIndex(ofBytes: "://").map { String(whole[$0...].dropFirst(3)) } ?? whole
        if let slash = behindScheme.firstIndex(of: "/") {
            let path = String(behindScheme[slash...])
            parts.append(path)
            parts += path.split { "/?&=#".contains($0) }.map(String.init).filter { $0.utf8.count >= 8 }
        }
        if let at = behindScheme.firstIndex(of: "@") {
            parts += behindScheme[..<at].split(separator: ":").map(String.init)
        }
        // The longest first: a piece of it would leave the rest standing.
        self.parts = parts.filter { $0.utf8.count >= 4 }.sorted { $0.utf8.count > $1.utf8.count }
    }

    func clean(_ text: String) -> String {
        parts.reduce(text) { text, part in
            text.replacing(bytesOf: part, with: "***")
        }
    }
}
