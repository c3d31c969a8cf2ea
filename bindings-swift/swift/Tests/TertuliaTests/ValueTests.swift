import Foundation
import XCTest

@testable import Tertulia

/// Types and their codecs, without a CRM.
final class ValueTests: XCTestCase {
    func testEveryTypeOfUnionIsWrittenAndReadAsItsOwn() throws {
        let filters: [Filter] = [.everyone, .not(.everyone), .and([.tags(.any(["a"])), .or([])])]
        XCTAssertEqual(try json(filters), #"["everyone",{"not":"everyone"},{"and":[{"tags":{"any":["a"]}},{"or":[]}]}]"#)
        XCTAssertEqual(try value(of: json(filters)), filters)
        let content = Content.text(body: "x")
        let written: JSON = try value(of: json(content))
        XCTAssertEqual(written, ["type": "text", "body": "x"])
        XCTAssertEqual(try value(of: json(content)), content)
        XCTAssertEqual(try value(of: json([WindowState.none])), [WindowState.none])
    }

    func testFieldsThatAreUnknownAreReadOverAndVariantsThatAreUnknownAreNot() throws {
        let accepted: Accepted = try value(of: #"{"provider_id": "1", "since": {"a": [1, 2]}}"#)
        XCTAssertEqual(accepted, Accepted(providerId: "1"))
        XCTAssertEqual(try value(of: #"{"state": "none", "since": 7}"#), WindowState.none)
        let unread: [(String, any Decodable.Type)] = [
            (#""nobody""#, Filter.self), (#"{"everyone": 1, "not": "everyone"}"#, Filter.self), ("7", Filter.self),
            ("{}", Filter.self), (#""not""#, Filter.self), (#"{"not": null}"#, Filter.self),
            (#"{"type": "smell"}"#, Content.self), (#"{"body": "x"}"#, Content.self), (#""fax""#, Channel.self),
            ("{}", Accepted.self), (#"{"provider_id": null}"#, Accepted.self), ("18446744073709551615", Int.self),
            ("7", BodyParameters.self), (#""soon""#, Date.self), ("", Date.self),
        ]
        for (text, type) in unread {
            XCTAssertThrowsError(try value(type, of: text), text) { XCTAssert($0 is DecodingError, "\($0)") }
        }
    }

    func testWhatIsLeftOutHasItsDefault() throws {
        XCTAssertEqual(try value(of: "{}"), NewContact())
        XCTAssertEqual(try value(of: #"{"name": "Casa Lua"}"#), Settings(name: "Casa Lua"))
        XCTAssertNil(try value(NewContact.self, of: #"{"phone": null}"#).phone)
    }

    func testInstantsAreThoseOfTheCommonCalendar() {
        let instants: [(String, TimeInterval)] = [
            ("1970-01-01T00:00:00Z", 0), ("1582-10-15T00:00:00Z", -12_219_292_800), ("2026-10-05T09:00:00Z", 1_791_190_800),
            ("2024-02-29T23:59:59Z", 1_709_251_199), ("9999-12-31T23:59:59Z", 253_402_300_799),
            ("2026-10-05T09:00:00.123456Z", 1_791_190_800.123456), ("1969-12-31T23:59:59.000001Z", -0.999999),
        ]
        for (text, seconds) in instants {
            XCTAssertEqual(Instant.date(text)?.timeIntervalSince1970 ?? .nan, seconds, accuracy: 5e-7, text)
            XCTAssertEqual(Instant.text(Date(timeIntervalSince1970: seconds)), text)
        }
        XCTAssertEqual(Instant.date("2026-01-05T06:00:00.5-03:00"), Instant.date("2026-01-05T09:00:00.500Z"))
        XCTAssertEqual(Instant.text(Date(timeIntervalSince1970: 0.999_999_9)), "1970-01-01T00:00:01Z")
        for text in ["", "tomorrow", "2026-10-05", "2026-10-05T09:00:00", "2026-10-05T09:00:00.Z", "2026-13-05T09:00:00Z"] {
            XCTAssertNil(Instant.date(text), text)
        }
        for seconds in [Double.nan, .infinity, -.infinity, -12_219_292_800.1, 253_402_300_800] {
            XCTAssertNil(Instant.text(Date(timeIntervalSince1970: seconds)), "\(seconds)")
        }
    }

    func testInstantsAreWrittenInManyThreadsAtOnce() async {
        await withTaskGroup(of: Bool.self) { group in
            for start in 0..<8 {
                group.addTask {
                    (0..<2000).allSatisfy { step in
                        let date = Date(timeIntervalSince1970: TimeInterval(start * 90_000_000 + step * 4_001))
                        return Instant.text(date).flatMap(Instant.date) == date
                    }
                }
            }
            for await same in group { XCTAssert(same) }
        }
    }

    func testKeysStayOutOfTexts() {
        let whatsApp = WhatsApp(appSecret: "hush", verifyToken: "hush", baseUrl: "http://here")
        let secret: [Any] = [
            whatsApp, AnyTransport.whatsApp(whatsApp), Sender(channel: .sms, senderId: "number one", credential: "hush"),
            ["main": "hush"] as StaticCredentials,
            PlatformInfo(
                baseUrl: "http://here", appSecret: "hush", accessToken: "hush", verifyToken: "hush", wabaId: "1",
                phoneNumberId: "2"
            ),
        ]
        for value in secret {
            var dumped = ""
            dump(value, to: &dumped)
            let shown = ["\(value)", String(reflecting: value), String(describing: Optional(value)), "\([value])", dumped]
            for text in shown {
                XCTAssertFalse(text.contains("hush"), text)
                XCTAssert(["http://here", "number one", "main"].contains(where: text.contains), text)
            }
        }
    }

    func testAnErrorIsWhatItsCodeSays() {
        XCTAssertGreaterThan(ErrorCode.known.count, 100)
        let error = TertuliaError(ErrorCode.webhookSignatureMissing, "no signature")
        XCTAssertEqual(error.code, "webhook.signature_missing")
        XCTAssertEqual([error.kind, TertuliaError(ErrorCode.importElsewhere, "").kind], [.forbidden, .conflict])
        XCTAssertEqual([error.retry, TertuliaError(ErrorCode.importElsewhere, "").retry], [.never, .afterReload])
        XCTAssertEqual([error.httpStatus, TertuliaError(ErrorCode.webhookMalformed, "").httpStatus], [401, 400])
        XCTAssertEqual("\(error)", "webhook.signature_missing: no signature")
        XCTAssertEqual(error.localizedDescription, "\(error)")
        XCTAssertEqual(TertuliaError("made.up", "").kind, .unavailable)
    }
}
