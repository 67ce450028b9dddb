import Engine
import Model

extension Pipeline {
    /// The newest moment at which anything was judged; nil before the first. Time goes on from there, never before.
    public var newestMoment: Timestamp? { engine.newestMoment }
}
