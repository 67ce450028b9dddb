/// One of several monitors that share the work by one configuration: it watches those of the configured runtimes that are its own.
/// Which those are hangs on the names alone (`Digest`), so that nobody has to ask anybody.
public struct Shard: Hashable, Sendable, CustomStringConvertible {
    /// So many shards there may be at most.
    public static let most = 100

    /// From 1 to `count`.
    public let number: Int
    public let count: Int

    /// Nil unless `1 <= number <= count <= most`.
    public init?(_ number: Int, of count: Int) {
        guard (1...Shard.most).contains(count), (1...count).contains(number) else { return nil }
        self.number = number
        self.count = count
    }

    /// Reads `2/5`. Nil for everything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        // Digits alone: `Int` takes a sign too.
        guard parts.count == 2, parts.allSatisfy({ (1...3).contains($0.utf8.count) && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let number = Int(parts[0]), let count = Int(parts[1])
        else { return nil }
        self.init(number, of: count)
    }

    /// `2/5`.
    public var description: String { "\(number)/\(count)" }
}

/// Something configured that another shard watches.
public struct RuntimeElsewhere: Hashable, Sendable {
    public let watched: WatchedRuntime
    public let shard: Shard

    public init(_ watched: WatchedRuntime, _ shard: Shard) {
        self.watched = watched
        self.shard = shard
    }

    public var name: String { watched.name }

    /// `the runtime 'eu' (shard 3/5) is watched by another monitor`.
    public var sentence: String { "the \(watched.kind.rawValue) '\(Shown.id(name))' (shard \(shard)) is watched by another monitor" }
}
