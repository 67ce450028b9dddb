import Model

/// Leases on one key that follow each other with hardly a break are one row: to the tenant they are one long action. A row
/// lasts no longer than one lease may, so that a tenant that stays noisy is not acted upon, let go and acted upon again for
/// hours: after that a person decides.
extension GuardState {
    /// Leases that follow within this time are of one row. A rule needs its `for`, and the cool-down passes, before the next.
    static let rowGap = TimeSpan.minutes(30)

    struct Row: Hashable {
        let start: Timestamp
        var end: Timestamp
        var length: TimeSpan { end - start }
    }

    /// The rows on a key within a day, oldest first. What a person approved belongs to none.
    func rows(_ key: LeaseKey, pretends: Bool) -> [Row] {
        var rows: [Row] = []
        // In the order of creation, which is that of the book.
        for lease in leases where lease.key == key && !lease.isApproved && (pretends || !lease.shadow) {
            let end = lease.endedAt ?? lease.expiresAt
            if let last = rows.last, lease.createdAt - last.end <= GuardState.rowGap {
                rows[rows.count - 1].end = max(last.end, end)
            } else {
                rows.append(Row(start: lease.createdAt, end: end))
            }
        }
        return rows
    }

    /// When a lease that begins now on this key must end at the latest.
    func latestEnd(_ key: LeaseKey, pretends: Bool, _ options: GuardOptions, _ now: Timestamp) -> Timestamp {
        guard let row = rows(key, pretends: pretends).last, now - row.end <= GuardState.rowGap else {
            return now + options.maxLease
        }
        return row.start + options.maxLease
    }

    /// When a lease of the book must end at the latest.
    func latestEnd(_ lease: Lease, _ options: GuardOptions) -> Timestamp {
        guard !lease.isApproved else { return lease.createdAt + options.maxLease }
        let row = rows(lease.key, pretends: lease.shadow).last { $0.start <= lease.createdAt }
        return (row?.start ?? lease.createdAt) + options.maxLease
    }

    /// A row that leaves no room for half of another such lease; nil when there is none.
    func fullRow(
        _ key: LeaseKey, ttl: TimeSpan, pretends: Bool, _ options: GuardOptions, _ now: Timestamp
    ) -> Row? {
        let half = TimeSpan(milliseconds: ttl.milliseconds / 2)
        let rows = rows(key, pretends: pretends)
        if let last = rows.last, now - last.end <= GuardState.rowGap, last.start + options.maxLease - now < half {
            return last
        }
        return rows.last { $0.length + half > options.maxLease }
    }
}
