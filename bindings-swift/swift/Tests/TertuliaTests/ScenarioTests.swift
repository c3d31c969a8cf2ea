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
                return XCTFail("step \(place), \(step): \(error)")
            }
        }
    }
}

/// A folder of its own.
func newFolder() throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tertulia-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder.path
}
