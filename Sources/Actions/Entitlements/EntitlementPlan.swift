import Model

/// What a lease wants of an entitlement document. Pure.
struct EntitlementPlan {
    /// What shall stand at a place, seen from what stood there before us. Nil: what stood there is as strict already.
    struct Wish {
        let path: EntitlementPath
        let target: (_ prior: EntitlementValue) throws(Setback) -> EntitlementValue?
    }

    let settings: EntitlementSettings

    func wishes(_ effect: Effect, in document: EntitlementDocument) throws(Setback) -> [Wish] {
        switch effect {
        case .throttle(let limits):
            return [("requests_per_minute", limits.requestsPerMinute), ("concurrent_workflows", limits.concurrentWorkflows)]
                .compactMap { name, limit in limit.map { EntitlementPlan.lower(.rateLimit(name), to: Int64($0)) } }
        case .disablePack(let pack):
            guard let feature = settings.features[pack] else { throw .refused("no feature stands for workflow \(pack)") }
            return [EntitlementPlan.off(.feature(feature))]
        case .pause:
            switch settings.pause {
            case .off: throw .refused("a pause is not configured for entitlements")
            case .feature: return [EntitlementPlan.off(.feature("workflow_execution"))]
            case .budget: return try EntitlementPlan.usedUp(document)
            }
        }
    }

    /// Never raises: a limit that is there and no higher stays.
    private static func lower(_ path: EntitlementPath, to limit: Int64) -> Wish {
        Wish(path: path) { prior throws(Setback) in
            guard case .present(let value) = prior else { return .present(.int(limit)) }
            guard let number = value.int, number >= 0 else {
                throw .refused("\(path) is \(prior): whether \(limit) would be lower is not known")
            }
            return number <= limit ? nil : .present(.int(limit))
        }
    }

    private static func off(_ path: EntitlementPath) -> Wish {
        Wish(path: path) { prior throws(Setback) in
            switch prior {
            case .absent: return .present(false)
            case .present(.bool(let isOn)): return isOn ? .present(false) : nil
            case .present: throw .refused("\(path) is \(prior), which is neither on nor off")
            }
        }
    }

    /// A hard limit at what is used already: the form that control planes were seen to enforce.
    private static func usedUp(_ document: EntitlementDocument) throws(Setback) -> [Wish] {
        guard let used = document.tokensUsed, used > 0 else {
            throw .refused("no tokens were used yet: whether a budget of nothing is enforced is not known")
        }
        return [
            Wish(path: .budgetLimit) { prior throws(Setback) in
                guard let limit = prior.json?.int else { throw .refused("\(EntitlementPath.budgetLimit) is \(prior)") }
                return (0...used).contains(limit) ? nil : .present(.int(used))
            },
            Wish(path: .budgetEnforcement) { prior in
                prior.json?.string == "hard" ? nil : .present("hard")
            },
        ]
    }

    /// The memo for an order: of a lease that has one already, what stood there before it stays what it was.
    /// Nil where everything asked for is there already, by someone else.
    func memo(
        _ effect: Effect, in document: EntitlementDocument, before old: EntitlementMemo?
    ) throws(Setback) -> EntitlementMemo? {
        let wishes = try wishes(effect, in: document)
        var keys: [EntitlementMemo.Key] = []
        for wish in wishes where old?.paths.contains(wish.path) != true {
            let current = document[wish.path]
            guard let target = try wish.target(current) else { continue }
            keys.append(.init(path: wish.path, prior: current, target: target, ours: [target]))
        }
        for var key in old?.keys ?? [] {
            let current = document[key.path]
            guard current == key.prior || key.isOurs(current) else {
                throw .refused("someone else set \(key.path) to \(current): theirs stays")
            }
            let wish = wishes.first { $0.path == key.path }
            key.target = try wish?.target(key.prior) ?? key.prior
            if key.target != key.prior, !key.isOurs(key.target) { key.ours.append(key.target) }
            keys.append(key)
        }
        guard !keys.isEmpty else { return nil }
        let isUnchanged = old.map { old in
            old.isConfirmed && old.keys.count == keys.count && keys.allSatisfy { document[$0.path] == $0.target }
        }
        return EntitlementMemo(keys: keys, isConfirmed: isUnchanged ?? false, wasSynced: document.syncedAt != nil)
    }
}
