import Ambient
import Model
import Testing

@testable import HTTP

/// What is taken out of texts for people, in whatever form it came.
@Suite struct RedactionTests {
    @Test func `a secret and its pieces are taken out of any text`() {
        let redaction = Redaction([
            Secret("https://user:hunter2@hooks.slack.com/services/T0000AAAA/B0000BBBB/tokentoken?key=querysecret")
        ])
        let text = redaction.clean(
            "POST https://user:hunter2@hooks.slack.com/services/T0000AAAA/B0000BBBB/tokentoken?key=querysecret "
                + "path /services/T0000AAAA/B0000BBBB/tokentoken?key=querysecret T0000AAAA tokentoken hunter2 querysecret "
                + "at hooks.slack.com"
        )
        for part in ["T0000AAAA", "B0000BBBB", "tokentoken", "hunter2", "querysecret"] {
            #expect(!text.contains(part), "\(text)")
        }
        #expect(text.hasSuffix("at hooks.slack.com"))
        #expect(Redaction([Secret("")]).clean("text") == "text")
        #expect(Redaction([Secret("http://h")]).clean("text") == "text")
    }

    private static let secret = "s1gning/Secret+4242"
    private static let redaction = Redaction([Secret(secret)])

    static let forms: [(name: String, written: String)] = [
        ("as it is", secret), ("in a URL", "s1gning%2FSecret%2B4242"), ("in a URL, twice", "s1gning%252FSecret%252b4242"),
        ("in JSON", #"s1gning\/Secret\u002b4242"#), ("in a page", "s1gning&#x2F;Secret&plus;4242"), ("shouted", "S1GNING/SECRET+4242"),
        ("in small letters", "s1gning/secret+4242"), ("in hexadecimal digits", Hex.encode(secret.utf8)),
        ("in capital ones", Hex.encode(secret.utf8).uppercased()), ("in base64", Base64.encode(secret.utf8)),
        ("in base64, in small letters", Base64.encode(secret.utf8).lowercased()),
        ("a login of SMTP", Base64.encode("\0ops@example.com\0\(secret)".utf8)),
        ("basic auth", Base64.encode("ops:\(secret)".utf8)), ("between others", Base64.encode("key=\(secret)&x=1".utf8)),
        ("in base64 in JSON", Base64.encode("a:\(secret)?>>".utf8).replacing(bytesOf: "/", with: #"\/"#)),
    ]

    @Test("nothing of it is left, and nothing else is taken", arguments: forms.map(\.name))
    func taken(name: String) throws {
        let written = try #require(Self.forms.first { $0.name == name }).written
        #expect(Self.redaction.isNeeded(for: "bad key '\(written)'"))
        let clean = Self.redaction.clean("bad key '\(written)', try again")
        // Of digits between which others are escaped the pieces that hold nothing of it may stay.
        #expect(name.hasSuffix("base64 in JSON") ? clean.contains("***") : clean == "bad key '***', try again", "\(clean)")
    }

    /// In base64 a secret looks otherwise by what stands before it; of three ways there are.
    @Test("whatever is encoded around it", arguments: 0..<8)
    func alignment(count: Int) {
        let before = String(repeating: "x", count: count)
        for after in ["", "y", "yy", "yyy"] {
            let encoded = Base64.encode("\(before)\(Self.secret)\(after)".utf8)
            let inURL = String(encoded.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }.prefix { $0 != "=" })
            for written in [encoded, inURL] { #expect(Self.redaction.clean("(\(written))") == "(***)", "\(written)") }
        }
    }

    @Test("what was cut off behind its beginning is known, a shorter beginning is nobody's")
    func cut() {
        #expect(Self.redaction.clean("bad key s1gning/Secr…") == "bad key ***…")
        #expect(Self.redaction.clean("bad key s1gning…") == "bad key s1gning…")
        // Of a URL that is everybody's.
        let url = Redaction([Secret("https://hooks.example.com/services/T0000AAAA")])
        #expect(url.clean("https://hooks.example.com/ is down") == "https://hooks.example.com/ is down")
        let signed = Redaction([Secret("https://hooks.example.com:8443/x@y/T0000AAAA")])
        #expect(signed.clean("hooks.example.com:8443 is down: T0000AAAA") == "hooks.example.com:8443 is down: ***")
    }

    @Test("a short one is a word of its own, and a passphrase has no pieces")
    func short() {
        let short = Redaction([Secret("ab"), Secret("")])
        #expect(short.clean("bad token ab, about absolute cab 6162 YWI=") == "bad token ***, about absolute cab 6162 YWI=")
        let phrase = Redaction([Secret("mail@server/answered")])
        #expect(phrase.clean("mail: the server answered") == "mail: the server answered")
        #expect(!Redaction([]).isNeeded(for: "text") && !Redaction([Secret("")]).isNeeded(for: ""))
    }

    @Test("letters that no ASCII has, and those that an escape stands for")
    func letters() {
        let redaction = Redaction([Secret("Pässwörd-5c1d")])
        for written in ["Pässwörd-5c1d", "pässwörd-5c1d", "PÄSSWÖRD-5C1D", #"P\u00e4ssw\u00f6rd-5c1d"#, "P%C3%A4ssw%C3%B6rd-5c1d"] {
            #expect(redaction.clean("bad key \(written)!") == "bad key ***!", "\(written)")
        }
    }
}
