import Ambient
import Glibc
import Model

/// What the files of a machine hold at one moment, as they are: the input of `HostReading`, which is pure.
struct HostTexts: Sendable {
    /// A file's bytes, or why there are none.
    enum Text: Sendable {
        case bytes([UInt8])
        /// An `errno`.
        case failure(Int32)
    }

    /// By their paths below `/proc`.
    var proc: [String: Text] = [:]
    /// By their paths below the control group.
    var group: [String: Text] = [:]

    static let procFiles = [
        "stat", "meminfo", "loadavg", "vmstat", "uptime", "sys/fs/file-nr", "pressure/cpu", "pressure/memory", "pressure/io",
    ]
    /// Of version 2, where all controllers are in one folder, and of version 1, where each has its own.
    static let groupFiles = [
        "cgroup.controllers", "cpu.max", "cpu.stat", "memory.max", "memory.current", "memory.stat", "memory.events",
        "cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us", "cpu/cpu.stat", "cpuacct/cpuacct.usage", "memory/memory.limit_in_bytes",
        "memory/memory.usage_in_bytes", "memory/memory.stat", "memory/memory.oom_control",
    ]

    /// More than a kernel writes for thousands of cores and interrupts.
    private static let longest = 4 << 20

    /// Reads them all. May block where the folders are no kernel's.
    static func read(proc: String, group: String) -> HostTexts {
        var texts = HostTexts()
        for name in procFiles { texts.proc[name] = text("\(proc)/\(name)") }
        for name in groupFiles { texts.group[name] = text("\(group)/\(name)") }
        return texts
    }

    private static func text(_ path: String) -> Text {
        let descriptor: Int32
        do {
            descriptor = try RegularFile.open(path)
        } catch {
            return .failure(error.code)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < longest {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { break }
            guard count > 0 else {
                if errno == EINTR { continue }
                return .failure(errno)
            }
            bytes += chunk[..<count]
        }
        return .bytes(bytes)
    }
}

extension HostView.Why {
    /// Why a file of the kernel's says nothing. What a kernel does not have, or has switched off, it does not track.
    init(failure code: Int32, of name: String) {
        switch code {
        case ENOENT, ENOTDIR, EOPNOTSUPP, ENOSYS: self.init(.notTracked, "no \(name)")
        case EACCES, EPERM: self.init(.unauthorized, "\(name) may not be read")
        // 0: it is there and is no file.
        case 0: self.init(.malformed, "\(name) is not a file")
        default: self.init(.unreachable, "\(name): \(String(cString: strerror(code)))")
        }
    }
}
