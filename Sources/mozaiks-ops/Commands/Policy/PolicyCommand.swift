import Composition
import Configuration
import Cycle
import Model
import Policy
import Views

/// `policy show|signals`.
enum PolicyCommand {
    static let folder = Positional("DIR", required: false, "folder of policy files (default: as configured)")

    static let show = Command(
        ["policy", "show"], "Show the policy that holds, with the file and line of each value",
        discussion: "With 'extends: builtin' in ops_policy.default.yaml the built-in policy holds below it; ops_rules.NAME.yaml are laid "
            + "over both, in the order of their names.",
        positionals: [folder],
        options: [MonitorOptions.policies, Option("app", value: "APP_ID", "as it holds for this app")],
        examples: [
            ("mozaiks-ops policy show", "the default policy"),
            ("mozaiks-ops policy show --app app_clinic", "what holds for one app, and which file says so"),
        ]
    ) { invocation in
        let policies: PolicySet
        do {
            policies = try load(invocation)
        } catch let errors as PolicyErrors {
            throw invocation.diagnosed(errors.diagnostics)
        }
        let rendering = PolicyRendering(policies, app: invocation.arguments.value("app").map { AppID($0) })
        invocation.print(text: rendering.text, as: .effectivePolicy, json: rendering.json.object ?? JSONObject())
        return .ok
    }

    static let signals = Command(
        ["policy", "signals"], "List the signals that conditions may read",
        discussion:
            "Each with its unit, what it is read of (app, workflow, runtime, replica, host, service) and what it is missing without: "
            + "counters that the runtime moves, or a gate that a proxy asks. "
            + "Rates, ratios, quantiles and counts are over a window: error_rate[10m], or the policy's window where none is "
            + "written. 'policy check --against URL' tells which of them a runtime shows.",
        examples: [
            ("mozaiks-ops policy signals", "what a condition may be made of"),
            ("mozaiks-ops policy signals -o json | jq -r '.signals[].name'", "the names alone"),
        ]
    ) { invocation in
        invocation.print(
            text: invocation.terminal.table(
                ["signal", "unit", "of", "over a window", "needs", "meaning"],
                Signal.table.map { info in
                    [
                        info.name, info.unit.word, info.subjects.map(\.rawValue).joined(separator: ", "),
                        info.signal.isWindowed ? "yes" : "-",
                        info.needs.isEmpty ? "-" : info.needs.joined(separator: ", "), info.summary,
                    ]
                }),
            json: SignalList.document)
        return .ok
    }

    private static func load(_ invocation: Invocation) throws -> PolicySet {
        if let folder = invocation.arguments.positional("DIR") { return try Assembly.loadPolicies(folder: folder) }
        return try Assembly.loadPolicies(invocation.configuration())
    }
}

/// `config show|check`.
enum ConfigCommand {
    static let check = Command(
        ["config", "check"], "Find every mistake of the configuration and the policies that it names",
        discussion: "Reads what the daemon would read, secrets included, and says everything that is wrong at once, with line and column. "
            + "Nothing is written or sent. Exit code 78 when there is an error, 1 with --strict when there is a warning.",
        options: [Option("strict", "warnings count")] + MonitorOptions.all,
        examples: [
            ("mozaiks-ops config check", "before a restart or a reload"),
            ("mozaiks-ops config check --config new.yaml --strict", "of a file that is not in force yet, in a pipeline"),
        ]
    ) { invocation in
        let configuration = try invocation.watchingConfiguration()
        let policies = try invocation.policies(configuration)
        let secrets = Assembly.unreadable(configuration, invocation.environment)
        for fault in secrets { complain(fault, hint: nil) }
        let warnings =
            configuration.warnings.count + policies.warnings.count + Strangers(configuration, policies).warnings.count + secrets.count
        let place = configuration.file ?? "the environment and the command line"
        func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
        let parts = [
            count(configuration.runtimes.count, "runtime"), count(configuration.channels.count, "channel"),
            "mode \(min(configuration.mode.value, policies.defaultPolicy.mode).rawValue)",
            "policies \(Shown.line(configuration.policies.value ?? "built in"))", count(warnings, "warning"),
        ]
        invocation.print(
            text: "ok: \(Shown.line(place)): \(parts.joined(separator: ", "))\n",
            as: .configCheck,
            json: [
                "ok": true, "file": .optional(configuration.file),
                "runtimes": .strings(configuration.runtimes.map(\.name)), "channels": .strings(configuration.channels.map(\.name)),
                "warnings": .int(Int64(warnings)),
            ])
        return invocation.arguments.has("strict") && warnings > 0 ? .failure : .ok
    }

    static let show = Command(
        ["config", "show"], "Show every setting and where it comes from",
        discussion: "Flags win over the environment, the environment over the file, the file over defaults. "
            + "Secrets show as the place they are read from.\n\n${NAME} in the file stands for a variable of the environment, "
            + "${NAME:-text} for the text where it is not set or empty; secrets have no such text.",
        options: MonitorOptions.all,
        examples: [("mozaiks-ops config show", "each value with its origin")]
    ) { invocation in
        let configuration = try invocation.configuration()
        invocation.print(text: configuration.text, as: .settings, json: ["settings": configuration.json])
        return .ok
    }
}
