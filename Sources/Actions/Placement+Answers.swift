import Model

// MARK: - What the adapter said

extension Placement {
    /// What came of looking. Nothing was changed by it.
    mutating func take(_ preparation: Preparation, for order: LeaseOrder, now: Timestamp, wait: (Int, TimeSpan?) -> TimeSpan) {
        guard phase == .preparing else { return }
        switch preparation {
        case .ready(let memo):
            self.memo = memo
            isTried = false
            asked = Terms(order)
            begin(.intended, now)
        case .noop:
            // Where a weaker one of ours is in force, that stays.
            placed == nil && asked == nil ? finish(.noop, now) : giveWay(now)
        case .retry(let after, let reason): fail(reason, after, now, wait)
        case .refused(let reason):
            if placed == nil { refusal = reason }
            placed == nil && asked == nil ? finish(.refused, now, reason) : giveWay(now, reason)
        }
    }

    /// What came of putting.
    mutating func take(_ landing: Landing, for order: LeaseOrder, now: Timestamp, wait: (Int, TimeSpan?) -> TimeSpan) {
        guard phase == .intended || phase == .reverting else { return }
        switch landing {
        case .landed(let memo):
            if let memo { self.memo = memo }
            placed = Terms(order)
            // The lease ended meanwhile: it is undone, by what was remembered now.
            guard phase == .intended else { return }
            begin(.landed, now)
            settleTerms(now)
        case .noop:
            // The lease ended meanwhile: that somebody else does the same is no reason to let it be.
            guard phase == .intended else { return }
            placed == nil ? finish(.noop, now) : giveWay(now)
        case .retry(let after, let reason):
            guard phase == .intended else { return }
            fail(reason, after, now, wait)
            // Other terms are wanted by now: those are what is tried next.
            if wanted != asked { begin(.preparing, dueAt, keepingFailures: true) }
        case .refused(let reason):
            // Neither is this what it did, nor what an earlier put did, known to be gone: undone, it is.
            placed = nil
            refusal = reason
            if phase != .reverting { begin(.reverting, now) }
        }
    }

    /// What came of undoing.
    mutating func take(_ undoing: Undoing, now: Timestamp, wait: (Int, TimeSpan?) -> TimeSpan) {
        guard phase == .reverting else { return }
        switch undoing {
        case .undone: finishUndone(.undone, now)
        case .alreadyGone: finishUndone(.alreadyGone, now)
        case .overwritten(let reason): finishUndone(.overwritten, now, reason)
        case .refused(let reason): finish(.stuck, now, reason)
        case .retry(let after, let reason): fail(reason, after, now, wait)
        }
    }

    /// What the receiver holds, asked after a start and now and then: an intent of which nothing was heard did land, or
    /// what had landed is not there any more.
    /// - Returns: whether that is news.
    mutating func reconcile(isHeld: Bool, now: Timestamp) -> Bool {
        switch (phase, isHeld) {
        case (.intended, true) where placed == nil && isTried:
            placed = asked
            begin(.landed, now)
            settleTerms(now)
        case (.landed, false):
            // A receiver that ended it in its time did what it should.
            if expiry == .receiver, let placed, placed.expiresAt <= now { return false }
            placed = nil
            switch expiry {
            case .receiver: begin(.preparing, now)
            // What stands there now is someone else's choice: it is not put again.
            case .monitor: begin(.reverting, now)
            }
            lastError = "it was no longer there"
        default: return false
        }
        return true
    }

    // MARK: Steps of the steps

    /// Whether what is in force is what is wanted; if not, it is to be prepared anew.
    mutating func settleTerms(_ now: Timestamp) {
        guard let placed, placed != wanted else { return }
        if !hearsOfExtensions, placed.effect == wanted.effect {
            // Its end is ours to hold, and nobody there was told of one.
            (self.placed, asked) = (wanted, wanted)
        } else {
            begin(.preparing, now)
        }
    }

    /// New terms cannot be had. What is in force already stays so; what perhaps is there is taken away.
    private mutating func giveWay(_ now: Timestamp, _ why: String? = nil) {
        begin(placed == nil ? .reverting : .landed, now)
        lastError = why
    }

    mutating func begin(_ next: Phase, _ moment: Timestamp, keepingFailures: Bool = false) {
        phase = next
        dueAt = moment
        guard !keepingFailures else { return }
        since = moment
        attempts = 0
        lastError = nil
        isEscalated = false
    }

    private mutating func fail(_ reason: String, _ after: TimeSpan?, _ now: Timestamp, _ wait: (Int, TimeSpan?) -> TimeSpan) {
        attempts += 1
        lastError = reason
        dueAt = now + wait(attempts, after)
    }

    /// Nothing of ours is there any more. Of what was refused people hear that it was, and why.
    mutating func finishUndone(_ outcome: Outcome, _ now: Timestamp, _ why: String? = nil) {
        if let refusal { finish(.refused, now, refusal) } else { finish(outcome, now, why) }
    }

    mutating func finish(_ outcome: Outcome, _ now: Timestamp, _ why: String? = nil) {
        phase = .over
        self.outcome = outcome
        since = now
        lastError = why
    }
}

extension Placement.Terms {
    init(_ order: LeaseOrder) {
        self.init(effect: order.effect, expiresAt: order.expiresAt)
    }
}
