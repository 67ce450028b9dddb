import Glibc
import Model
import Simulator
import TestKit
import Testing

/// A token and a webhook stand in no output, no log, no error and no file, whatever fails.
@Suite struct SecretTests {
    private static let token = "tok-S3CRET-0123456789"
    private static let hook = "B0000/S3CRETHOOK"

    /// Where the secrets come from, and what is wrong with them.
    enum Source: String, CaseIterable {
        case environment, file, tokenWithALineBreak, hookThatIsNoURL
    }

    /// How Slack answers.
    enum Service: String, CaseIterable {
        case takes, refuses, fails, hangsUp, isGone
    }

    private func shell(_ source: Source, runtime: String, slack: String) -> Shell {
        var shell = Shell(["MOZAIKS_RUNTIME_URL": runtime])
        let (token, hook) = (SecretTests.token, "\(slack)/services/T0000/\(SecretTests.hook)")
        switch source {
        case .environment:
            shell.environment["MOZAIKS_RUNTIME_TOKEN"] = token
            shell.environment["MOZAIKS_SLACK_WEBHOOK_URL"] = hook
        case .file:
            shell.environment["MOZAIKS_RUNTIME_TOKEN_FILE"] = shell.folder.write(token + "\n", to: "token")
            shell.environment["MOZAIKS_SLACK_WEBHOOK_URL_FILE"] = shell.folder.write(hook + "\n", to: "hook")
        case .tokenWithALineBreak:
            shell.environment["MOZAIKS_RUNTIME_TOKEN"] = token + "\r\nX-Evil: " + token
            shell.environment["MOZAIKS_SLACK_WEBHOOK_URL"] = hook
        case .hookThatIsNoURL:
            shell.environment["MOZAIKS_RUNTIME_TOKEN"] = token
            shell.environment["MOZAIKS_SLACK_WEBHOOK_URL"] = "htp:/" + hook
        }
        return shell
    }

    private func expectNoSecret(_ text: String, _ what: String, _ location: SourceLocation = #_sourceLocation) {
        for secret in ["S3CRET", SecretTests.token, SecretTests.hook] {
            #expect(!text.contains(secret), "\(what): \(text)", sourceLocation: location)
        }
    }

    private func expectNoSecretInFiles(of shell: Shell) {
        for name in shell.folder.names(in: "state") {
            let text = String(decoding: Fixtures.read(shell.state + "/" + name) ?? [], as: UTF8.self)
            #expect(!text.contains("S3CRET"), "state/\(name)")
        }
    }

    @Test("by no command, wherever the secrets come from", arguments: Source.allCases)
    func commands(source: Source) throws {
        // The runtime refuses the token in words that repeat it.
        let server = try MisbehavingServer { request, peer in
            let heard = request.head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("authorization:") }
            peer.answer(401, #"{"detail":"Invalid token"}"#, headers: ["X-Heard: \(heard?.count ?? 0)"])
        }
        defer { server.stop() }
        let slack = SlackSink()
        try slack.start()
        defer { slack.stop() }
        let shell = shell(source, runtime: server.url, slack: "http://127.0.0.1:\(slack.port)")
        let policies = QuickPolicy.write(to: shell.folder)
        for words in [
            ["check"], ["check", "-o", "json"], ["check", "--policies", policies], ["evaluate"],
            ["evaluate", "-o", "json"],
            ["doctor", "--wait", "10ms"], ["doctor", "--wait", "10ms", "-o", "json"], ["config", "show"],
            ["config", "show", "-o", "json"], ["record", "x.tape", "--for", "100ms"],
            ["incidents", "list", "-o", "json"],
        ] {
            let ending = try shell.run(words + ["--log-level", "debug"])
            expectNoSecret(ending.everything, "\(words)")
        }
        expectNoSecret(String(decoding: shell.folder.read("x.tape") ?? [], as: UTF8.self), "the tape")
        expectNoSecretInFiles(of: shell)
        if source != .tokenWithALineBreak {
            let sent = server.requests.first?.head.contains("Bearer \(SecretTests.token)")
            #expect(sent == true, "it was sent to the runtime, so it was there to be shown")
        }
    }

    @Test("whatever Slack answers", arguments: Service.allCases)
    func slack(service: Service) throws {
        let script: [SlackSink.Behaviour] =
            switch service {
            case .takes: []
            case .refuses: [.status(404), .status(403), .status(410)]
            case .fails: [.status(500), .rateLimited(retryAfterSeconds: 1)]
            case .hangsUp, .isGone: [.dropped]
            }
        let sink = SlackSink(script: script)
        try sink.start()
        defer { sink.stop() }
        let port = service == .isGone ? try Loopback.closedPort() : sink.port
        try CheckTests.serving("busy") { url in
            let shell = shell(.environment, runtime: url, slack: "http://127.0.0.1:\(port)")
            let policies = QuickPolicy.write(to: shell.folder)
            for _ in 0..<2 {
                let ending = try shell.run("check", "--policies", policies, "--log-level", "debug")
                #expect(ending.code == 1)
                expectNoSecret(ending.everything, service.rawValue)
            }
            let daemon = try shell.start(["run", "--policies", policies, "--events", "--log-level", "debug"])
            #expect(daemon.waits { _, errors in errors.contains("msg=started") })
            let ending = daemon.ending(SIGTERM)
            #expect(ending.code == 0)
            expectNoSecret(ending.everything, service.rawValue)
            expectNoSecretInFiles(of: shell)
            #expect(service == .isGone || sink.requests > 0)
        }
    }
}
