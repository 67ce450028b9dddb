import CPlatform

/// What was built.
public enum Build {
    /// The commit of the sources, twelve digits, with `+changes` behind it where they were not what that commit holds. Nil where
    /// nobody told it while building: no git, or not built by `make`.
    public static let commit: String? = {
        let text = String(cString: cplatform_commit())
        return text.isEmpty ? nil : text
    }()
}
