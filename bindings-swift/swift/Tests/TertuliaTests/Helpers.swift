import Foundation
import XCTest

@testable import Tertulia

/// Fails unless the body fails with this code; gives the error.
@discardableResult
func fails(
    _ code: String, file: StaticString = #filePath, line: UInt = #line, _ body: () async throws -> some Any
) async -> TertuliaError? {
    do {
        let answer = try await body()
        XCTFail("nothing failed: \(answer)", file: file, line: line)
    } catch let error as TertuliaError {
        XCTAssertEqual(error.code, code, "\(error)", file: file, line: line)
        return error
    } catch {
        XCTFail("\(error)", file: file, line: line)
    }
    return nil
}

/// A folder of its own.
func newFolder() throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tertulia-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder.path
}

func all<Items: AsyncSequence>(_ pages: Items) async throws -> [Items.Element] {
    try await pages.reduce(into: []) { $0.append($1) }
}

/// Looks again and again until it is so, and gives up in the end.
func until(_ so: () async throws -> Bool) async throws {
    for _ in 0..<30_000 {
        if try await so() { return }
        try await Task.sleep(nanoseconds: 1_000_000)
    }
    throw Wrong("it never came about")
}

extension Crm {
    func shop() async throws -> Org { org(try await createOrg(Settings(name: "Casa Lua"))) }
}

extension Org {
    func person(_ phone: String = "+351912345678") async throws -> Contact {
        try await contacts.create(NewContact(phone: phone, name: "Ana", optedIn: true))
    }
}
