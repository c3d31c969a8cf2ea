package org.tertulia

import com.google.gson.JsonArray
import com.google.gson.JsonElement
import com.google.gson.JsonNull
import com.google.gson.JsonObject
import com.google.gson.JsonPrimitive
import java.nio.file.Path
import java.time.Duration
import java.time.Instant
import java.time.OffsetDateTime
import java.time.format.DateTimeParseException
import java.util.Base64
import kotlinx.coroutines.awaitCancellation
import org.tertulia.testing.ManualClock
import org.tertulia.testing.Platform

/** A call of the scenario's, as the generated dispatchers take it. */
internal class ScenarioCall(
    val method: String,
    private val args: JsonObject,
    private val other: Crm?,
    val each: Boolean,
    private val watched: Boolean,
    val cancel: CancelToken?,
) {
    /** The arguments that the method does not take. */
    val left = args.keySet().toMutableSet()

    /** What progress was told, if it was to be. */
    val told = mutableListOf<JsonElement>()

    /** An argument; what its type has no place for would be lost here, and is an error. */
    fun <T> arg(name: String, codec: Codec<T>): T {
        left -= name
        return Reader(args).get(name, codec).also { value ->
            different(args.get(name) ?: JsonNull.INSTANCE, codec.encode(value))?.let { error("$name: $it") }
        }
    }

    fun other(): Crm = other ?: error("$method needs another handle")

    fun <T> progress(codec: Codec<T>): (suspend (T) -> Unit)? =
        if (watched) { counts -> told += codec.encode(counts) } else null
}

/** Replays the one account of what every language answers (bindings-shapes/tests/it/scenario.rs says how it is read). */
internal class Replay(private val folder: Path) {
    private val saved = mutableMapOf<String, JsonElement>()
    private val opened = mutableMapOf<String, Any>()

    suspend fun play(step: JsonObject) {
        val answer = try {
            val answer = if (step.has("open")) open(step) else call(step)
            check(!step.has("error")) { "answered $answer" }
            answer
        } catch (error: TertuliaError) {
            if (error.code == step.get("error")?.asString) return
            throw error
        }
        step.get("expect")?.let { expected ->
            different(filled(expected), answer)?.let { error("$it in $answer") }
        }
        step.get("count")?.let { count -> check(count.asInt == answer.asJsonArray.size()) { "no list of $count: $answer" } }
        step.getAsJsonObject("save")?.entrySet()?.forEach { (name, path) ->
            saved[name] = find(answer, path.asString) ?: error("nothing at $path in $answer")
        }
    }

    private suspend fun open(step: JsonObject): JsonElement {
        val options = step.getAsJsonObject("options") ?: JsonObject()
        val clock = options.remove("clock")?.asString
        val filled = filled(options).asJsonObject
        val manual = clock?.takeIf { it != "host" }?.let { opened.getValue(it.removePrefix("$")) as ManualClock }
        opened[step.get("as").asString] = when (val kind = step.get("open").asString) {
            "clock" -> ManualClock.at(TimeCodec.decode(filled.get("now")))
            "platform" -> Platform.start(filled.get("windows")?.asBoolean ?: false, manual)
            "crm" -> crm(filled, if (clock == "host") Clock { Instant.parse("2026-01-05T09:00:00Z") } else manual)
            else -> error("$kind is nothing to open")
        }
        return JsonNull.INSTANCE
    }

    private suspend fun crm(options: JsonObject, clock: Clock?): Crm {
        val transports = options.getAsJsonObject("transports")?.entrySet().orEmpty().associate { (endpoint, transport) ->
            val (kind, inside) = variant(transport)
            endpoint to when (kind) {
                "whatsapp" -> WhatsAppCodec.decode(inside)
                "twilio" -> TwilioCodec.decode(inside)
                else -> ScenarioTransport(Reader(inside))
            }
        }
        val credentials = options.get("credentials")?.let { credentials ->
            if (credentials.isJsonPrimitive) {
                ScenarioCredentials()
            } else {
                StaticCredentials(MapCodec(TextCodec).decode(credentials.asJsonObject.get("fixed")))
            }
        }
        val path = options.get("path")?.let { Path.of(it.asString) }
        val mediaFolder = options.get("media_folder")?.let { Path.of(it.asString) }
        val bot = ScenarioBot()
        val handlers = if (options.has("handlers")) mapOf("host" to bot) else emptyMap()
        val host = options.get("host")?.asString
        return Crm.open(path, transports, credentials, clock, host, mediaFolder = mediaFolder, handlers = handlers)
            .also { bot.crm = it }
    }

    private suspend fun call(step: JsonObject): JsonElement {
        val watch = step.getAsJsonObject("watch")
        val watched = watch?.get("expect_progress")?.asBoolean ?: false
        val call = ScenarioCall(
            step.get("call").asString,
            filled(step.get("args") ?: JsonObject()).asJsonObject,
            step.get("other")?.let { opened.getValue(it.asString) as Crm },
            step.get("each")?.asBoolean ?: false,
            watched,
            watch?.get("cancelled")?.let { CancelToken().apply { cancel() } },
        )
        val answer = when (val on = opened.getValue(step.get("on").asString)) {
            is Crm -> when (val org = step.get("org")) {
                null -> on.dispatch(call)
                else -> {
                    val whole = on.org(OrgId(filled(org).asString))
                    (step.get("agent")?.let { whole.actingAs(AgentId(filled(it).asString)) } ?: whole).dispatch(call)
                }
            }
            is Platform -> on.dispatch(call)
            is ManualClock -> on.dispatch(call)
            else -> error("$on takes no calls")
        }
        check(call.left.isEmpty()) { "${call.method} takes no ${call.left}" }
        if (watched) {
            val last = call.told.lastOrNull()
            check(last == answer.asJsonObject.get("counts")) { "progress ended with $last, not as in $answer" }
        }
        return answer
    }

    /** A value with variables, the folder and bytes filled in. */
    private fun filled(value: JsonElement): JsonElement = when {
        value is JsonPrimitive && value.isString -> {
            val (name, path) = value.asString.removePrefix("$").let { it.substringBefore('.') to it.substringAfter('.', "") }
            val found = if (value.asString.startsWith("$")) saved[name]?.let { find(it, path) } else null
            found ?: JsonPrimitive(value.asString.replace("\$folder", folder.toString()))
        }
        value is JsonArray -> JsonArray().also { list -> value.forEach { list.add(filled(it)) } }
        value is JsonObject && value.has("\$bytes") -> {
            val bytes = filled(value.get("\$bytes"))
            val text = if (bytes.isJsonPrimitive) bytes.asString else bytes.toString()
            JsonPrimitive(Base64.getEncoder().encodeToString(text.toByteArray()))
        }
        value is JsonObject -> JsonObject().also { filled ->
            value.entrySet().forEach { (key, one) -> filled.add(key, filled(one)) }
        }
        else -> value
    }
}

private fun find(value: JsonElement, path: String): JsonElement? =
    path.split('.').filter { it.isNotEmpty() }.fold(value as JsonElement?) { at, key ->
        when (at) {
            is JsonArray -> at.elementAtOrNull(key.toInt())
            is JsonObject -> at.get(key)
            else -> null
        }
    }

/** Where an answer is not what a step expects; null if it is. */
private fun different(expected: JsonElement, answer: JsonElement): String? = when {
    expected is JsonObject && answer is JsonObject -> expected.entrySet().firstNotNullOfOrNull { (key, part) ->
        different(part, answer.get(key) ?: JsonNull.INSTANCE)?.let { "$key: $it" }
    }
    expected is JsonArray && answer is JsonArray && expected.size() == answer.size() ->
        expected.zip(answer).withIndex().firstNotNullOfOrNull { (place, pair) ->
            different(pair.first, pair.second)?.let { "$place: $it" }
        }
    fits(expected, answer) -> null
    else -> "$answer is not $expected"
}

private fun fits(expected: JsonElement, answer: JsonElement): Boolean {
    if (expected !is JsonPrimitive || answer !is JsonPrimitive) {
        return expected == answer || (expected == JsonPrimitive("\$any") && !answer.isJsonNull)
    }
    if (expected.isNumber && answer.isNumber) return expected.asDouble == answer.asDouble
    val instant = instant(expected)
    return expected == answer || expected.asString == "\$any" || (instant != null && instant == instant(answer))
}

private fun instant(json: JsonPrimitive): Instant? =
    try {
        OffsetDateTime.parse(json.asString).toInstant()
    } catch (_: DateTimeParseException) {
        null
    }

/** A bot of the host's, which does what the last message asks it to, and else says it again. */
private class ScenarioBot : ConversationHandler {
    lateinit var crm: Crm

    override suspend fun turn(turn: HandlerTurn) {
        val org = crm.org(turn.org).actingAs(turn.acting)
        when (val body = (turn.messages.last().content as? Content.Text)?.body) {
            "a person, please" -> org.inbox.handOver(turn.conversation.id)
            else -> org.inbox.sendText(turn.contact.id, "You said: $body")
        }
    }
}

/** A platform of the host's, which does what the text of a message asks it to. */
private class ScenarioTransport(options: Reader) :
    Transport(
        options.get("channel", ChannelCodec),
        options.get("correlation", CorrelationCodec),
        options.get("timeout_seconds", OptionalCodec(FloatCodec))?.let { Duration.ofMillis((it * 1000).toLong()) },
    ) {
    private var sent = 0

    override suspend fun verify(query: String): String = query

    override suspend fun parse(request: WebhookRequest): List<InboundEvent> {
        if (request.headers["x-secret"] != "open") {
            throw TertuliaError(ErrorCode.WEBHOOK_SIGNATURE_MISSING, "there is no x-secret")
        }
        return ListCodec(InboundEventCodec).decode(parse(request.body.decodeToString()))
    }

    override suspend fun send(sender: Sender, message: Outgoing): Outcome =
        when ((message.content as? Content.Text)?.body) {
            "throw" -> error("as asked")
            "hang" -> awaitCancellation()
            // No type of Kotlin's lets nonsense through; a text that is half a character comes nearest.
            "nonsense" -> Outcome.Unknown("\uD83D")
            "refuse" -> Outcome.Refused(SendFailure(FailureClass.RecipientInvalid, "host", "as asked"))
            "renew" if sender.credential == "secret" -> Outcome.Refused(SendFailure(FailureClass.KeyRefused, "190", "expired"))
            else -> Outcome.Accepted(Accepted("host-${++sent}"))
        }
}

/** Credentials of the host's, which know one key, and the one in its place. */
private class ScenarioCredentials : Credentials {
    override suspend fun credential(reference: String): String =
        if (reference == "key") "secret" else throw TertuliaError(ErrorCode.CREDENTIAL_MISSING, "there is no key $reference")

    override suspend fun renew(reference: String, refused: String): String? =
        if (reference == "key" && refused == "secret") "newer secret" else null
}
