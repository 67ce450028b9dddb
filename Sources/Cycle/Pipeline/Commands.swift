/// The kinds of commands that rows of the journal's `commands` table carry.
public enum Commands {
    /// `{"lease": ID}`
    public static let revert = "revert"
    /// `{}`
    public static let revertAll = "revert_all"
    /// `{"approval": ID, "digest": DIGEST, "comment": TEXT}`, the last two optional
    public static let approve = "approve"
    /// The same
    public static let deny = "deny"
    /// `{"name": NAME, "runtime": RUNTIME}`; without a runtime: all
    public static let mark = "mark"
    /// A test message was sent; there is nothing to do but to keep it.
    public static let drill = "drill"
    /// A token was made or revoked; there is nothing to do but to keep it: `{"name": NAME, "role": ROLE, "revoked": false}`
    public static let token = "token"
}
