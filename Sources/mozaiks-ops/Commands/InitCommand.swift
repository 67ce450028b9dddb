import Ambient
import Composition
import Configuration
import Cycle
import Glibc
import HTTP
import Model
import Settings
import Views

/// `init`: the first files, commented, for somebody who has a runtime and nothing else.
enum InitCommand {
    static let command = Command(
        ["init"], "Look at a runtime and write the first mozaiks-ops.yaml and policies folder",
        discussion: "Asks on a terminal for what no option says; elsewhere it takes the defaults, and --url must be given. Nothing "
            + "that is there is written over, but for a mozaiks-ops.yaml that is all comments, as the package brings it. Nothing is sent, "
            + "and the files begin in mode observe, in which nothing is done.",
        options: [
            Option("url", value: "URL", "the runtime (also $MOZAIKS_RUNTIME_URL); several replicas separated by commas"),
            Option("name", value: "NAME", "what it is called in messages (default: shared)"),
            Option("token-file", value: "FILE", "the file with its bearer token"),
            Option("google-identity", "log in with the identity token of this machine's Google account, for a private Cloud Run service"),
            Option("slack-webhook-file", value: "FILE", "the file with the URL of a Slack webhook: who is told"),
            Option("into", value: "DIR", "the folder to write to (default: /etc/mozaiks-ops for root, else ~/.config/mozaiks-ops)"),
            Option("yes", "ask nothing"),
        ],
        examples: [
            ("mozaiks-ops init", "asks on a terminal"),
            ("mozaiks-ops init --url http://localhost:8000 --into .", "asks nothing: for a script"),
        ]
    ) { invocation in
        let plan = try plan(invocation)
        let seen = try await look(plan, invocation)
        let path = plan.folder + "/mozaiks-ops.yaml"
        let written = try writeAll(plan, path)
        let isFound = invocation.defaultFolders.contains(plan.folder)
        let option = isFound ? "" : " --config " + InitPlan.quoted(path)
        let next = [
            ("mozaiks-ops config check\(option)", "is all of it right?"),
            ("mozaiks-ops doctor\(option)", "what can the runtime tell, and what can it not?"),
            ("mozaiks-ops run\(option)", "watch, and be told"),
        ]
        invocation.print(
            text: seen + "\n" + written.map { "wrote \(Shown.line($0))\n" }.joined() + "\nNext:\n"
                + next.map { "  \($0.0)\n      \($0.1)\n" }.joined() + (geteuid() == 0 ? plan.handingOver : ""),
            as: .initialization,
            json: [
                "seen": .string(seen), "written": .strings(written), "next": .strings(next.map(\.0)),
            ])
        return .ok
    }

    /// The files that were made: all of them, or none.
    private static func writeAll(_ plan: InitPlan, _ path: String) throws(CommandFailure) -> [String] {
        // What root writes is read by the unit, whose user is another; nothing in it is secret.
        let isForOthers = geteuid() == 0
        let policy = plan.folder + "/policies/ops_policy.default.yaml"
        let empty = textWithoutSettings(path)
        var written: [String] = []
        do throws(CommandFailure) {
            try NewFile.folder(plan.folder, isForOthers: isForOthers)
            try NewFile.write(plan.configuration, to: path, replaces: empty != nil, isForOthers: isForOthers)
            written.append(path)
            try NewFile.folder(plan.folder + "/policies", isForOthers: isForOthers)
            // Rules that are there are somebody's.
            if access(policy, F_OK) != 0 {
                try NewFile.write(InitPlan.policy, to: policy, isForOthers: isForOthers)
                written.append(policy)
            }
        } catch {
            // Half of it would keep the next try from anything.
            for file in written { unlink(file) }
            if let empty { try NewFile.write(empty, to: path, replaces: true, isForOthers: isForOthers) }
            throw error
        }
        return written
    }

    /// The text of a configuration that sets nothing, as the package brings it: comments, and which schema it has. Nil where there is
    /// none, or where something is set.
    private static func textWithoutSettings(_ path: String) -> String? {
        guard let bytes = try? FileReading.source(path) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        let saysNothing = text.utf8.split(separator: UInt8(ascii: "\n")).allSatisfy { line in
            let rest = line.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }
            return rest.isEmpty || rest.first == UInt8(ascii: "#") || rest.starts(with: "schema:".utf8)
        }
        return saysNothing ? text : nil
    }

    // MARK: - What is wanted

    private static func plan(_ invocation: Invocation) throws -> InitPlan {
        let arguments = invocation.arguments
        let asks = !arguments.has("yes") && isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1
        func answer(_ option: String, _ question: String, _ usual: String?, asking: Bool = true) throws(CommandFailure) -> String? {
            if let given = arguments.value(option) { return given }
            guard asks, asking else { return usual }
            write("\(question)\(usual.map { " [\($0)]" } ?? ""): ", to: STDERR_FILENO)
            guard let line = readLine() else {
                throw CommandFailure("the answers ended before the last question: nothing was written", hint: "--yes asks nothing")
            }
            let text = String(line.drop { $0 == " " })
            return text.isEmpty ? usual : text
        }
        let folder = arguments.value("into") ?? invocation.defaultFolders[geteuid() == 0 ? invocation.defaultFolders.count - 1 : 1]
        let path = folder + "/mozaiks-ops.yaml"
        guard access(path, F_OK) != 0 || textWithoutSettings(path) != nil else {
            throw CommandFailure(
                "\(path) is there already: nothing was changed", hint: "'mozaiks-ops config check' reads it; --into names another folder")
        }
        let known = invocation.environment.nonEmpty("MOZAIKS_RUNTIME_URL")
        guard let url = try answer("url", "Where is the runtime?", known ?? (asks ? "http://localhost:8000" : nil)) else {
            throw UsageError("say where the runtime is", hint: "--url http://localhost:8000, or $MOZAIKS_RUNTIME_URL")
        }
        let isGoogle = arguments.has("google-identity")
        let token = try answer("token-file", "The file with its bearer token, if it wants one?", nil, asking: !isGoogle)
        if isGoogle, token != nil { throw UsageError("--google-identity stands beside --token-file", hint: "only one can be used") }
        let webhook = try answer("slack-webhook-file", "The file with a Slack webhook's URL, if people are to be told there?", nil)
        let name = arguments.value("name") ?? "shared"
        guard name.utf8.count <= 64,
            name.utf8.allSatisfy({ ($0 | 0x20 >= 97 && $0 | 0x20 <= 122) || (48...57).contains($0) || [45, 46, 95].contains($0) })
        else {
            throw UsageError("--name '\(name)' cannot name a runtime", hint: "letters, digits and . _ -, at most 64")
        }
        return InitPlan(
            folder: folder, name: name, replicas: url.split { $0 == "," || $0.isWhitespace }.map(String.init), tokenFile: token.map(whole),
            isGoogle: isGoogle, webhookFile: webhook.map(whole))
    }

    /// A path as it is from any folder: what stands in the file begins at the file's.
    private static func whole(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
        defer { free(folder) }
        return String(cString: folder) + "/" + path
    }

    // MARK: - What is there

    /// One poll, and what it showed in a sentence or two. Throws for a URL that is none.
    private static func look(_ plan: InitPlan, _ invocation: Invocation) async throws -> String {
        var variables: [String: String] = [:]
        if let file = plan.tokenFile { variables["MOZAIKS_RUNTIME_TOKEN_FILE"] = file }
        if plan.isGoogle { variables["MOZAIKS_RUNTIME_AUTH"] = "google-identity" }
        for name in [
            "GCE_METADATA_HOST", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy",
            "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE",
        ] {
            if let value = invocation.environment.nonEmpty(name) { variables[name] = value }
        }
        let environment = Environment(variables)
        let flags = ConfigurationFlags(url: plan.replicas.joined(separator: ","))
        let configuration: Configuration
        do {
            // No file of this machine: only what was said here.
            configuration = try ConfigurationLoader(flags, in: environment, workingFolder: "/nonexistent", systemFolder: "/nonexistent")
                .load()
        } catch {
            throw invocation.diagnosed(error.diagnostics)
        }
        let assembly = try Assembly(
            configuration, policies: .embeddedDefault, environment: environment, clock: invocation.clock, version: Version.text,
            logger: invocation.logger)
        let (pipeline, ticks) = await invocation.lookOnce(assembly)
        let reports = ticks.compactMap { pipeline.report($0) }
        let verdict = StatusVerdict(reports: reports, open: [], journalError: nil)
        let missing = reports.flatMap { $0.summary.replicas.flatMap(\.missing.values) }
        var text = "looked at \(plan.replicas.map(Shown.line).joined(separator: ", ")): \(verdict.line)\n"
        if missing.contains(.unauthorized) {
            text += "It wants a login: give --token-file, or write 'auth:' into the file (docs/network.md).\n"
        } else if verdict.state == .unknown {
            text += "The files are written all the same; 'mozaiks-ops doctor' says more.\n"
        }
        return text
    }
}

/// What `init` was told, and the files that follow from it.
struct InitPlan {
    let folder: String
    let name: String
    let replicas: [String]
    let tokenFile: String?
    let isGoogle: Bool
    let webhookFile: String?

    /// Between quotes of YAML, which are JSON's.
    private static func yaml(_ text: String) -> String { JSON.string(text).serialized() }

    /// As one word of a shell.
    static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { ($0 | 0x20 >= 97 && $0 | 0x20 <= 122) || (45...57).contains($0) || $0 == 95 }
        return isPlain ? text : "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }

    var configuration: String {
        let login =
            if let tokenFile {
                "    auth: {bearer_file: \(InitPlan.yaml(tokenFile))}\n"
            } else if isGoogle {
                "    auth: {google_identity: {}}\n"
            } else {
                """
                    # Where it asks for a token; the file is read anew for each poll.
                    #auth: {bearer_file: /etc/mozaiks-ops/secrets/runtime-token}

                """
            }
        let telling =
            if let webhookFile {
                """
                channels:
                  ops:
                    slack: {webhook_url_file: \(InitPlan.yaml(webhookFile))}
                routes:
                  - {severity: [warning, critical], to: ops}

                """
            } else {
                """
                # Nobody is told yet: 'mozaiks-ops status' and the log show what was found.
                #channels:
                #  ops:
                #    slack: {webhook_url_file: /etc/mozaiks-ops/secrets/slack-webhook}
                #routes:
                #  - {severity: [warning, critical], to: ops}

                """
            }
        return """
            # What mozaiks-ops watches, and who is told. Written by 'mozaiks-ops init'; it is yours from here on.
            # 'mozaiks-ops config check' finds every mistake, 'mozaiks-ops config show' says what holds and why.
            schema: mozaiks.ops/config/v1

            # observe: everything is decided and recorded as "would have", nothing is done. Then suggest (people are asked),
            # then enforce. The stricter of this and the policy's mode wins.
            mode: observe

            # Time between two polls.
            interval: 10s

            # Rules of your own, over the built-in ones.
            policies: policies

            runtimes:
              \(name):
                replicas: [\(replicas.map(InitPlan.yaml).joined(separator: ", "))]
            \(login)
            # Who is told, and of what.
            \(telling)
            # A page for people at http://127.0.0.1:9464, with the API and /metrics.
            #server: {listen: 127.0.0.1:9464}

            # Where throttle, pause and disable_pack land: the reverse proxy in front of the runtime asks here.
            #actions:
            #  gate: {listen: 127.0.0.1:9465}

            # Pings a service elsewhere, which tells you when this monitor is gone.
            #heartbeat: {url_file: /etc/mozaiks-ops/secrets/heartbeat}

            """
    }

    /// What root has to do besides, where the unit runs: its user is another, who cannot read root's files. Empty where there are none.
    var handingOver: String {
        let files = [("bearer", tokenFile), ("webhook_url", webhookFile)].compactMap { key, path in path.map { (key, $0) } }
        guard !files.isEmpty else { return "" }
        var text = "\nUnder the systemd unit the daemon is not root. It gets these files with 'systemctl edit mozaiks-ops':\n  [Service]\n"
        for (_, path) in files { text += "  LoadCredential=\(InitPlan.credential(path)):\(Shown.line(path))\n" }
        text += "and by another key in mozaiks-ops.yaml:\n"
        for (key, path) in files { text += "  \(key)_credential: \(InitPlan.credential(path))\n" }
        return text
    }

    /// The name of a file, as that of a credential.
    private static func credential(_ path: String) -> String {
        Shown.id(String(path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]))
    }

    static let policy = """
        # Rules and limits for every app. Written by 'mozaiks-ops init'; 'mozaiks-ops policy check' finds every mistake.
        schema: mozaiks.ops/policy/v1
        ops_policy: default

        # The built-in rules hold, and what stands below is laid over them. 'mozaiks-ops policy show' prints all of it.
        extends: builtin

        # Change a number:
        #thresholds:
        #  noisy_share: 60%

        # Change a rule key by key, or switch it off:
        #rules:
        #  noisy-neighbor: {for: 10m}
        #  dead-counters: {enabled: false}

        """
}

extension Invocation {
    /// Where a configuration is found without being named, in that order.
    fileprivate var defaultFolders: [String] {
        let home = environment.absolutePath("XDG_CONFIG_HOME") ?? environment.nonEmpty("HOME").map { $0 + "/.config" }
        return ["."] + [(home ?? "/etc") + "/mozaiks-ops", "/etc/mozaiks-ops"]
    }
}
