import DecisionKit
import Engine
import JSONParsing
import Model
import Testing

@testable import Guard

@Suite("Documents of state")
struct StateDocumentTests {
    /// A world in which much is open, pending, held, refused.
    static func world() throws -> World {
        var walk = try HistoryTests.Walk(seed: 3, mode: .enforce)
        for _ in 0..<80 { _ = walk.step() }
        return walk.world
    }

    /// Every member of the document taken out or replaced, one at a time.
    static func damaged(_ json: JSON) -> [JSON] {
        var all: [JSON] = [.null, true, -1, "nonsense", [], [:]]
        if let object = json.object {
            for member in object {
                var without = object
                without[member.key] = nil
                all.append(.object(without))
                for inner in damaged(member.value) {
                    var changed = object
                    changed[member.key] = inner
                    all.append(.object(changed))
                }
            }
        }
        // The first of a list stands for the others.
        if let array = json.array, let first = array.first {
            for inner in damaged(first) { all.append(.array([inner] + array.dropFirst())) }
            all.append(.array(array + [first]))
        }
        return all
    }

    @Test("a damaged engine state gives a state or a typed error, never a crash")
    func engine() throws {
        let document = try StateDocumentTests.world().engine.document
        var refused = 0
        for changed in StateDocumentTests.damaged(document) {
            do throws(DocumentError) {
                _ = try EngineState(document: changed)
            } catch {
                refused += 1
            }
        }
        #expect(refused > 200)
    }

    @Test("a damaged guard state gives a state or a typed error, never a crash")
    func guardian() throws {
        let document = try StateDocumentTests.world().guardian.document
        var refused = 0
        for changed in StateDocumentTests.damaged(document) {
            do throws(DocumentError) {
                _ = try GuardState(document: changed)
            } catch {
                refused += 1
            }
        }
        #expect(refused > 50)
    }

    @Test("two leases in force on one key are refused")
    func twice() throws {
        var world = try LeaseTests.world()
        world.tick()
        world.guardian.leases += world.guardian.leases
        let error = #expect(throws: DocumentError.self) { try GuardState(document: world.guardian.document) }
        #expect(error?.path == "leases[1]")
    }

    @Test("idle costs nothing: a thousand quiet apps leave no state")
    func idle() throws {
        var world = try LeaseTests.world()
        for index in 0..<1_000 { world.runs("app-\(index)", 1) }
        world.runs("a", 1)
        world.tick()
        #expect(world.engine.document["runtimes"]?[0]?["rules"] == [])
    }
}
