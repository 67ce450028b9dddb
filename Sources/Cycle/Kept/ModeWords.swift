import Model
import Policy

/// Why the mode that holds is what it is, and where it is set: it is the stricter of the configuration's and the default policy's.
public enum ModeWords {
    /// Nil in mode `enforce`, where nothing is held back by it.
    public static func place(configured: Mode, policy: EffectivePolicy) -> String? {
        let origin = policy.modeOrigin.map { " (\($0))" } ?? ""
        guard min(configured, policy.mode) != .enforce else { return nil }
        // Without a file of one's own the built-in policy holds, which stands in no file.
        let inPolicy = "'mode:' in a policy file, over 'extends: builtin'"
        if policy.mode < configured {
            return "it is the policy's\(origin), stricter than the configuration's \(configured.rawValue); \(inPolicy) changes it"
        }
        if configured < policy.mode {
            return
                "it is the configuration's, stricter than the policy's \(policy.mode.rawValue)\(origin); 'mode:' in mozaiks-ops.yaml changes it"
        }
        return "configuration and policy\(origin) say so; 'mode:' in mozaiks-ops.yaml and \(inPolicy) change it together"
    }
}
