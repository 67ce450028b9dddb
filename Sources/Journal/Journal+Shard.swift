import Model

/// Whose a journal is, where several monitors share the work.
extension Journal {
    private static let shardKey = "shard"

    /// The shard whose state it is; nil where it is of the only monitor, or nobody has said.
    public func shard() throws(JournalError) -> Shard? {
        do throws(JournalError) {
            return try state(Journal.shardKey).flatMap { Shard(String(decoding: $0, as: UTF8.self)) }
        } catch  where error.cause == .corrupt {
            // What cannot be read keeps nobody away.
            return nil
        }
    }

    /// Why a journal of one shard is not another's, and not of a monitor that knows of no shards; nil where it is.
    public static func fault(of kept: Shard, for own: Shard?, in folder: StateFolder) -> JournalError? {
        guard own.map({ kept.number != $0.number }) ?? (kept.count > 1) else { return nil }
        return JournalError(
            operation: "use the state", path: folder.path, cause: .otherShard(found: "\(kept)", own: own.map { "\($0)" }))
    }

    /// Makes it this shard's. Throws `.otherShard` where it is another's: what that one watches would be given up here, and its
    /// incidents ended. The count may change, and a journal that had no shard may get one.
    public func claim(_ shard: Shard?) throws(JournalError) {
        let kept = try self.shard()
        if let kept, let fault = Journal.fault(of: kept, for: shard, in: folder) { throw fault }
        guard let shard, kept != shard else { return }
        try commitTick(TickRecord(states: [StateRow(key: Journal.shardKey, bytes: Array("\(shard)".utf8))]))
    }
}
