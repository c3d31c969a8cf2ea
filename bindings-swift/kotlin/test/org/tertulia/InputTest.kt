package org.tertulia

import java.math.BigDecimal
import java.math.BigInteger
import java.nio.file.Files
import java.time.Duration
import java.time.Instant
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Test
import org.tertulia.testing.ManualClock

private const val HALF = "Ana \uD83D"
private val NOBODY = ContactId("019b8d62-7a80-7000-800d-ca5b4a37e031")

private fun nested(depth: Int): Filter = (1..depth).fold(Filter.Everyone as Filter) { inside, _ -> Filter.Not(inside) }

private class Wrong(val word: String, val call: suspend (Crm, Org) -> Any?)

private fun contact(word: String, value: Any?, name: String = "x") =
    Wrong(word) { _, org -> org.contacts.create(NewContact(phone = "+351912345678", attributes = mapOf(name to value))) }

private fun settings(word: String, settings: Settings) = Wrong(word) { crm, _ -> crm.createOrg(settings) }

private fun opening(word: String, transport: AnyTransport) =
    Wrong(word) { _, _ -> Crm.open(transports = mapOf("own" to transport)) }

private val circle = mutableListOf<Any?>().also { it.add(it) }

/** What the types let through and is no value nevertheless, with a word of what is said of it. */
private val WRONG: Map<String, Wrong> = mapOf(
    "half a character" to Wrong("contacts.create new.name") { _, org -> org.contacts.create(NewContact(name = HALF)) },
    "half a character as a key" to contact("contacts.create", 1, name = HALF),
    "half a character as an id" to Wrong("tags.list: an id") { crm, _ -> crm.org(OrgId(HALF)).tags.list() },
    "half a character as an endpoint" to Wrong("transports") { _, _ ->
        Crm.open(transports = mapOf(HALF to WhatsApp("a", "b")))
    },
    "not a number" to contact("contacts.create new.attributes.x: NaN", Double.NaN),
    "infinity in a list" to contact("new.attributes.x.[1]", listOf(1, Double.NEGATIVE_INFINITY)),
    "a number beyond 64 bits" to contact("new.attributes.x", BigInteger.TWO.pow(64)),
    "a number below 64 bits" to contact("new.attributes.x", BigInteger.TWO.pow(63).negate() - BigInteger.ONE),
    "an absurdly huge number" to contact("new.attributes.x", BigInteger.TEN.pow(5000)),
    "a number of many digits" to contact("BigDecimal", BigDecimal("0.1")),
    "an object of another class" to contact("Instant has no form in JSON", AUTUMN),
    "bytes for any JSON" to contact("ByteArray", byteArrayOf(1)),
    "a number as a key" to contact("new.attributes.x: the key 1 is no text", mapOf(1 to 2)),
    "a list that holds itself" to contact("nested too deeply", circle),
    "a filter too deep for the library" to Wrong("recursion limit") { _, org -> org.contacts.count(nested(200)) },
    "a filter too deep for the stack" to Wrong("nested too deeply") { _, org -> org.contacts.count(nested(100_000)) },
    "a number below zero" to settings("plan", Settings(name = "x", plan = Plan.Contacts(-1))),
    "the least number" to settings("window_closing_soon_seconds", Settings(name = "x", windowClosingSoonSeconds = Long.MIN_VALUE)),
    "a place before the feed" to Wrong("after") { _, org -> org.events.read(-1, 1) },
    "a page of less than nothing" to Wrong("limit") { _, org -> org.contacts.listPage(Filter.Everyone, page = PageRequest(limit = -1)) },
    "a cursor from elsewhere" to Wrong("x") { _, org -> org.contacts.listPage(Filter.Everyone, page = PageRequest(cursor = "x")) },
    "an id that is none" to Wrong("contacts.get id") { _, org -> org.contacts.get(ContactId("ana")) },
    "no id" to Wrong("id") { _, org -> org.contacts.get(ContactId("")) },
    "a member that is none" to Wrong("AgentId") { _, org -> org.actingAs(AgentId("bruno")).tags.list() },
    "a time after all times" to Wrong("at") { _, org ->
        org.consent.set(NOBODY, ConsentRequest(true, ConsentScope(ConsentPurpose.EVERYTHING), at = Instant.MAX))
    },
    "a time before all times" to Wrong("now") { _, _ -> ManualClock.at(Instant.MIN) },
    "no moment forward" to Wrong("seconds") { _, _ -> ManualClock.at(AUTUMN).advance(Double.NaN) },
    "an age forward" to Wrong("seconds") { _, _ -> ManualClock.at(AUTUMN).advance(Double.MAX_VALUE) },
    "a file that is not there" to Wrong("/none/such.csv") { _, org -> org.imports.inspect(FileSource.Path("/none/such.csv")) },
    "a wait that is no number" to opening("timeout_seconds", WhatsApp("a", "b", timeoutSeconds = Double.NaN)),
    "a wait below zero" to opening("timeout_seconds", WhatsApp("a", "b", timeoutSeconds = -1.0)),
    "a patience below zero" to opening("timeout_seconds", Sending(Duration.ofSeconds(-1)) { accepted }),
)

class InputTest {
    @Test
    fun aWrongValueIsRefusedAndNamedAndNothingHappens() {
        val taken = mutableListOf<String>()
        for ((name, wrong) in WRONG) inShop { crm, org ->
            try {
                wrong.call(crm, org)
                taken += "$name: taken"
            } catch (error: TertuliaError) {
                if (error !is InvalidError || wrong.word !in error.message) taken += "$name: $error"
            }
            assertEquals(name, 1, crm.orgs().size)
            assertEquals(name, 0, org.contacts.count(Filter.Everyone))
        }
        assertEquals("", taken.joinToString("\n"))
    }

    @Test
    fun oddValuesThatAreRightCrossUnchanged() = inShop { crm, org ->
        val names = listOf("", " ", "\u0000", "\u2028", "\u007f", "🫖", "e\u0301", "\"\\", "x".repeat(1000), "<{{name}}>&'", "שלום")
        for (name in names) assertEquals(name, crm.org(crm.createOrg(Settings(name = name))).settings.get().name)
        org.attributes.define("n", AttributeKind.Number)
        for ((place, number) in listOf<Number>(0L, -1L, Long.MAX_VALUE, Long.MIN_VALUE, 1e300, 0.1).withIndex()) {
            val new = NewContact(phone = "+1202555010$place", name = "Ana", attributes = mapOf("n" to number))
            assertEquals(mapOf("n" to number), org.contacts.create(new).attributes)
        }
        assertEquals(6, org.contacts.listPage(Filter.Everyone, page = PageRequest(limit = Long.MAX_VALUE)).items.size)
    }

    @Test
    fun timesAndAnyJsonComeBackAsTheyWere() = runBlocking {
        inShop(ManualClock.at(AUTUMN)) { _, org ->
            assertEquals(AUTUMN, org.person("+351912345678").createdAt)
            val json = mapOf(
                "type" to "BODY", "text" to "Hi", "n" to 1L, "big" to BigInteger.TWO.pow(64) - BigInteger.ONE, "x" to 1.5,
                "list" to listOf(null, true, mapOf<String, Any?>()), "null" to null,
            )
            val given = json + mapOf("n" to 1, "x" to 1.5f)
            org.templates.put(
                Template(name = "hi", language = "en", category = Category.UTILITY, status = "APPROVED", components = listOf(given)),
            )
            assertEquals(listOf(json), org.templates.get("hi", "en").components)
        }
        val clock = ManualClock.at(AUTUMN)
        clock.advance(0.000001)
        assertEquals(AUTUMN.plusNanos(1000), clock.now())
    }

    @Test
    fun anOrganisationThatTookAKeyForItsHashesIsNotUsedWithoutIt() = runBlocking {
        val path = Files.createTempDirectory("tertulia").resolve("crm.db")
        val id = Crm.open(path).let { crm -> crm.createOrg(Settings()).also { crm.close() } }
        suspend fun use(key: ByteArray?) {
            val crm = Crm.open(path, suppressionKey = key)
            try {
                crm.org(id).settings.get()
            } finally {
                crm.close()
            }
        }
        use(null)
        use(ByteArray(32) { 3 })
        failsWith<TertuliaError>("suppression.key_missing") { use(null) }
        failsWith<TertuliaError>("suppression.key_wrong") { use(ByteArray(32)) }
        failsWith<TertuliaError>("input.invalid") { use(ByteArray(31)) }
        use(ByteArray(32) { 3 })
    }

    @Test
    fun aKeyIs32BytesAndTakesABuildThatCanEncrypt() = runBlocking {
        val path = Files.createTempDirectory("tertulia").resolve("crm.db")
        suspend fun refuses(code: String, key: Int, from: ConvertFrom?) {
            failsWith<TertuliaError>(code) { Crm.open(path, encryptionKey = ByteArray(key), convertFrom = from) }
        }
        refuses("input.invalid", 31, null)
        refuses("input.invalid", 32, ConvertFrom.Key(ByteArray(33)))
        for (from in listOf(null, ConvertFrom.Plain, ConvertFrom.Key(ByteArray(32)))) {
            refuses("storage.no_encryption", 32, from)
        }
        assertFalse(Files.exists(path))
        Crm.open(path, convertFrom = ConvertFrom.Plain).close()
    }
}
