import Model
import TestKit
import Testing

@testable import Collector

/// What files of real kernels say, and what foreign ones do not.
@Suite struct HostReadingTests {
    static let hosts = [
        "linux-6.18-cgroup1", "linux-6.8-container-limits", "linux-6.1-machine-cgroup2", "linux-3.10-container-cgroup1",
    ]

    static func texts(_ host: String) -> HostTexts {
        let folder = Fixtures.repository + "/Tests/Fixtures/hosts/" + host
        return HostTexts.read(proc: folder + "/proc", group: folder + "/cgroup")
    }

    static func view(_ texts: HostTexts, mounts: [HostView.Mount] = []) throws -> HostView {
        try HostReading.view(of: texts, mounts: mounts).get()
    }

    @Test("a machine with control groups of version 1 and no limits")
    func version1() throws {
        let view = try Self.view(Self.texts("linux-6.18-cgroup1"))
        #expect(view.cpu == HostView.Ticks(busy: 4_370_646, all: 5_867_645) && view.cores == 2)
        #expect(view.startedAt == 1_796_014_304 && view.uptimeSeconds == 29_412.43 && view.load == 11.74)
        #expect(view.memory == HostView.Space(used: 2_063_253_504, all: 25_276_059_648))
        #expect(view.swap == nil && view.missing[.swap]?.reason == .notTracked)
        #expect(view.files == HostView.Space(used: 4_062, all: 2_466_165) && view.oomKills == 0)
        #expect(view.pressure == [.cpu: 99.48, .memory: 0, .io: 0.05])
        #expect(view.group.cpuLimit == nil && view.group.periods == nil && view.group.memory == nil)
        #expect(view.group.cpuUsed == 43_795_015_445 && view.group.oomKills == 0)
    }

    @Test("a container with limits, control groups of version 2")
    func limits() throws {
        let view = try Self.view(Self.texts("linux-6.8-container-limits"))
        #expect(view.group.cpuLimit == 1.5 && view.group.cpuUsed == 8_214_039_511)
        #expect(view.group.periods == 61_234 && view.group.throttled == 9_876)
        // What files hold and can be dropped at once is not in use.
        #expect(view.group.memory == HostView.Space(used: 440_000_000, all: 536_870_912))
        #expect(view.group.oomKills == 2 && view.oomKills == 7)
        #expect(view.swap?.percentUsed == 50 && view.memory?.percentUsed == 25)
        #expect(view.files == nil && view.missing[.files]?.reason == .notTracked, "such a kernel has no limit of open files")
        #expect(view.pressure == [.cpu: 20.25, .memory: 1.5, .io: 3.75])
    }

    @Test("the root of control groups of version 2 has no limits, and this kernel no pressure")
    func root() throws {
        let view = try Self.view(Self.texts("linux-6.1-machine-cgroup2"))
        #expect(view.group.cpuLimit == nil && view.group.memory == nil && view.group.throttled == nil)
        #expect(view.pressure.isEmpty)
        for part in [HostView.Part.pressureCPU, .pressureMemory, .pressureIO] { #expect(view.missing[part]?.reason == .notTracked) }
        #expect(view.memory?.percentUsed == 25)
    }

    @Test("a container on an old kernel: no kills counted, no pressure")
    func old() throws {
        let view = try Self.view(Self.texts("linux-3.10-container-cgroup1"))
        #expect(view.group.cpuLimit == 0.5 && view.group.cpuUsed == 2_000_000)
        #expect(view.group.periods == 400 && view.group.throttled == 100)
        #expect(view.group.memory == HostView.Space(used: 180_000_000, all: 268_435_456))
        #expect(view.oomKills == nil && view.missing[.oomKills]?.reason == .notTracked && view.group.oomKills == nil)
        #expect(view.cpu == HostView.Ticks(busy: 5_162, all: 22_637_015) && view.cores == 2)
        #expect(view.files?.all == 797_218)
    }

    @Test("what is not as a kernel writes it is malformed, and never zero")
    func broken() throws {
        var texts = Self.texts("linux-6.18-cgroup1")
        func put(_ name: String, _ text: String) { texts.proc[name] = .bytes(Array(text.utf8)) }
        put("loadavg", "")
        put("uptime", "never\n")
        put("vmstat", "oom_kill -5\n")
        put("sys/fs/file-nr", "12\n")
        put("pressure/cpu", "some avg10=nan avg60=inf avg300=1 total=2\n")
        put("pressure/memory", "full avg10=0.00 avg60=0.00\n")
        put("pressure/io", "some avg10=0.00 avg60=250.00\n")
        put("meminfo", "MemTotal: 100 kB\nMemAvailable: 200 kB\nSwapTotal: 10 kB\nSwapFree: 11 kB\n")
        let view = try Self.view(texts)
        #expect(view.load == nil && view.uptimeSeconds == nil && view.oomKills == nil && view.files == nil && view.pressure.isEmpty)
        #expect(view.memory == nil && view.swap == nil)
        for part in [HostView.Part.load, .uptime, .files, .pressureCPU, .pressureMemory, .pressureIO, .memory, .swap] {
            #expect(view.missing[part]?.reason == .malformed, "\(part)")
        }
    }

    @Test("a file that may not be read, one that is away, one that is switched off")
    func failures() throws {
        var texts = Self.texts("linux-6.18-cgroup1")
        texts.proc["vmstat"] = .failure(13)
        texts.proc["pressure/cpu"] = .failure(95)
        texts.proc["loadavg"] = .failure(2)
        texts.proc["uptime"] = .failure(5)
        let view = try Self.view(texts)
        #expect(view.missing[.oomKills]?.reason == .unauthorized)
        #expect(view.missing[.pressureCPU]?.reason == .notTracked && view.missing[.load]?.reason == .notTracked)
        #expect(view.missing[.uptime]?.reason == .unreachable)
    }

    @Test("where neither times nor memory can be read nothing is known")
    func nothing() {
        guard case .failure(let fault) = HostReading.view(of: HostTexts.read(proc: "/nowhere", group: "/nowhere"), mounts: []) else {
            Issue.record("a folder that is not there said something")
            return
        }
        #expect(fault.description == "no stat; no meminfo")
    }

    @Test("files that do not answer say why, each by itself, and the mounts all the same")
    func silent() {
        let why = HostView.Why(.unreachable, "/proc did not answer within 5s")
        let view = HostReading.silent(why, mounts: [HostView.Mount(path: "/", space: HostView.Space(used: 1, all: 2))])
        #expect(view.mounts.count == 1 && view.missing[.cpu] == why && view.missing[.pressureIO] == why)
    }

    // MARK: - The document

    @Test("what is read comes back from the document as it was", arguments: hosts)
    func document(_ host: String) throws {
        let mounts = [
            HostView.Mount(path: "/", space: HostView.Space(used: 60, all: 100), inodes: HostView.Space(used: 1, all: 10)),
            HostView.Mount(path: "/data", missing: HostView.Why(.unreachable, "/data did not answer within 5s")),
        ]
        let view = try Self.view(Self.texts(host), mounts: mounts)
        let answer = Observation.Answer(look: HostDocument.json(view))
        guard case .host(let back) = Decoder.decode(answer, of: .host) else {
            Issue.record("\(Decoder.decode(answer, of: .host))")
            return
        }
        #expect(back == view)
    }

    @Test("foreign documents: what is no host, and what only looks like one")
    func foreign() {
        func decoded(_ text: String) -> Decoded {
            Decoder.decode(
                Observation.Answer(status: 200, date: nil, contentType: nil, body: Body(Array(text.utf8))), of: .host)
        }
        for text in ["", "[]", "{}", "{\"mounts\": 3}", "<html>"] {
            guard case .missing(.host, .malformed, _) = decoded(text) else {
                Issue.record("\(text): \(decoded(text))")
                continue
            }
        }
        let odd =
            #"{"mounts":[7,{"path":"/","space":{"used":-1,"all":5}}],"load_1m":-2,"cores":0,"cpu":{"busy":"x","all":1},"#
            + #""missing":{"load":{"reason":"tired","detail":"a\u0007b"}},"cgroup":{"cpu_limit":0}}"#
        guard case .host(let view) = decoded(odd) else {
            Issue.record("\(decoded(odd))")
            return
        }
        #expect(view.load == nil && view.cores == nil && view.cpu == nil && view.group.cpuLimit == nil)
        #expect(view.mounts == [HostView.Mount(path: "/")] && view.malformedFields == 2)
        #expect(view.missing[.load]?.reason == .malformed && view.missing[.load]?.detail == "ab")
    }

    /// Bytes of real files, changed at random: nothing crashes, and what comes out are figures that can be.
    @Test(arguments: hosts) func anyBytesAreRead(_ host: String) throws {
        let whole = Self.texts(host)
        var dice = SeededDice(seed: 16)
        for _ in 0..<400 {
            var texts = whole
            for _ in 0...dice.below(3) {
                let name = dice.below(2) == 0 ? texts.proc.keys.sorted()[dice.below(texts.proc.count)] : ""
                if name.isEmpty {
                    let own = texts.group.keys.sorted()[dice.below(texts.group.count)]
                    texts.group[own] = changed(texts.group[own], &dice)
                } else {
                    texts.proc[name] = changed(texts.proc[name], &dice)
                }
            }
            guard case .success(let view) = HostReading.view(of: texts, mounts: []) else { continue }
            let spaces = [view.memory, view.swap, view.files, view.group.memory].compactMap { $0 }
            #expect(spaces.allSatisfy { $0.used >= 0 && $0.all > 0 || $0.percentUsed == nil })
            #expect(view.cpu.map { $0.busy >= 0 && $0.busy <= $0.all } ?? true)
            #expect(view.pressure.values.allSatisfy { (0...100).contains($0) })
            guard case .host(let back) = Decoder.decode(Observation.Answer(look: HostDocument.json(view)), of: .host) else {
                Issue.record("what was read cannot be decoded")
                return
            }
            #expect(back.cpu == view.cpu && back.memory == view.memory)
        }
    }

    private func changed(_ text: HostTexts.Text?, _ dice: inout SeededDice) -> HostTexts.Text {
        guard case .bytes(var bytes)? = text, !bytes.isEmpty else { return .failure(Int32(dice.below(100))) }
        switch dice.below(5) {
        case 0: bytes.removeLast(dice.below(bytes.count) + 1)
        case 1: bytes[dice.below(bytes.count)] = UInt8(dice.below(256))
        case 2: bytes.insert(contentsOf: "99999999999999999999".utf8, at: dice.below(bytes.count))
        case 3: bytes.insert(contentsOf: [0xFF, 0x00, 0x0A, 0x2D], at: dice.below(bytes.count))
        default: bytes += bytes.suffix(dice.below(bytes.count))
        }
        return .bytes(bytes)
    }

    // MARK: - File systems

    @Test("how full a file system is, as df reckons it")
    func spaces() {
        let usual = FileSystem.mount(
            "/", .init(blocks: 1_000, free: 300, available: 250, size: 4_096, inodes: 500, freeInodes: 100))
        #expect(usual.space == HostView.Space(used: 700 * 4_096, all: 950 * 4_096))
        #expect(usual.inodes == HostView.Space(used: 400, all: 500) && usual.missing == nil)
        let none = FileSystem.mount("/sub", .init(blocks: 10, free: 5, available: 5, size: 4_096, inodes: 0, freeInodes: 0))
        #expect(none.inodes == nil && none.space?.percentUsed == 50)
        let kernels = FileSystem.mount("/proc", .init(blocks: 0, free: 0, available: 0, size: 4_096, inodes: 0, freeInodes: 0))
        #expect(kernels.space == nil && kernels.inodes == nil)
        let huge = FileSystem.mount(
            "/huge", .init(blocks: 1 << 59, free: 1 << 58, available: 1 << 58, size: 1 << 20, inodes: 1, freeInodes: 9))
        #expect(huge.space?.percentUsed == 50 && huge.inodes?.percentUsed == 0)
        let away = FileSystem.mount("/nowhere/at/all")
        #expect(away.missing?.reason == .unreachable && away.space == nil)
    }
}

/// Numbers that are the same in every run.
struct SeededDice {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    /// From 0 to `limit - 1`.
    mutating func below(_ limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(max(1, limit)))
    }
}
