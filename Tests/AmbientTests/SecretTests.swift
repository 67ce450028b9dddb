@testable import Ambient
import Glibc
import Testing

/// A folder that is gone at the end of the test.
final class ScratchFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/mozaiks-ops-test-XXXXXX".utf8CString)
        let made = mkdtemp(&template) != nil
        try #require(made)
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }

    deinit {
        for name in names { unlink(path + "/" + name) }
        rmdir(path)
    }

    /// Writes beside the file and renames over it, as rotation does.
    func put(_ name: String, _ content: String) throws -> String {
        let target = path + "/" + name
        let file = try #require(fopen(target + ".new", "w"))
        let bytes = Array(content.utf8)
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
        fclose(file)
        #expect(rename(target + ".new", target) == 0)
        return target
    }

    private var names: [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}

@Suite struct SecretTests {
    @Test func `a secret shows itself in no printed form`() {
        struct Holder {
            let name = "holder"
            let secret = Secret("s3cret")
            let nested: [String: Secret?] = ["a": Secret("s3cret")]
        }
        let holder = Holder()
        var dumped = ""
        dump(holder, to: &dumped)
        let texts = [
            "\(holder.secret)", String(describing: holder), String(reflecting: holder), dumped,
            String(describing: Mirror(reflecting: holder.secret).children.map { $0 }),
            "\(Optional(holder.secret) as Any)",
            "\(SecretSource.literal(holder.secret))",
        ]
        for text in texts { #expect(!text.contains("s3cret"), "\(text)") }
        #expect("\(holder.secret)" == "***")
        #expect(holder.secret.reveal() == "s3cret")
    }

    @Test(arguments: [
        ("", "", true), ("a", "a", true), ("a", "b", false), ("a", "", false), ("", "a", false), ("a", "aa", false),
        ("aa", "a", false), ("e\u{301}", "\u{e9}", false),
    ])
    func `secrets are equal by their bytes`(left: String, right: String, equal: Bool) {
        #expect((Secret(left) == Secret(right)) == equal)
    }

    @Test(arguments: [
        ("token", "token"), ("token\n", "token"), (" \ttoken\r\n\n", "token"), ("two words", "two words"),
        // What editors and clipboards leave: a byte order mark, zero-width marks, a fixed blank, other line ends.
        ("\u{FEFF}token\n", "token"), ("token\u{200B}\n", "token"), ("\u{2060}\u{A0} token\u{2028}\u{FEFF}", "token"),
        ("\u{202E}\u{AD}token\u{AD}\u{2066}\u{200F}", "token"), ("token\u{FE0F}\n", "token"), ("\u{FE0F}token", "token"),
        ("1\u{FE0F}\u{20E3}x", "1\u{FE0F}\u{20E3}x"), ("\u{1F469}\u{200D}\u{1F4BB}!", "\u{1F469}\u{200D}\u{1F4BB}!"),
        ("pässword", "pässword"), ("mark\u{2764}\u{FE0F}", "mark\u{2764}\u{FE0F}"),
    ])
    func `a file's content is the secret, without the blanks around it`(content: String, secret: String) throws {
        let folder = try ScratchFolder()
        let path = try folder.put("token", content)
        #expect(try SecretSource.file(path).read(in: Environment([:])).reveal() == secret)
    }

    @Test(
        "what is around a secret, or in its place, is named",
        arguments: [
            ("\"s3cret\"", "quotes"), ("'s3cret'", "quotes"), ("`s3cret`", "quotes"), ("Bearer s3cret", "'Bearer'"),
            ("basic s3cret", "'Basic'"), ("Authorization: Bearer s3cret", "'Authorization:'"), ("TOKEN=s3cret", "name of a variable"),
            ("export SLACK_TOKEN=s3cret", "name of a variable"), ("${TOKEN}", "placeholder"), ("$(cat token)", "placeholder"),
            ("{{ .Values.token }}", "placeholder"), ("<your-token>", "placeholder"), ("%TOKEN%", "placeholder"),
            ("changeme", "placeholder"), ("CHANGE_ME!", "placeholder"), ("your-token-here", "placeholder"),
            ("{\"token\":\"s3cret\"}", "JSON"), ("-----BEGIN PRIVATE KEY-----", "a key"),
        ])
    func dressed(text: String, says: String) throws {
        let dressing = try #require(Secret(text).dressing)
        #expect(dressing.contains(says) && !dressing.contains("s3cret"), "\(dressing)")
    }

    @Test(
        "a secret may hold anything",
        arguments: [
            "", "\"", "s3cret", "\"s3cret", "it's", "TOKEN=", "ABCDEFKEY==", "S3CRETKEY=", "a=b", "xoxb-1-2-abc", "ghp_16C7e42F292c6912E7",
            "<k9#Q!z>", "%f!%", "bearers", "change me to something long", "{k}", "https://hooks.example/T0/B0?token=x",
        ])
    func undressed(text: String) {
        #expect(Secret(text).dressing == nil)
    }

    @Test func `the environment and systemd's credentials`() throws {
        let folder = try ScratchFolder()
        _ = try folder.put("slack", "from-systemd\n")
        let environment = Environment(["TOKEN": "from-environment", "CREDENTIALS_DIRECTORY": folder.path])
        #expect(try SecretSource.environment("TOKEN").read(in: environment).reveal() == "from-environment")
        #expect(try SecretSource.credential("slack").read(in: environment).reveal() == "from-systemd")
        #expect(try SecretSource.literal(Secret("x")).read(in: environment).reveal() == "x")
    }

    @Test func `beside the unit a credential is what the daemon was handed, or what it is handed from`() throws {
        let (handed, kept) = (try ScratchFolder(), try ScratchFolder())
        let (folders, none) = ([handed.path, kept.path], Environment([:]))
        let source = SecretSource.credential("slack")
        #expect(source.path(in: none, orElse: folders) == nil)
        let second = try kept.put("slack", "b")
        #expect(source.path(in: none, orElse: folders) == second)
        let first = try handed.put("slack", "a")
        #expect(source.path(in: none, orElse: folders) == first)
        // What the unit says is said: nothing else is looked for.
        #expect(source.path(in: Environment(["CREDENTIALS_DIRECTORY": "/nowhere"]), orElse: folders) == "/nowhere/slack")
    }

    @Test(
        "what nobody sees inside a secret is named with its place, and nothing else of it",
        arguments: [
            "\u{FE0F}", "\u{200B}", "\u{200D}", "\u{FEFF}", "\u{A0}", "\u{AD}", "\u{202E}", "\u{2066}", "\u{61C}", "\u{3164}", "\u{2003}",
            "\u{85}", "\u{2028}", "\u{9B}",
        ])
    func marked(mark: String) throws {
        let folder = try ScratchFolder()
        let sources = [
            SecretSource.file(try folder.put("token", "s3cret-\(mark)s3cret\n")), .environment("TOKEN"),
        ]
        let value = try #require(mark.unicodeScalars.first?.value)
        let digits = String(value, radix: 16, uppercase: true)
        let named = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + ", as its 8th character"
        for source in sources {
            let failure = #expect(throws: SecretSource.Failure.self) {
                _ = try source.read(in: Environment(["TOKEN": "s3cret-\(mark)s3cret"]))
            }
            let text = "\(try #require(failure))"
            #expect(text.contains(named) && !text.contains("s3cret") && !text.unicodeScalars.contains { $0.value == value }, "\(text)")
        }
    }

    @Test func `what cannot be read is named with its place and cause, never its content`() throws {
        let folder = try ScratchFolder()
        let cases: [(SecretSource, String)] = [
            (.file(folder.path + "/absent"), "file \(folder.path)/absent: No such file or directory"),
            (.file(folder.path), "file \(folder.path): it is a folder, not a file"),
            (.file(try folder.put("empty", " \n")), "file \(folder.path)/empty: it is empty"),
            (
                .file(try folder.put("lines", "s3cret\nX-Injected: s3cret")),
                "file \(folder.path)/lines: it has more than one line or control characters"
            ),
            (
                .file(try folder.put("long", String(repeating: "s3cret", count: 20_000))),
                "file \(folder.path)/long: it is longer than 65536 bytes"
            ),
            (
                .file(try folder.put("marked", "s3c\u{200B}ret")),
                "file \(folder.path)/marked: it holds an invisible character, U+200B, as its 4th character; "
                    + "an editor or a copied web page put it there: type it anew"
            ),
            (.file(try folder.put("only-a-mark", "\u{FEFF}\n")), "file \(folder.path)/only-a-mark: it is empty"),
            (.environment("ABSENT"), "environment variable ABSENT: it is not set"),
            (
                .credential("slack"),
                "systemd credential slack: CREDENTIALS_DIRECTORY is not set; "
                    + "it is set by LoadCredential= in the systemd unit; a command of root's looks in "
                    + "/run/credentials/mozaiks-ops.service and /etc/mozaiks-ops/secrets"
            ),
        ]
        for (source, expected) in cases {
            do throws(SecretSource.Failure) {
                _ = try source.read("the token", in: Environment([:]))
                Issue.record("\(source) was read")
            } catch {
                #expect("\(error)" == "cannot read the token from " + expected)
            }
        }
    }

    @Test func `a rotated file is read again, a withdrawn one fails`() throws {
        let folder = try ScratchFolder()
        let path = try folder.put("token", "first")
        let secret = CachedSecret(.file(path), what: "the token", in: Environment([:]))
        #expect(try secret.value().reveal() == "first")
        #expect(try secret.value().reveal() == "first")
        _ = try folder.put("token", "other")
        #expect(try secret.value().reveal() == "other")
        unlink(path)
        #expect(throws: SecretSource.Failure.self) { try secret.value() }
    }

    @Test func `an environment prints names only`() {
        let environment = Environment(["B": "s3cret", "A": "s3cret", "EMPTY": ""])
        #expect("\(environment)" == "Environment(A, B, EMPTY)")
        #expect(!String(reflecting: environment).contains("s3cret"))
        #expect(environment["EMPTY"] == "" && environment.nonEmpty("EMPTY") == nil)
        #expect(environment["b"] == nil)
    }
}
