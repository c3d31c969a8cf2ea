import Foundation
import XCTest

@testable import Tertulia

final class ScenarioTests: XCTestCase {
    func testEveryStepAnswersAsItSays() async throws {
        let path = ProcessInfo.processInfo.environment["SCENARIO"] ?? "../../bindings-shapes/scenario.json"
        let steps: [JSON] = try value(of: String(contentsOfFile: path, encoding: .utf8))
        XCTAssertGreaterThan(steps.count, 0)
        let replay = Replay(folder: try newFolder())
        for (place, step) in steps.enumerated() {
            do {
                try await replay.play(step)
            } catch {
                return XCTFail("step \(place), \(try json(step)): \(error)")
            }
        }
    }
}
