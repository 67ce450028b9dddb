import Settings

/// The keys of `hosts`.
enum HostKeys {
    static let mounts = SettingKey(
        "mounts", .list(.path), fallback: "[/]", "Folders whose file systems are looked at: what is left of space and inodes")
    static let proc = SettingKey(
        "proc", .path, fallback: "/proc",
        "Where the kernel tells of itself; in a container where the machine's own is mounted, such as /host/proc")
    static let cgroup = SettingKey(
        "cgroup", .path, fallback: "/sys/fs/cgroup", "Where control groups are: the limits of the monitor's own container")
    static let carries = SettingKey(
        "carries", .list(.text(example: "shared")), fallback: "those that are reached on loopback alone",
        "Runtimes that run there: rules on the host may keep quiet what is seen of them")
    static let labels = SettingKey(
        "labels", .named("LABEL", .text()), "Stand on every incident of the host; routes can pick by them, conditions ask for them")
    static let section = SettingSection([mounts, proc, cgroup, carries, labels])
}
