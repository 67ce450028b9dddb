import Ambient
import Glibc
import Model
import Synchronization

/// Looks at the machine that the monitor runs on: its own files, and the file systems of some folders.
public struct HostLook: Look {
    private let proc: String
    private let cgroup: String
    private let mounts: [String]
    private let timeout: TimeSpan
    private let clock: any Clock
    private let aside: Aside
    private let underWay = UnderWay()

    /// A file system that takes longer to say how full it is counts as one that does not answer.
    private static let patience = TimeSpan.seconds(5)

    /// Blocks for as long as a file system does.
    private let ask: @Sendable (_ path: String) -> HostView.Mount

    /// - Parameters:
    ///   - mounts: folders whose file systems are looked at.
    ///   - timeout: for the whole look.
    public init(proc: String = "/proc", cgroup: String = "/sys/fs/cgroup", mounts: [String] = ["/"], timeout: TimeSpan, clock: any Clock) {
        self.init(proc: proc, cgroup: cgroup, mounts: mounts, timeout: timeout, clock: clock, ask: { FileSystem.mount($0) })
    }

    init(
        proc: String, cgroup: String, mounts: [String], timeout: TimeSpan, clock: any Clock,
        ask: @escaping @Sendable (_ path: String) -> HostView.Mount
    ) {
        self.proc = proc
        self.cgroup = cgroup
        self.mounts = mounts
        self.timeout = timeout
        self.clock = clock
        self.ask = ask
        aside = Aside(clock: clock)
    }

    public func look() async -> Observation.Outcome {
        let (proc, cgroup) = (proc, cgroup)
        async let spaces = spaces()
        let texts = await once("\(proc) and \(cgroup)", within: timeout) { HostTexts.read(proc: proc, group: cgroup) }
        let mounts = await spaces
        switch texts {
        case .failure(let why):
            guard mounts.contains(where: { $0.missing == nil }) else { return .failure(.timeout, detail: why.detail) }
            return .answer(Observation.Answer(look: HostDocument.json(HostReading.silent(why, mounts: mounts))))
        case .success(let texts):
            switch HostReading.view(of: texts, mounts: mounts) {
            case .success(let view): return .answer(Observation.Answer(look: HostDocument.json(view)))
            case .failure(let fault): return .failure(.other, detail: "\(proc): \(fault)")
            }
        }
    }

    /// How full the mounts are, all asked at once: one that hangs holds up no other.
    private func spaces() async -> [HostView.Mount] {
        await withTaskGroup(of: (Int, HostView.Mount).self) { group in
            for (index, path) in mounts.enumerated() {
                group.addTask {
                    let found = await once(path, within: min(timeout, HostLook.patience)) { ask(path) }
                    switch found {
                    case .success(let mount): return (index, mount)
                    case .failure(let why): return (index, HostView.Mount(path: path, missing: why))
                    }
                }
            }
            var all: [(Int, HostView.Mount)] = []
            for await mount in group { all.append(mount) }
            return all.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Does what may hang on a thread of its own, unless such a thread hangs already: one is enough.
    private func once<Value: Sendable>(
        _ what: String, within limit: TimeSpan, _ work: @escaping @Sendable () -> Value
    ) async -> Result<Value, HostView.Why> {
        let underWay = underWay
        let started = clock.monotonicNanoseconds()
        if let since = underWay.since(what) {
            let waited = TimeSpan(milliseconds: Int64((started &- since) / 1_000_000))
            return .failure(HostView.Why(.unreachable, "\(what) has not answered for \(waited)"))
        }
        let value = await aside.run(within: limit) {
            underWay.begin(what, at: started)
            defer { underWay.end(what) }
            return work()
        }
        return value.map { .success($0) } ?? .failure(HostView.Why(.unreachable, "\(what) did not answer within \(limit)"))
    }
}

extension HostView.Why: Error {}

/// What is being asked and has not answered yet.
private final class UnderWay: Sendable {
    private let asked = Mutex<[String: UInt64]>([:])

    /// Since when it is being asked; nil: it is not.
    func since(_ what: String) -> UInt64? { asked.withLock { $0[what] } }
    func begin(_ what: String, at now: UInt64) { asked.withLock { $0[what] = now } }
    func end(_ what: String) { _ = asked.withLock { $0.removeValue(forKey: what) } }
}

/// How full a file system is.
enum FileSystem {
    /// Blocks for as long as the file system does.
    static func mount(_ path: String) -> HostView.Mount {
        var status = statvfs()
        var code: Int32 = 0
        repeat { code = statvfs(path, &status) == 0 ? 0 : errno } while code == EINTR
        guard code == 0 else {
            let reason: MissingReason = code == EACCES || code == EPERM ? .unauthorized : .unreachable
            return HostView.Mount(path: path, missing: HostView.Why(reason, String(cString: strerror(code))))
        }
        return mount(
            path,
            Figures(
                blocks: UInt64(status.f_blocks), free: UInt64(status.f_bfree), available: UInt64(status.f_bavail),
                size: UInt64(status.f_frsize), inodes: UInt64(status.f_files), freeInodes: UInt64(status.f_favail)))
    }

    /// As `statvfs` has them.
    struct Figures {
        var blocks: UInt64
        var free: UInt64
        var available: UInt64
        var size: UInt64
        var inodes: UInt64
        var freeInodes: UInt64
    }

    /// As `df` reckons: what is kept for root is neither used nor to be had.
    static func mount(_ path: String, _ figures: Figures) -> HostView.Mount {
        var mount = HostView.Mount(path: path)
        let used = figures.blocks - min(figures.free, figures.blocks)
        let all = used + min(figures.available, figures.blocks - used)
        mount.space = space(used: used, all: all, size: figures.size)
        // Some count none, and make as many as are wanted.
        mount.inodes = space(used: figures.inodes - min(figures.freeInodes, figures.inodes), all: figures.inodes, size: 1)
        return mount
    }

    /// In bytes, or in blocks where those are beyond counting; nil where there is nothing to use, as in a file system of the kernel's.
    private static func space(used: UInt64, all: UInt64, size: UInt64) -> HostView.Space? {
        guard all > 0 else { return nil }
        let most = UInt64(FileLines.most)
        let (bytes, isBeyond) = all.multipliedReportingOverflow(by: max(1, size))
        let factor = isBeyond || bytes > most ? 1 : max(1, size)
        guard all <= most else { return nil }
        return HostView.Space(used: Int64(used * factor), all: Int64(all * factor))
    }
}
