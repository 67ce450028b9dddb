import Model

/// A text about one action, ready to be pasted to the tenant whom it concerns. It knows that tenant's app and limits and
/// nothing else: no rule, no figure, no other tenant, no name of a machine.
enum TenantText {
    /// What is in force, or once all is over that it is lifted.
    static func all(_ stories: [ActionStory], isResolved: Bool, _ moments: Moments) -> [String] {
        stories.filter { story in
            switch story.standing {
            case .inForce: !isResolved
            case .over: isResolved
            case .notLanded, .none: false
            }
        }.compactMap { of($0, moments) }
    }

    /// Nil where there is nothing to tell: nothing was done.
    static func of(_ story: ActionStory, _ moments: Moments) -> String? {
        let app = Shown.id(story.app.text)
        switch story.standing {
        case .inForce(_, let from, let until, _):
            return "Since \(moments.minute(from)) \(limit(story.effect, app, isSeen: story.sight == .enforced)), to keep the service "
                + "responsive for everyone. Workflows that are already running are not affected. The limit ends by itself "
                + "at \(moments.end(from, until)), or somewhat later if the load stays high. If it gets in your way, "
                + "please reply and we will look at it together."
        case .over where story.sight != .enforced:
            return "The limit that was set for your app \(app) is lifted. Thank you for your patience."
        case .over:
            return "The limit on your app \(app) is lifted: everything runs as usual again. "
                + "Thank you for your patience."
        case .notLanded, .none:
            return nil
        }
    }

    /// - Parameter isSeen: whether anything was seen to hold the app to it; else nobody may say that it is held.
    private static func limit(_ effect: Effect, _ app: String, isSeen: Bool) -> String {
        switch effect {
        case .throttle(let limits):
            var parts: [String] = []
            if let runs = limits.concurrentWorkflows {
                parts.append("run at most \(runs) workflow\(runs == 1 ? "" : "s") at a time")
            }
            if let starts = limits.requestsPerMinute {
                parts.append("start at most \(starts) workflow\(starts == 1 ? "" : "s") a minute")
            }
            let what = parts.joined(separator: " and ")
            return isSeen ? "your app \(app) can \(what)" : "your app \(app) may find that it can \(what)"
        case .pause: return "new workflows of your app \(app) \(isSeen ? "are" : "may be") paused"
        case .disablePack(let pack):
            return "new runs of the workflow \(pack) of your app \(app) \(isSeen ? "are" : "may be") paused"
        }
    }
}

extension Incident {
    /// For each tenant whom something holds back for it, a text to paste, free of internals; once it is resolved, for each
    /// that was held back, that it is lifted.
    public func tenantTexts(zone: Zone, at now: Timestamp) -> [String] {
        TenantText.all(ActionStory.all(of: self, at: now), isResolved: resolvedAt != nil, Moments(zone: zone, message: now))
    }
}
