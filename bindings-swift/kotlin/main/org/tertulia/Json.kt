package org.tertulia

import com.google.gson.JsonArray
import com.google.gson.JsonElement
import com.google.gson.JsonNull
import com.google.gson.JsonObject
import com.google.gson.JsonParser
import com.google.gson.JsonPrimitive
import java.math.BigInteger
import java.time.DateTimeException
import java.time.Instant
import java.util.Base64

/** Between a value and its JSON. */
internal interface Codec<T> {
    fun encode(value: T): JsonElement

    fun decode(json: JsonElement): T
}

/** A value that has no JSON form, or JSON that is no such value; grows its place on the way out. */
internal class Misfit(val what: String, val place: String = "") : Exception(what) {
    fun under(key: String) = Misfit(what, if (place.isEmpty()) key else "$key.$place")
}

internal inline fun <T> at(key: String, body: () -> T): T =
    try {
        body()
    } catch (misfit: Misfit) {
        throw misfit.under(key)
    }

/** Writes the fields of a record; one that is absent is left out. */
internal class Writer(private val json: JsonObject) {
    fun <T> put(key: String, codec: Codec<T>, value: T) {
        val element = at(key) { codec.encode(value) }
        if (!element.isJsonNull || codec !is OptionalCodec<*>) json.add(key, element)
    }

    fun add(key: String, body: Writer.() -> Unit) = json.add(key, at(key) { record(body = body) })
}

/** Reads the fields of a record; one that it does not know is not looked at. */
internal class Reader(json: JsonElement) {
    private val json = json as? JsonObject ?: throw Misfit("$json is no object")

    fun <T> get(key: String, codec: Codec<T>): T = at(key) { codec.decode(json.get(key) ?: JsonNull.INSTANCE) }

    fun <T> get(key: String, codec: Codec<T>, default: () -> T): T =
        if (json.has(key)) get(key, codec) else default()

    /** All of it, as one value. */
    fun <T> whole(codec: Codec<T>): T = codec.decode(json)
}

internal fun record(beside: JsonElement = JsonObject(), body: Writer.() -> Unit): JsonObject =
    beside.asJsonObject.also { Writer(it).body() }

/** A variant under its name: the bare name, or an object with that one key. */
internal fun variant(json: JsonElement): Pair<String, JsonElement> = when {
    json is JsonPrimitive && json.isString -> json.asString to JsonNull.INSTANCE
    json is JsonObject && json.size() == 1 -> json.entrySet().first().toPair()
    else -> throw Misfit("$json is no variant")
}

internal object TextCodec : Codec<String> {
    override fun encode(value: String) = JsonPrimitive(value)

    override fun decode(json: JsonElement): String =
        if (json is JsonPrimitive && json.isString) json.asString else throw Misfit("$json is no text")
}

internal object BoolCodec : Codec<Boolean> {
    override fun encode(value: Boolean) = JsonPrimitive(value)

    override fun decode(json: JsonElement): Boolean =
        if (json is JsonPrimitive && json.isBoolean) json.asBoolean else throw Misfit("$json is neither true nor false")
}

internal object IntCodec : Codec<Long> {
    override fun encode(value: Long) = JsonPrimitive(value)

    override fun decode(json: JsonElement): Long =
        (json as? JsonPrimitive)?.takeIf { it.isNumber }?.asString?.toLongOrNull()
            ?: throw Misfit("$json is no whole number of 64 bits")
}

internal object FloatCodec : Codec<Double> {
    override fun encode(value: Double) =
        if (value.isFinite()) JsonPrimitive(value) else throw Misfit("$value is no number that can be used here")

    override fun decode(json: JsonElement): Double =
        if (json is JsonPrimitive && json.isNumber) json.asDouble else throw Misfit("$json is no number")
}

internal object TimeCodec : Codec<Instant> {
    override fun encode(value: Instant) = JsonPrimitive(value.toString())

    override fun decode(json: JsonElement): Instant =
        try {
            Instant.parse(TextCodec.decode(json))
        } catch (_: DateTimeException) {
            throw Misfit("$json is no instant")
        }
}

internal object BytesCodec : Codec<ByteArray> {
    override fun encode(value: ByteArray) = JsonPrimitive(Base64.getEncoder().encodeToString(value))

    override fun decode(json: JsonElement): ByteArray =
        try {
            Base64.getDecoder().decode(TextCodec.decode(json))
        } catch (_: IllegalArgumentException) {
            throw Misfit("$json is no base64")
        }
}

/** Whole numbers beyond these lose digits on the way. */
private val WHOLE = BigInteger.valueOf(Long.MIN_VALUE)..BigInteger.TWO.pow(64) - BigInteger.ONE

/** Any JSON: null, Boolean, Long (or BigInteger, up to 64 bits), Double, String, List and Map with texts as keys. */
internal object JsonCodec : Codec<Any?> {
    override fun encode(value: Any?): JsonElement = when (value) {
        null -> JsonNull.INSTANCE
        is Boolean -> JsonPrimitive(value)
        is String -> JsonPrimitive(value)
        is Double -> FloatCodec.encode(value)
        is Float -> FloatCodec.encode(value.toDouble())
        is Byte, is Short, is Int, is Long -> JsonPrimitive(value as Number)
        is BigInteger -> if (value in WHOLE) JsonPrimitive(value) else throw Misfit("a whole number of more than 64 bits")
        is Iterable<*> -> ListCodec(this).encode(value.toList())
        is Map<*, *> -> JsonObject().also { json ->
            for ((key, item) in value) {
                if (key !is String) throw Misfit("the key $key is no text")
                json.add(key, at(key) { encode(item) })
            }
        }
        else -> throw Misfit("a ${value::class.simpleName} has no form in JSON")
    }

    override fun decode(json: JsonElement): Any? = when (json) {
        is JsonArray -> json.map(::decode)
        is JsonObject -> json.entrySet().associate { (key, item) -> key to decode(item) }
        is JsonPrimitive -> when {
            json.isBoolean -> json.asBoolean
            json.isString -> json.asString
            else -> json.asString.let { it.toLongOrNull() ?: it.toBigIntegerOrNull() ?: it.toDouble() }
        }
        else -> null
    }
}

internal object UnitCodec : Codec<Unit> {
    override fun encode(value: Unit): JsonElement = JsonNull.INSTANCE

    override fun decode(json: JsonElement) = Unit
}

internal class OptionalCodec<T : Any>(private val inner: Codec<T>) : Codec<T?> {
    override fun encode(value: T?): JsonElement = value?.let(inner::encode) ?: JsonNull.INSTANCE

    override fun decode(json: JsonElement): T? = if (json.isJsonNull) null else inner.decode(json)
}

internal class ListCodec<T>(private val item: Codec<T>) : Codec<List<T>> {
    override fun encode(value: List<T>): JsonElement = JsonArray(value.size).also { json ->
        value.forEachIndexed { place, one -> json.add(at("[$place]") { item.encode(one) }) }
    }

    override fun decode(json: JsonElement): List<T> =
        (json as? JsonArray ?: throw Misfit("$json is no list")).mapIndexed { place, one ->
            at("[$place]") { item.decode(one) }
        }
}

internal class MapCodec<T>(private val item: Codec<T>) : Codec<Map<String, T>> {
    override fun encode(value: Map<String, T>): JsonElement = JsonObject().also { json ->
        value.forEach { (key, one) -> json.add(key, at(key) { item.encode(one) }) }
    }

    override fun decode(json: JsonElement): Map<String, T> =
        (json as? JsonObject ?: throw Misfit("$json is no object")).entrySet().associate { (key, one) ->
            key to at(key) { item.decode(one) }
        }
}

internal class PageCodec<T>(item: Codec<T>) : Codec<Page<T>> {
    private val items = ListCodec(item)

    override fun encode(value: Page<T>): JsonElement = record {
        put("items", items, value.items)
        put("next", OptionalCodec(TextCodec), value.next)
    }

    override fun decode(json: JsonElement): Page<T> =
        Reader(json).let { Page(it.get("items", items), it.get("next", OptionalCodec(TextCodec))) }
}

/** JSON as text that UTF-8 can hold: half a character stands escaped, and the library names its place. */
internal fun JsonElement.text(): String {
    val text = toString()
    if (Charsets.UTF_8.newEncoder().canEncode(text)) return text
    return buildString(text.length) {
        text.forEachIndexed { place, unit ->
            val paired = when {
                unit.isHighSurrogate() -> text.getOrNull(place + 1)?.isLowSurrogate() ?: false
                unit.isLowSurrogate() -> text.getOrNull(place - 1)?.isHighSurrogate() ?: false
                else -> true
            }
            if (paired) append(unit) else append("\\u%04x".format(unit.code))
        }
    }
}

internal fun parse(text: String): JsonElement = JsonParser.parseString(text)
