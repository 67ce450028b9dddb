import Ambient
import HTTP
import Model
import TestKit
import Settings
import Testing

@testable import Notify

/// Tickets in a repository that behaves as badly as GitHub does.
@Suite struct GitHubIssueTests {
    private static func sample(_ name: String) -> Message {
        // A name that is none ends the test process: it stands in this file.
        Sample.messages.first { $0.name == name }!.message
    }

    /// Delivers one after the other, each with the reference that the one before left unless `forgets`.
    private func deliver(
        _ messages: [Message], to github: GitHubDouble, forgets: Bool = false, knownAs first: String? = nil,
        token: String = GitHubDouble.token
    ) async throws -> [Delivery] {
        let server = try MisbehavingServer { github.answer($0, $1) }
        defer { server.stop() }
        var settings = GitHubIssue.Settings(repository: "acme/ops", token: .literal(Secret(token)))
        settings.url = server.url
        let deliveries = try await withClient { [settings] client in
            let channel = GitHubIssue("tickets", settings, Means(client: client))
            var reference = first
            var deliveries: [Delivery] = []
            for message in messages {
                let delivery = await channel.deliver(message, knownAs: forgets ? nil : reference)
                if case .deliveredAs(let known) = delivery { reference = known }
                deliveries.append(delivery)
            }
            return deliveries
        }
        for delivery in deliveries { delivery.expectFitForLogs() }
        #expect(github.refusals.isEmpty)
        return deliveries
    }

    @Test("opened => commented => closed, with its number kept and without", arguments: [false, true])
    func life(forgets: Bool) async throws {
        let github = GitHubDouble()
        let messages = [
            Self.sample("noisy-throttled"), Self.sample("noisy-extended"),
            Self.sample("noisy-resolved-lease-over"),
        ]
        let deliveries = try await deliver(messages, to: github, forgets: forgets)
        #expect(deliveries == Array(repeating: .deliveredAs("acme/ops#1"), count: 3))
        let issue = try #require(github.issues.first)
        #expect(github.issues.count == 1)
        #expect(issue.title == "Warning: noisy-neighbor, app-clinic on shared" && issue.labels == ["mozaiks-ops"])
        #expect(issue.events == ["comment", "closed", "comment"])
        #expect(issue.comments.last?.contains("Resolved after") == true)
    }

    @Test func `every message twice => each said once`() async throws {
        let github = GitHubDouble()
        let messages = [
            Self.sample("noisy-throttled"), Self.sample("noisy-extended"),
            Self.sample("noisy-resolved-lease-over"),
        ]
        let twice = messages.flatMap { [$0, $0] }
        #expect(try await deliver(twice, to: github, forgets: true).allSatisfy(\.isDelivered))
        #expect(github.issues.map(\.events) == [["comment", "closed", "comment"]])
    }

    @Test("an answer that is lost at each write: opening, comment, closing, comment", arguments: 0..<4)
    func lost(step: Int) async throws {
        let github = GitHubDouble()
        github.state.withLock { $0.mishaps = Array(repeating: GitHubDouble.Mishap.none, count: step) + [.lost] }
        let messages = [
            Self.sample("noisy-throttled"), Self.sample("noisy-extended"),
            Self.sample("noisy-resolved-lease-over"),
        ]
        // Each until it is delivered, as the outbox does.
        var failures = 0
        for message in messages {
            while try await !deliver([message], to: github).allSatisfy(\.isDelivered), failures < 9 { failures += 1 }
        }
        #expect(failures == 1)
        #expect(github.issues.map(\.events) == [["comment", "closed", "comment"]])
    }

    @Test func `an incident that nobody heard of => one ticket, closed, with the whole story`() async throws {
        let github = GitHubDouble()
        let resolved = Self.sample("noisy-resolved-lease-over")
        #expect(try await deliver([resolved, resolved], to: github, forgets: true).allSatisfy(\.isDelivered))
        let issue = try #require(github.issues.first)
        #expect(github.issues.count == 1 && !issue.isOpen && issue.body.contains("Resolved after"))
        #expect(issue.title.hasPrefix("Warning: noisy-neighbor"))
    }

    @Test func `a number of another repository is never touched here`() async throws {
        let github = GitHubDouble()
        github.add(.init(number: 0, title: "Somebody else's", body: "", labels: []))
        let messages = [Self.sample("noisy-throttled"), Self.sample("noisy-resolved-lease-over")]
        let deliveries = try await deliver(messages, to: github, knownAs: "acme/old-ops#1")
        #expect(deliveries == [.deliveredAs("acme/ops#2"), .deliveredAs("acme/ops#2")])
        #expect(github.issues.map(\.events) == [[], ["closed", "comment"]])
        for reference in ["acme/ops2#1", "acme/ops#x", "acme/ops#-1", "acme/ops#", "#1", "1", "acme/ops1"] {
            #expect(GitHubIssue.number(reference, in: "acme/ops") == nil, "\(reference)")
        }
        #expect(GitHubIssue.number("acme/ops#71", in: "acme/ops") == 71)
    }

    @Test func `reopened => the same ticket, open again`() async throws {
        let github = GitHubDouble()
        let messages = [
            Self.sample("noisy-throttled"), Self.sample("noisy-resolved-lease-over"), Self.sample("noisy-again"),
        ]
        #expect(try await deliver(messages, to: github).allSatisfy(\.isDelivered))
        #expect(github.issues.map(\.events) == [["closed", "comment", "reopened", "comment"]])
    }

    @Test func `a drill is a ticket of its own, closed at once`() async throws {
        let github = GitHubDouble()
        let messages = [Self.sample("noisy-throttled"), Self.sample("drill")]
        #expect(try await deliver(messages, to: github).last == .delivered)
        #expect(github.issues.map(\.isOpen) == [true, false])
        #expect(github.issues.last?.title.hasPrefix("Drill, nothing to do") == true)
    }

    @Test func `found among hundreds, not in quotes, not in pull requests`() async throws {
        let github = GitHubDouble()
        let opened = Self.sample("noisy-throttled")
        _ = try await deliver([opened], to: github)
        let body = try #require(github.issues.first).body
        var pull = GitHubDouble.Issue(number: 0, title: "pull", body: body, labels: ["mozaiks-ops"])
        pull.isPull = true
        github.add(pull)
        github.add(.init(number: 0, title: "quote", body: "> " + body, labels: ["mozaiks-ops"]))
        for index in 0..<230 {
            github.add(.init(number: 0, title: "other \(index)", body: "", labels: ["mozaiks-ops"]))
        }
        let closed = try await deliver([Self.sample("noisy-resolved-lease-over")], to: github)
        #expect(closed == [.deliveredAs("acme/ops#1")])
        #expect(github.issues.filter { !$0.isOpen }.map(\.number) == [1])
    }

    static let limits: [(name: String, status: Int, headers: [String], body: String, after: TimeSpan?)] = [
        ("at once, with a wait", 403, ["Retry-After: 60"], "", .seconds(60)),
        (
            "at once, without one", 403, [], #"{"message":"You have exceeded a secondary rate limit. Please wait"}"#,
            .minutes(1)
        ),
        (
            "the hour's", 403,
            [
                "Date: Sat, 21 Nov 2026 03:00:05 GMT", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 1795231805",
            ], #"{"message":"API rate limit exceeded"}"#, .minutes(30)
        ),
        (
            "the hour's, as 429", 429,
            ["Date: Sat, 21 Nov 2026 03:00:05 GMT", "x-ratelimit-remaining: 0", "x-ratelimit-reset: 1795230000"], "",
            .zero
        ),
        ("nonsense", 429, ["x-ratelimit-remaining: 0", "x-ratelimit-reset: -9999999999999999999"], "", nil),
    ]

    @Test("limits", arguments: limits.map(\.name))
    func limit(name: String) async throws {
        let limit = try #require(Self.limits.first { $0.name == name })
        let github = GitHubDouble()
        github.state.withLock { $0.mishaps = [.answer(limit.status, headers: limit.headers, body: limit.body)] }
        let opened = Self.sample("noisy-throttled")
        let deliveries = try await deliver([opened, opened], to: github)
        #expect(deliveries.map { Kind($0) } == [.retry, .delivered])
        #expect(deliveries[0].after == limit.after)
        #expect(github.issues.count == 1)
    }

    static let refusals: [(name: String, token: String, mishap: GitHubDouble.Mishap?, says: String)] = [
        ("bad token", "nonsense", nil, "the token is not valid"),
        (
            "no right", GitHubDouble.token,
            .answer(403, headers: [], body: #"{"message":"Resource not accessible by personal access token"}"#),
            "may not do this"
        ),
        (
            "issues off", GitHubDouble.token,
            .answer(410, headers: [], body: #"{"message":"Issues are disabled for this repo"}"#), "switch them on"
        ),
        (
            "renamed", GitHubDouble.token, .answer(301, headers: ["Location: https://api.github.com/repositories/42"], body: "{}"),
            "write its new name under 'repository'"
        ),
        (
            "archived", GitHubDouble.token,
            .answer(403, headers: [], body: #"{"message":"Repository was archived so is read-only."}"#), "is archived"
        ),
        (
            "single sign-on", GitHubDouble.token,
            .answer(403, headers: [], body: #"{"message":"Resource protected by organization SAML enforcement."}"#), "single sign-on"
        ),
        (
            "label", GitHubDouble.token,
            .answer(
                422, headers: [], body: #"{"message":"Validation Failed","errors":[{"resource":"Label","code":"invalid","field":"name"}]}"#),
            "labels or assignees"
        ),
        ("invalid", GitHubDouble.token, .answer(422, headers: [], body: "{}"), "check 'labels'"),
    ]

    @Test("what GitHub does not take, and what to do about it", arguments: refusals.map(\.name))
    func refusal(name: String) async throws {
        let refusal = try #require(Self.refusals.first { $0.name == name })
        let github = GitHubDouble()
        if let mishap = refusal.mishap { github.state.withLock { $0.mishaps = [mishap] } }
        let deliveries = try await deliver([Self.sample("noisy-throttled")], to: github, token: refusal.token)
        #expect(deliveries.map { Kind($0) } == [refusal.name == "invalid" ? .rejected : .blocked])
        #expect(deliveries[0].reason.contains(refusal.says), "\(deliveries)")
    }

    // MARK: - Texts

    @Test("taken, found again, and inert", arguments: Hostile.messages.map(\.name))
    func hostile(name: String) async throws {
        let message = try #require(Hostile.messages.first { $0.name == name }).message
        let github = GitHubDouble()
        #expect(try await deliver([message, message], to: github, forgets: true).allSatisfy(\.isDelivered))
        #expect(github.issues.count == 1)
        let issue = try #require(github.issues.first)
        #expect(issue.title.unicodeScalars.count <= 256 && !issue.title.contains("\n"))
        for text in [issue.body] + issue.comments { GitHubIssueTests.expectInert(text) }
    }

    /// Nothing outside of code begins a mention, a reference, a link, an image, HTML or formatting.
    static func expectInert(_ text: String, _ location: SourceLocation = #_sourceLocation) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.first?.hasPrefix("<!-- mozaiks-ops:") == true && lines.first?.hasSuffix(" -->") == true)
        var isCode = false
        var fences = 0
        for line in lines.dropFirst() {
            if line.hasPrefix("```") {
                #expect(line == (isCode ? "```" : "```text"), "\(line)", sourceLocation: location)
                isCode.toggle()
                fences += 1
                continue
            }
            #expect(!isCode || !line.contains("`"), sourceLocation: location)
            if isCode { continue }
            let spans = line.split(separator: "`", omittingEmptySubsequences: false)
            #expect(spans.count % 2 == 1, "an open code span: \(line.prefix(200))", sourceLocation: location)
            for (index, words) in spans.enumerated() where index % 2 == 0 { expectWords(String(words), location) }
        }
        #expect(fences % 2 == 0, sourceLocation: location)
    }

    private static func expectWords(_ words: String, _ location: SourceLocation) {
        // A model's words are a quotation.
        var plain = words.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("> ") ? line.dropFirst(2) : line == ">" ? "" : line
        }.joined(separator: "\n")
        for own in ["**", "#### ", "<br>"] {
            plain = plain.split(separator: own, omittingEmptySubsequences: false).joined(separator: " ")
        }
        for forbidden in ["@", "#", "://", "www.", "$", "GH-", "<", ">", "${"] {
            #expect(!plain.contains(forbidden), "\(forbidden) in \(plain.prefix(200))", sourceLocation: location)
        }
        // What formats stands behind a backslash.
        let scalars = Array(plain.unicodeScalars)
        for (index, scalar) in scalars.enumerated() where "*_~[]|!".unicodeScalars.contains(scalar) {
            #expect(
                index > 0 && scalars[index - 1] == "\\", "\(scalar) in \(plain.prefix(200))", sourceLocation: location)
        }
    }

    static let words: [(words: String, markdown: String)] = [
        ("plain words, 61% at 09:05 UTC: noisy-neighbor.", "plain words, 61% at 09:05 UTC: noisy-neighbor."),
        ("@octocat and acme/ops@main", "\u{FF20}octocat and acme/ops\u{FF20}main"),
        ("closes #7, GH-7, gh-7, acme/ops#7", "closes \u{FF03}7, GH\u{2010}7, gh\u{2010}7, acme/ops\u{FF03}7"),
        ("deadbeefcafe1234 and dead", "`deadbeefcafe1234` and dead"), ("deadbeef", "`deadbeef`"),
        ("https://evil.example", "https\u{2236}//evil.example"), ("www.evil.example", "www\u{2024}evil.example"),
        ("[x](y) ![z](w)", "\\[x\\]\\(y\\) \\!\\[z\\]\\(w\\)"), ("<img src=x>", "&lt;img src\\=x&gt;"),
        ("a & b", "a &amp; b"), ("$E=mc^2$", "\u{FF04}E\\=mc\\^2\u{FF04}"), ("`x`", "'x'"),
        ("- [ ] done", "\u{2010} \\[ \\] done"), ("12. x", "12\\. x"), ("x 12. y", "x 12. y"),
        (":skull: a:+1: :100:", "\u{2236}skull: a\u{2236}\\+1: \u{2236}100:"), ("", ""),
    ]

    @Test("words stay words", arguments: words.map(\.words))
    func harmless(words: String) {
        #expect(GitHubMarkdown.harmless(words) == Self.words.first { $0.words == words }?.markdown)
    }

    @Test func `no text is longer than GitHub takes`() throws {
        for (name, message) in Hostile.messages {
            #expect(GitHubText.body(message, mark: "<!-- x -->").utf16.count <= 65_536, "\(name)")
            #expect((1...256).contains(GitHubText.title(message).utf16.count), "\(name)")
        }
    }

    @Test(
        "golden",
        arguments: [
            "noisy-throttled", "noisy-resolved-lease-over", "runtime-down-staging", "drill", "advice", "approval",
            "digest-update",
        ])
    func golden(name: String) throws {
        let message = Self.sample(name)
        let text = GitHubText.title(message) + "\n\n" + GitHubText.body(message, mark: GitHubIssue.mark(issue: message))
        Self.expectInert(GitHubText.body(message, mark: GitHubIssue.mark(issue: message)))
        Golden.expect(text, is: "github-\(name).md")
    }
}
