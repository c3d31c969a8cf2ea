package org.tertulia

import java.nio.file.Path
import java.time.Duration
import org.tertulia.ffi.NativeHandle
import org.tertulia.testing.ManualClock

/** What a [Crm] speaks to a platform by: [WhatsApp], [Twilio], or a [Transport] of the host's. */
sealed interface AnyTransport

/** Keys that are known when the CRM is opened, by reference. */
class StaticCredentials(keys: Map<String, String>) : Credentials {
    internal val keys = keys.toMap()

    constructor(vararg keys: Pair<String, String>) : this(keys.toMap())

    override suspend fun credential(reference: String): String =
        keys[reference] ?: throw TertuliaError(ErrorCode.CREDENTIAL_MISSING, "there is no key $reference")
}

/** What a file is before its encryption changes. */
sealed interface ConvertFrom {
    /** Not encrypted. */
    data object Plain : ConvertFrom

    /** Encrypted with another key. */
    class Key(val value: ByteArray) : ConvertFrom
}

/** A CRM inside this process: opened once, shared by all its coroutines, and closed at the end. */
class Crm private constructor(scope: Scope) : CrmMethods(scope) {
    /** The organisation with this id, on behalf of the host. Whether it is there shows in the first call. */
    fun org(id: OrgId): Org = Org(scope.copy(org = id.value), id, null)

    companion object {
        /**
         * Opens a CRM over an SQLite file or a PostgreSQL database, or in memory.
         *
         * @param path the file; absent, as is `server`: in memory, gone with the process.
         * @param transports what is spoken to platforms by, each under the endpoint that [Crm.receive] names.
         * @param credentials where the keys to send with come from.
         * @param handlers bots and AIs, by the names that conversations are given to them under.
         * @param handlerTimeout how long a handler may take for one turn; absent: a minute.
         * @param clock where the time comes from; absent: the machine's clock.
         * @param host the host program's name, for the journal; absent: `host`.
         * @param encryptionKey what the file is encrypted with: 32 random bytes; absent: it is plain. It takes a build
         * that can encrypt.
         * @param suppressionKey what the hashes of suppressed addresses are put under: 32 random bytes, kept outside the
         * store. An organisation that was once used with a key is never used without it.
         * @param convertFrom what a file that does not open so was before: it is then converted.
         * @param mediaFolder the folder that files of messages are kept in; absent: none are.
         * @param server the URL of the database, `postgres://user:password@host/database`, instead of a file.
         */
        suspend fun open(
            path: Path? = null,
            transports: Map<String, AnyTransport> = emptyMap(),
            credentials: Credentials? = null,
            clock: Clock? = null,
            host: String? = null,
            encryptionKey: ByteArray? = null,
            suppressionKey: ByteArray? = null,
            convertFrom: ConvertFrom? = null,
            mediaFolder: Path? = null,
            handlers: Map<String, ConversationHandler> = emptyMap(),
            handlerTimeout: Duration? = null,
            server: String? = null,
        ): Crm {
            require(path == null || server == null) { "both a file and a server are named" }
            val hosts = mutableListOf<HostObject>()
            val handles = mutableListOf<NativeHandle>()
            fun place(host: HostObject) = (hosts.size).toLong().also { hosts += host }
            val scope = open("crm", hosts, handles) {
                put("path", OptionalCodec(TextCodec), server ?: path?.toString())
                put("host", OptionalCodec(TextCodec), host)
                put("encryption_key", OptionalCodec(BytesCodec), encryptionKey)
                put("suppression_key", OptionalCodec(BytesCodec), suppressionKey)
                put("media_folder", OptionalCodec(TextCodec), mediaFolder?.toString())
                when (convertFrom) {
                    null -> {}
                    ConvertFrom.Plain -> put("convert_from", TextCodec, "plain")
                    is ConvertFrom.Key -> add("convert_from") { put("key", BytesCodec, convertFrom.value) }
                }
                add("transports") {
                    for ((endpoint, transport) in transports) add(endpoint) {
                        when (transport) {
                            is WhatsApp -> put("whatsapp", WhatsAppCodec, transport)
                            is Twilio -> put("twilio", TwilioCodec, transport)
                            is Transport -> add("host") { options(transport, place(TransportObject(transport))) }
                        }
                    }
                }
                if (credentials != null) add("credentials") {
                    when (credentials) {
                        is StaticCredentials -> put("fixed", MapCodec(TextCodec), credentials.keys)
                        else -> put("host", IntCodec, place(CredentialsObject(credentials)))
                    }
                }
                add("handlers") {
                    for ((name, handler) in handlers) put(name, IntCodec, place(ConversationHandlerObject(handler)))
                }
                put("handler_timeout_seconds", OptionalCodec(FloatCodec), handlerTimeout?.seconds())
                if (clock != null) add("clock") {
                    when (clock) {
                        is ManualClock -> put("manual", IntCodec, 0).also { handles += clock.scope.handle }
                        else -> put("host", IntCodec, place(ClockObject(clock)))
                    }
                }
            }
            return Crm(scope)
        }
    }
}

private fun Writer.options(transport: Transport, place: Long) {
    put("object", IntCodec, place)
    put("channel", ChannelCodec, transport.channel)
    put("correlation", CorrelationCodec, transport.correlation)
    put("timeout_seconds", OptionalCodec(FloatCodec), transport.timeout?.seconds())
}

private fun Duration.seconds(): Double = seconds + nano / 1e9
