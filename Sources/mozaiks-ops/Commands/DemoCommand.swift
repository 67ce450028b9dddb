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
            Option("stage", value: "FILE", "addresses of a running 'simulate demo --front-door --announce FILE'"),
            Option("state", value: "DIR", "keep the journal here (default: a temporary folder, removed at the end)"),
        ],
        examples: [("mozaiks-ops demo", "watches it all in one process")]
    ) { invocation in
        try await Demo(invocation).run()
    }
}
