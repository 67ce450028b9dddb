import Model

/// One at a time for each app, in the order of asking: a document is read, changed and written whole, and two who do so at once lose
/// what one of them wrote.
actor AppTurns {
    private var waiting: [AppID: [CheckedContinuation<Void, Never>]] = [:]

    /// Waits until it is this caller's turn; `leave` must follow. Turns are short, so that waiting is not cancelled.
    func enter(_ app: AppID) async {
        guard waiting[app] != nil else {
            waiting[app] = []
            return
        }
        await withCheckedContinuation { waiting[app, default: []].append($0) }
    }

    func leave(_ app: AppID) {
        guard var queue = waiting[app], !queue.isEmpty else {
            waiting[app] = nil
            return
        }
        let next = queue.removeFirst()
        waiting[app] = queue
        next.resume()
    }
}
