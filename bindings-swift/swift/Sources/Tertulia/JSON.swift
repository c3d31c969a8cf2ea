import Foundation

/// Any JSON.
public enum JSON: Hashable, Sendable, Codable {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    public init(from decoder: Decoder) throws {
        if let object = try? decoder.container(keyedBy: AnyKey.self) {
            var found: [String: JSON] = [:]
            for key in object.allKeys { found[key.stringValue] = try object.decode(JSON.self, forKey: key) }
            self = .object(found)
        } else if var array = try? decoder.unkeyedContainer() {
            var found: [JSON] = []
            while !array.isAtEnd { found.append(try array.decode(JSON.self)) }
            self = .array(found)
        } else {
            let value = try decoder.singleValueContainer()
            if value.decodeNil() {
                self = .null
            } else if let bool = try? value.decode(Bool.self) {
                self = .bool(bool)
            } else if let int = try? value.decode(Int.self) {
                self = .int(int)
            } else if let double = try? value.decode(Double.self) {
                self = .double(double)
            } else {
                self = .string(try value.decode(String.self))
            }
        }
    }

    public func encode(to encoder: Encoder) throws {
        try encoder.refuseDepth(self)
        switch self {
        case let .object(fields):
            var container = encoder.container(keyedBy: AnyKey.self)
            for (name, value) in fields { try container.encode(value, forKey: AnyKey(name)) }
        case let .array(items):
            var container = encoder.unkeyedContainer()
            for item in items { try container.encode(item) }
        default:
            var container = encoder.singleValueContainer()
            switch self {
            case let .bool(value): try container.encode(value)
            case let .int(value): try container.encode(value)
            case let .double(value): try container.encode(value)
            case let .string(value): try container.encode(value)
            default: try container.encodeNil()
            }
        }
    }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(nilLiteral: ()) { self = .null }

    public init(booleanLiteral value: Bool) { self = .bool(value) }

    public init(integerLiteral value: Int) { self = .int(value) }

    public init(floatLiteral value: Double) { self = .double(value) }

    public init(stringLiteral value: String) { self = .string(value) }

    public init(arrayLiteral elements: JSON...) { self = .array(elements) }

    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { _, last in last }))
    }
}

/// A key that is only known when it is met.
struct AnyKey: CodingKey, ExpressibleByStringLiteral {
    let stringValue: String

    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }

    init(stringLiteral value: String) { stringValue = value }

    init?(stringValue: String) { self.stringValue = stringValue }

    init?(intValue: Int) { nil }
}

/// A variant under its name: the bare name, or an object with that one key.
struct Variant {
    let name: String
    private let decoder: Decoder
    private let container: KeyedDecodingContainer<AnyKey>?

    fileprivate init(_ decoder: Decoder) throws {
        self.decoder = decoder
        if let container = try? decoder.container(keyedBy: AnyKey.self) {
            guard let key = container.allKeys.first, container.allKeys.count == 1 else {
                throw decoder.misfit("this is no variant")
            }
            name = key.stringValue
            self.container = container
        } else {
            name = try decoder.singleValueContainer().decode(String.self)
            container = nil
        }
    }

    func value<Value: Decodable>(_: Value.Type) throws -> Value {
        guard let container else { throw decoder.misfit("\(name) holds nothing") }
        return try container.decode(Value.self, forKey: AnyKey(name))
    }

    func fields() throws -> KeyedDecodingContainer<AnyKey> {
        guard let container else { throw decoder.misfit("\(name) holds nothing") }
        return try container.nestedContainer(keyedBy: AnyKey.self, forKey: AnyKey(name))
    }
}

extension Decoder {
    func variant() throws -> Variant { try Variant(self) }

    func misfit(_ what: String) -> DecodingError {
        .dataCorrupted(DecodingError.Context(codingPath: codingPath, debugDescription: what))
    }
}

extension Encoder {
    /// Refuses what is nested deeper than the library reads, before the stack ends.
    func refuseDepth(_ value: Any) throws {
        if codingPath.count > 120 {
            let context = EncodingError.Context(codingPath: [], debugDescription: "it is nested too deeply")
            throw EncodingError.invalidValue(value, context)
        }
    }
}

/// Instants as the library writes them: RFC 3339 in UTC, with up to six digits of a second.
enum Instant {
    private static let style = Date.ISO8601FormatStyle()

    static func text(_ date: Date) -> String? {
        let micros = (date.timeIntervalSince1970 * 1e6).rounded()
        // From the first day of the Gregorian calendar, before which Foundation counts otherwise, to the year 9999.
        guard micros >= -12_219_292_800e6, micros < 253_402_300_800e6 else { return nil }
        let seconds = (micros / 1e6).rounded(.down)
        let rest = micros - seconds * 1e6
        let whole = style.format(Date(timeIntervalSince1970: seconds))
        guard rest > 0 else { return whole }
        let digits = String(Int(rest))
        return whole.dropLast() + "." + String(repeating: "0", count: 6 - digits.count) + digits + "Z"
    }

    static func date(_ text: String) -> Date? {
        guard let dot = text.firstIndex(of: ".") else { return try? style.parse(text) }
        let digits = text[text.index(after: dot)...].prefix(while: \.isNumber)
        guard !digits.isEmpty, let fraction = Double("0." + digits) else { return nil }
        let whole = text[..<dot] + text[dot...].dropFirst(1 + digits.count)
        return try? style.parse(String(whole)).addingTimeInterval(fraction)
    }
}

/// A value as the text that crosses.
func json<Value: Encodable>(_ value: Value) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    encoder.dateEncodingStrategy = .custom { date, encoder in
        guard let text = Instant.text(date) else {
            let context = EncodingError.Context(codingPath: encoder.codingPath, debugDescription: "it is no time from 1582-10-15 to 9999-12-31")
            throw EncodingError.invalidValue(date, context)
        }
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// A value out of the text that crosses.
func value<Value: Decodable>(_: Value.Type = Value.self, of text: String) throws -> Value {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .custom { decoder in
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let date = Instant.date(text) else { throw decoder.misfit("\(text) is no instant") }
        return date
    }
    return try decoder.decode(Value.self, from: Data(text.utf8))
}
