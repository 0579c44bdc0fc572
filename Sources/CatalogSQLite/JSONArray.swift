/// Lists for SQLite's `json_each`: one parameter whatever the number of values.
enum JSONArray {
    /// The values as a JSON array of strings, or of numbers when they are whole numbers in text.
    static func encode(_ values: [String], asNumbers: Bool) -> String {
        var json: [UInt8] = [0x5B]
        for value in values {
            if json.count > 1 { json.append(0x2C) }
            if asNumbers {
                json += Array(value.utf8)
            } else {
                append(value, to: &json)
            }
        }
        json.append(0x5D)
        return String(decoding: json, as: UTF8.self)
    }

    private static func append(_ text: String, to json: inout [UInt8]) {
        json.append(0x22)
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5C: json += [0x5C, byte]
            case 0..<0x20: json += Array("\\u00".utf8) + [digit(byte >> 4), digit(byte & 0xF)]
            default: json.append(byte)
            }
        }
        json.append(0x22)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x57 + value
    }
}
