/// What is markup in HTML, XML and Slack's mrkdwn, written so that it is none.
public enum Markup {
    /// The entity of a scalar that would begin a tag or an entity, or end an attribute; nil for every other.
    /// - Parameter quotes: false where no attribute is written, and quotes are to stay as they are.
    public static func entity(_ scalar: Unicode.Scalar, quotes: Bool = true) -> String? {
        switch scalar {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        case "\"" where quotes: "&quot;"
        case "'" where quotes: "&#39;"
        default: nil
        }
    }

    /// Text that is only text between tags and inside quotes.
    public static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { out, scalar in
            if let entity = entity(scalar) { out += entity } else { out.unicodeScalars.append(scalar) }
        }
    }
}
