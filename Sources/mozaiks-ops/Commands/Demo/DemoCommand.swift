import Ambient
import Model

/// `demo`: the main job, live.
enum DemoCommand {
    static let command = Command(
        ["demo"], "The main job, live, in about 30 seconds: a noisy tenant is held back and let go",
        discussion: "A simulated runtime with five tenants on loopback, a reverse proxy that asks the gate, a Slack sink, and the "
            + "monitor in enforce mode. Its policy has short intervals and is printed. 'make demo' runs the simulator in a "
            + "process of its own; without --stage it runs inside this one.",
        options: [
            Option(
                "scenario", value: "NAME",
                "another story, in no time and without sockets: what the rules make of it, beside what a careful operator expects"),
            Option("list", "the scenarios that have such a truth beside them"),
            Option("policies", value: "DIR", "with --scenario: the rules to try (default: the built-in ones)"),
            Option("keep-open", "when the story is told, keep the page open until Ctrl-C, with a token for its buttons"),
            Option("stage", value: "FILE", "addresses of a running 'simulate demo --front-door --announce FILE'"),
            Option("state", value: "DIR", "keep the journal here (default: a temporary folder, removed at the end)"),
        ],
        examples: [
            ("mozaiks-ops demo", "watches it all in one process"),
            ("mozaiks-ops demo --keep-open", "and leaves the page open to look around"),
            ("mozaiks-ops demo --scenario mongo-killed", "a dead MongoDB: who is told what, and that nobody is held back"),
        ]
    ) { invocation in
        if invocation.arguments.has("list") {
            invocation.list(Play.scenarios)
            return .ok
        }
        if let name = invocation.arguments.value("scenario") { return try Play(invocation).run(name) }
        return try await Demo(invocation).run()
    }
}
