// swift-tools-version: 6.0
import PackageDescription

// Rooms in the order in which they may import: a room imports only from above it.
// docs/architecture.md holds the table with what each room is for.

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .unsafeFlags(["-warnings-as-errors"])]

/// Of the program itself: without the regular expressions of the standard library, which nothing here uses and which
/// would be linked in for a `contains` of texts, 1 MB of it.
let lean: [SwiftSetting] =
    strict + [.unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"])]

/// Rooms in which tests compute for minutes: optimised in debug builds too, which takes half of `make test`'s time off. What
/// optimisation leaves out of a debug build is `assert`, and there is none. And rooms with threads of their own, where only
/// an optimised build shows what is read once too few.
let busy: Set = [
    "Text", "Model", "Digest", "JSONParsing", "YAML", "Signals", "Policy", "Engine", "Guard", "Telling", "Collector", "Journal",
    "Simulator",
    "Cycle", "Daemon", "Ambient", "Server",
]

/// Rooms that are at work in every cycle or over long tapes. All others are compiled for size: what a daemon holds in
/// memory is above all the pages of its own code, and pages are what a short `check` waits for.
let hot: Set = ["Text", "Model", "Digest", "JSONParsing", "Signals", "Engine", "Guard", "Collector", "Journal", "Cycle", "Daemon"]

/// What of a release build differs by room: each function in a section of its own, so that the linker can leave out
/// what nobody calls and fold what is the same.
func release(_ name: String) -> SwiftSetting {
    .unsafeFlags(
        ["-Xfrontend", "-function-sections"] + (hot.contains(name) ? [] : ["-Osize"]), .when(configuration: .release))
}

/// The commit, as `.ci/commit` told it to whoever builds by `make`. Not asked of git here (`Context.gitInformation`): what a
/// manifest says is kept from build to build, and an older commit's answer would be shown for this one. What does not look like
/// one is left out rather than written into a source.
let commit = Context.environment["MOZAIKS_COMMIT"].flatMap { text in
    !text.isEmpty && text.utf8.count <= 64 && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
        ? text : nil
}

/// A room of product code.
func room(_ name: String, _ imports: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource]? = nil)
    -> Target
{
    .target(
        name: name, dependencies: imports, exclude: exclude, resources: resources,
        swiftSettings: lean + [release(name)] + (busy.contains(name) ? [.unsafeFlags(["-O"], .when(configuration: .debug))] : []))
}

/// The tests of one room.
func tests(_ name: String, _ imports: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name + "Tests", dependencies: imports + ["TestKit"], exclude: exclude, swiftSettings: strict)
}

let package = Package(
    name: "mozaiks-ops",
    products: [.executable(name: "mozaiks-ops", targets: ["mozaiks-ops"])],
    targets: [
        // C and C++ libraries of the distribution. `Lib*` finds the library and names its package when it is
        // missing; `C*` adds the few functions that Swift cannot call itself (variadics, C++).
        .systemLibrary(name: "LibSimdJSON", pkgConfig: "simdjson", providers: [.apt(["libsimdjson-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "CPlatform", cSettings: commit.map { [.define("MOZAIKS_COMMIT", to: "\"\($0)\"")] } ?? []),
        // Opened when something of them is needed first: nothing is linked, their headers are in libcurl4-openssl-dev,
        // libmicrohttpd-dev and, of what libmicrohttpd itself speaks TLS with, libgnutls28-dev, which comes with it.
        .target(name: "CCurl", dependencies: ["CPlatform"]),
        .target(name: "CMicroHTTPD", dependencies: ["CPlatform"]),
        .target(
            name: "CSimdJSON", dependencies: ["LibSimdJSON"],
            cxxSettings: [.unsafeFlags(["-O3"])], linkerSettings: [.linkedLibrary("stdc++")]),
        // libpq is opened when a journal in PostgreSQL is wanted: nothing is linked, its header is in libpq-dev.
        .target(name: "CPostgres"),

        // Pure rooms: values in, values out. No clock, no randomness, no I/O.
        room("Text"),
        room("Model", ["Text"]),
        room("Digest", ["Model", "CCrypto"]),
        room("JSONParsing", ["Model", "CSimdJSON"]),
        room("YAML", ["Text", "CYAML"]),
        room("Signals", ["Model"]),
        room("Policy", ["Model", "YAML"]),
        room("Playbooks", ["Model", "YAML"]),
        room("Engine", ["Model", "Digest", "Signals", "Policy"]),
        room("Guard", ["Model", "Digest", "Signals", "Policy", "Engine"]),
        room("PolicyTesting", ["Model", "YAML", "Signals", "Policy", "Engine", "Guard"]),
        room("Telling", ["Model", "Digest", "Engine", "Guard"]),

        // Rooms that touch the world.
        room("Ambient", ["Model", "CPlatform"]),
        room("HTTP", ["Model", "Digest", "JSONParsing", "Ambient", "CCurl"]),
        room("Settings", ["Model", "YAML", "Ambient", "HTTP"]),
        room("Collector", ["Model", "JSONParsing", "CSimdJSON", "YAML", "Ambient", "HTTP", "Settings"]),
        room("Journal", ["Model", "Digest", "CSQLite", "CPostgres"]),
        room("Actions", ["Model", "JSONParsing", "YAML", "Ambient", "HTTP", "Settings"]),
        room("Notify", ["Model", "Digest", "JSONParsing", "YAML", "Policy", "Ambient", "HTTP", "Settings"]),
        // Never the rooms that decide on actions or take them: a test looks.
        room("Advisor", ["Model", "JSONParsing", "YAML", "Playbooks", "Ambient", "HTTP", "Settings"]),
        room("Server", ["Model", "Ambient", "Collector", "Actions", "CMicroHTTPD"]),
        room("Simulator", ["Model", "Digest", "JSONParsing", "Ambient", "Server"]),
        room(
            "Configuration",
            [
                "Model", "Digest", "YAML", "Guard", "Telling", "Ambient", "HTTP", "Settings", "Collector", "Journal", "Actions", "Notify",
                "Advisor",
            ]),
        // Pure but for a journal that is read: the daemon, the single pass and the replays turn this crank.
        room(
            "Cycle",
            ["Model", "JSONParsing", "Signals", "Policy", "Engine", "Guard", "Telling", "Collector", "Journal", "Actions", "Notify"]),
        room(
            "Daemon",
            [
                "Model", "JSONParsing", "Signals", "Policy", "Playbooks", "Engine", "Guard", "Ambient", "Collector", "Journal", "Actions",
                "Notify", "Advisor", "Server", "Cycle",
            ]),
        room(
            "Views",
            [
                "Model", "Digest", "JSONParsing", "YAML", "Signals", "Policy", "Playbooks", "Engine", "Guard", "PolicyTesting", "Telling",
                "Journal", "Actions", "Notify", "Advisor", "Cycle",
            ]),
        room(
            "Web",
            [
                "Model", "Digest", "JSONParsing", "Signals", "Policy", "Playbooks", "Engine", "Guard", "Telling", "Ambient", "Collector",
                "Journal", "Server", "Configuration", "Cycle", "Views",
            ]),
        // Where all of it is put together, and nowhere else.
        room(
            "Composition",
            [
                "Model", "YAML", "Signals", "Policy", "Playbooks", "Telling", "Ambient", "HTTP", "Settings", "Collector",
                "Journal",
                "Actions", "Notify", "Advisor", "Server", "Configuration", "Cycle", "Daemon", "Views", "Web",
            ]),
        .executableTarget(
            name: "mozaiks-ops",
            dependencies: [
                "Composition", "Model", "Digest", "JSONParsing", "YAML", "Signals", "Policy", "Engine", "Guard", "Telling", "Ambient",
                "HTTP", "Collector",
                "Journal", "Actions", "Notify", "Advisor", "Server", "Simulator", "Configuration", "Cycle", "Daemon", "Playbooks",
                "PolicyTesting", "Settings",
                "Views", "Web",
            ],
            swiftSettings: lean + [release("mozaiks-ops")],
            // The linker of the toolchain; relocations packed, which are read at every start: 0.8 MB become 7 kB; and no
            // table of symbols for others to link against.
            linkerSettings: [
                .unsafeFlags([
                    "-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs", "-Xlinker", "--icf=safe",
                    "-Xlinker", "--no-export-dynamic",
                ])
            ]),

        // Tests.
        .target(name: "TestKit", dependencies: ["Model"], path: "Tests/TestKit", swiftSettings: strict),
        tests("Text", ["Text"]),
        tests("Model", ["Model", "JSONParsing"]),
        tests("Digest", ["Model", "Digest"]),
        tests("JSONParsing", ["Model", "JSONParsing"]),
        tests("YAML", ["YAML"]),
        tests("Signals", ["Model", "Signals", "Collector"]),
        tests("Policy", ["Model", "YAML", "Policy", "Ambient"], exclude: ["good", "bad", "golden"]),
        tests(
            "Configuration",
            [
                "Model", "YAML", "Policy", "Telling", "Ambient", "HTTP", "Settings", "Collector", "Journal", "Actions", "Notify", "Advisor",
                "Configuration",
            ],
            exclude: ["golden"]),
        tests("Playbooks", ["Model", "YAML", "Policy", "Playbooks"]),
        // A world in which policies decide, for the tests of whoever judges and whoever acts.
        .target(
            name: "DecisionKit", dependencies: ["Model", "Signals", "Policy", "Engine", "Guard"], path: "Tests/DecisionKit",
            swiftSettings: strict),
        tests("Engine", ["Model", "Digest", "Signals", "Policy", "Engine", "Guard", "DecisionKit"]),
        tests("Guard", ["Model", "JSONParsing", "Policy", "Engine", "Guard", "DecisionKit"]),
        tests("PolicyTesting", ["Model", "YAML", "Signals", "Policy", "Engine", "Guard", "PolicyTesting"]),
        tests("Telling", ["Model", "JSONParsing", "Engine", "Guard", "Telling"]),
        tests("Ambient", ["Model", "Ambient"]),
        tests("HTTP", ["Model", "Ambient", "HTTP", "Server"]),
        tests("Collector", ["Model", "JSONParsing", "Ambient", "HTTP", "Collector", "Server", "Simulator"]),
        tests("Journal", ["Model", "Digest", "Actions", "Journal", "Cycle", "CycleKit", "CSQLite", "CPostgres"], exclude: ["released"]),
        tests(
            "Notify", ["Model", "Digest", "JSONParsing", "Ambient", "HTTP", "Settings", "Notify", "Server", "Simulator"],
            exclude: ["golden", "mail", "slack"]),
        .target(name: "GateKit", dependencies: ["Model"], path: "Tests/GateKit", swiftSettings: strict),
        tests(
            "Actions", ["Model", "Digest", "JSONParsing", "Ambient", "HTTP", "Settings", "Actions", "Server", "Simulator", "GateKit"],
            exclude: ["openapi"]),
        .target(
            name: "EvalCases", dependencies: ["Model", "Playbooks", "Advisor", "HTTP", "Ambient", "JSONParsing", "TestKit"],
            path: "Tests/EvalCases", swiftSettings: strict),
        tests("Advisor", ["Model", "JSONParsing", "Playbooks", "Ambient", "HTTP", "Advisor", "EvalCases"]),
        tests("Server", ["Model", "JSONParsing", "Ambient", "Collector", "Actions", "Server", "GateKit"]),
        tests("Simulator", ["Model", "JSONParsing", "Ambient", "Actions", "Server", "Simulator", "Collector"]),
        // A runtime that is what a test says, and one that is simulated: for tests of the cycle and of whoever turns it.
        .target(
            name: "CycleKit", dependencies: ["Model", "JSONParsing", "Signals", "Policy", "Ambient", "Server", "Simulator", "Cycle"],
            path: "Tests/CycleKit",
            swiftSettings: strict),
        tests(
            "Cycle",
            ["Model", "JSONParsing", "Signals", "Policy", "Telling", "Collector", "Journal", "Simulator", "Cycle", "CycleKit"]),
        tests(
            "Daemon",
            [
                "Model", "Digest", "JSONParsing", "Signals", "Policy", "Engine", "Guard", "Telling", "Ambient", "HTTP", "Settings",
                "Collector",
                "Journal", "Actions", "Notify", "Advisor", "Playbooks", "EvalCases", "Server", "Simulator", "Cycle", "CycleKit", "Daemon",
            ]),
        tests(
            "Views",
            [
                "Model", "JSONParsing", "YAML", "Signals", "Policy", "Playbooks", "Engine", "Guard", "PolicyTesting", "Telling",
                "Collector", "Journal",
                "Actions", "Notify", "Advisor", "Cycle", "CycleKit", "Views",
            ]),
        tests("Composition", ["Model", "Ambient", "Collector", "Actions", "Configuration", "Composition", "Web"]),
        tests(
            "Web",
            [
                "Model", "Digest", "Ambient", "JSONParsing", "Signals", "Policy", "Engine", "Guard", "Journal", "Server", "Simulator",
                "Configuration", "Cycle", "CycleKit", "Views", "Web",
            ], exclude: ["openapi.py", "browser.py"]),
        tests(
            "Command", ["Model", "JSONParsing", "Simulator", "EvalCases", "CSQLite", "CPostgres"],
            exclude: ["golden", "deploy.py", "schemas.py", "top.py"]),

        // What `make fuzz` tries the Swift readers with, and every run of the tests the inputs that are kept of it.
        .target(
            name: "FuzzKit",
            dependencies: [
                "Text", "Model", "JSONParsing", "YAML", "Signals", "Policy", "Engine", "Guard", "Telling", "Ambient", "HTTP", "Collector",
                "Actions", "Notify", "Server", "Configuration", "Web",
            ],
            path: "Tests/FuzzKit", swiftSettings: strict),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzKit"], path: "Tests/FuzzTests", swiftSettings: strict),

        // What `make chaos` kills the monitor in.
        .target(
            name: "ChaosKit", dependencies: ["Model", "JSONParsing", "Server", "Simulator"], path: "Tests/Chaos/Kit", swiftSettings: strict),
        .executableTarget(
            name: "chaos-world", dependencies: ["ChaosKit", "Model", "JSONParsing", "Ambient", "Server", "Simulator"],
            path: "Tests/Chaos/World", swiftSettings: strict),

        // What `make soak` runs: the daemon's parts in a month that takes minutes.
        .target(name: "CJobs", path: "Tests/Soak/CJobs"),
        .executableTarget(
            name: "soak",
            dependencies: [
                "CJobs", "ChaosKit", "CycleKit", "Composition", "Model", "JSONParsing", "Ambient", "HTTP", "Collector", "Journal", "Server",
                "Simulator", "Configuration", "Daemon",
            ],
            path: "Tests/Soak/Month", swiftSettings: strict),

        // What `make evals` runs.
        .executableTarget(
            name: "evals", dependencies: ["EvalCases", "Model", "Playbooks", "Advisor"], path: "Tests/Evals", exclude: ["run"],
            swiftSettings: strict),

        // What `make bench` runs. Only here is Foundation imported, to be measured against.
        .target(
            name: "BenchReference", dependencies: ["LibSimdJSON"], path: "Tests/BenchReference",
            cSettings: [.unsafeFlags(["-O3"])], cxxSettings: [.unsafeFlags(["-O3"])],
            linkerSettings: [.linkedLibrary("stdc++")]),
        .executableTarget(
            name: "bench",
            dependencies: [
                "BenchReference", "Model", "Signals", "Policy", "Engine", "Collector", "Journal", "Actions", "Server", "Simulator", "Cycle",
            ],
            path: "Tests/Bench", exclude: ["run", "outside.py", "processes.py", "reference", "table.py", "viewers.py"],
            swiftSettings: strict),
    ],
    cxxLanguageStandard: .cxx17
)
