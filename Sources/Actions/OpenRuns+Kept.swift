import Model

extension OpenRuns {
    /// These figures in the place of newer ones that do not tell what was known of an app under a lease: one poll at which
    /// sources contradict each other does not open the gate, or whoever clutters the figures would open it.
    /// - Parameters:
    ///   - newer: nil: there are none.
    ///   - apps: those under a lease.
    ///   - staleAfter: older figures say nothing any more; then the newer ones stand, whatever they lack.
    /// - Returns: nil where the newer ones stand.
    public func inPlace(of newer: OpenRuns?, apps: [AppID], now: Timestamp, staleAfter: TimeSpan) -> OpenRuns? {
        if let newer {
            let isLost = apps.contains { (newer.apps[$0].map { $0.active == nil } ?? false) && self.apps[$0]?.active != nil }
            guard isLost, now - at <= staleAfter else { return nil }
        }
        var kept: [AppID: OpenRuns.App] = [:]
        for app in apps { kept[app] = self.apps[app] ?? newer?.apps[app] ?? OpenRuns.App(active: nil, chats: nil) }
        return OpenRuns(at: at, apps: kept)
    }
}
