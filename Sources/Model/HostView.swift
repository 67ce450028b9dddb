/// What a machine says of itself at one moment: plain figures, counters as they stand. What could not be read is nil, and
/// `missing` says why.
public struct HostView: Hashable, Sendable {
    /// Seconds since 1970 at which it started: counters of one start are not those of another.
    public var startedAt: Int64?
    public var uptimeSeconds: Double?
    /// Cores that are online.
    public var cores: Int64?
    public var cpu: Ticks?
    /// Load average over a minute.
    public var load: Double?
    public var memory: Space?
    /// Nil of a machine without swap, too.
    public var swap: Space?
    public var mounts: [Mount]
    /// Processes killed for want of memory since the start.
    public var oomKills: Int64?
    public var files: Space?
    /// Share of the last minute in which something waited, in percent.
    public var pressure: [Resource: Double]
    /// What holds for the monitor's own container.
    public var group: Group
    public var missing: [Part: Why]
    /// Fields of a wrong type, counted and treated as absent.
    public var malformedFields: Int

    /// Ticks of all cores together since the start.
    public struct Ticks: Hashable, Sendable {
        public var busy: Int64
        public var all: Int64

        public init(busy: Int64, all: Int64) {
            self.busy = busy
            self.all = all
        }
    }

    /// So much of so much.
    public struct Space: Hashable, Sendable {
        public var used: Int64
        public var all: Int64

        public init(used: Int64, all: Int64) {
            self.used = used
            self.all = all
        }

        /// In percent; nil where there is nothing to use.
        public var percentUsed: Double? { all > 0 ? 100 * Double(min(max(used, 0), all)) / Double(all) : nil }
    }

    /// A file system, by the folder that it is asked at.
    public struct Mount: Hashable, Sendable {
        public var path: String
        /// Bytes; used is what whoever is not root cannot have any more.
        public var space: Space?
        /// Nil where the file system does not count them.
        public var inodes: Space?
        public var missing: Why?

        public init(path: String, space: Space? = nil, inodes: Space? = nil, missing: Why? = nil) {
            self.path = path
            self.space = space
            self.inodes = inodes
            self.missing = missing
        }
    }

    /// A control group: limits of its own, and what was used of them.
    public struct Group: Hashable, Sendable {
        /// Cores that may be used at a time; nil: no limit.
        public var cpuLimit: Double?
        /// Microseconds of cpu that were used.
        public var cpuUsed: Int64?
        public var periods: Int64?
        public var throttled: Int64?
        /// Against its limit; nil without one.
        public var memory: Space?
        public var oomKills: Int64?

        public init() {}
    }

    public enum Resource: String, Hashable, Sendable, CaseIterable {
        case cpu, memory, io
    }

    /// What is read by itself and can be missing by itself.
    public enum Part: String, Hashable, Sendable, CaseIterable {
        case cpu, load, memory, swap, oomKills = "oom_kills", files, uptime, group
        case pressureCPU = "pressure.cpu"
        case pressureMemory = "pressure.memory"
        case pressureIO = "pressure.io"
    }

    /// Why a part is missing.
    public struct Why: Hashable, Sendable {
        public var reason: MissingReason
        /// For people; bounded, without control characters.
        public var detail: String

        public init(_ reason: MissingReason, _ detail: String) {
            self.reason = reason
            self.detail = detail
        }
    }

    public init() {
        mounts = []
        pressure = [:]
        group = Group()
        missing = [:]
        malformedFields = 0
    }
}
