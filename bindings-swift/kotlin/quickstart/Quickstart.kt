// What the library is for, in a minute: the day of a small shop that examples/src/bin/quickstart.rs plays, in Kotlin.

import java.io.File
import java.nio.file.Path
import java.time.ZoneOffset
import java.time.format.DateTimeFormatter
import kotlin.io.path.createDirectories
import kotlin.io.path.createTempDirectory
import kotlin.io.path.fileSize
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import org.tertulia.*
import org.tertulia.testing.Platform

fun main(args: Array<String>) = runBlocking {
    val folder = args.firstOrNull()?.let(Path::of) ?: createTempDirectory("tertulia-")
    folder.createDirectories()
    val file = folder.resolve("crm.db")

    // A stand-in for WhatsApp on this machine. With the real one, only the secrets and the base URL differ.
    val platform = Platform.start()
    val secrets = platform.info()
    val crm = Crm.open(
        path = file,
        transports = mapOf("whatsapp" to WhatsApp(secrets.appSecret, secrets.verifyToken, baseUrl = secrets.baseUrl)),
        credentials = StaticCredentials("main number" to secrets.accessToken),
    )
    title("The CRM is one file: $file")
    val shop = openShop(crm)
    val account = openAccount(shop, secrets)

    import(shop, folder)
    platform.deliverTo("whatsapp", crm)
    peopleWrite(platform, shop, account)
    broadcast(platform, crm, shop, account)
    timeline(shop)

    title("By the platform's own log, this run sent ${platform.accepted().size} messages.")
    println("  Run it again over $folder: nobody gets the broadcast twice.")
    crm.close()
}

private fun title(text: String) = println("\n$text")

/** The shop of this folder: made on the first run, found again on the next. */
private suspend fun openShop(crm: Crm): Org {
    val shop = crm.org(crm.orgs().firstOrNull() ?: crm.createOrg(Settings(name = "Casa Lua")))
    shop.attributes.define("City", AttributeKind.Text)
    if (shop.rules.list().isEmpty()) {
        shop.rules.add(Pattern(PatternKind.CONTAINS, "order"), listOf("buyer"))
        shop.rules.add(Pattern(PatternKind.EXACT, "PROMO"), listOf("promo"))
        shop.rules.add(Pattern(PatternKind.STARTS_WITH, "REF"), listOf("referral"))
    }
    shop.templates.put(
        Template(
            name = "spring_sale",
            language = "en_US",
            category = Category.MARKETING,
            status = "APPROVED",
            components = listOf(
                mapOf("type" to "BODY", "text" to "Hi {{1}}, {{2}} has new teas. Reply STOP to hear no more."),
            ),
        ),
    )
    return shop
}

private suspend fun openAccount(shop: Org, secrets: PlatformInfo): AccountId =
    shop.accounts.list().firstOrNull()?.id ?: shop.accounts.connect(
        NewAccount(
            channel = Channel.WHATSAPP,
            senderId = secrets.phoneNumberId,
            businessId = secrets.wabaId,
            name = "Main number",
            credential = "main number",
        ),
    )

private suspend fun import(shop: Org, folder: Path) {
    title("A CSV with bad rows is imported: the good ones go in, the bad ones come back with their reasons.")
    val rejected = folder.resolve("rejected.csv")
    val report = shop.imports.run(
        FileSource.Bytes(CONTACTS.readBytes()),
        ImportOptions(file = "contacts.csv"),
        rejected.toString(),
    )
    val counts = report.counts
    val rows = counts.created + counts.updated + counts.unchanged + counts.rejected
    println(
        "  $rows rows = ${counts.created} created + ${counts.updated} updated + ${counts.unchanged} unchanged" +
            " + ${counts.rejected} rejected",
    )
    for (rejection in report.rejections) {
        val why = rejection.errors.joinToString("; ") { if (it.column.isEmpty()) it.reason else "${it.column}: ${it.reason}" }
        println("  line ${rejection.line.toString().padStart(2)}: $why")
    }
    println("  (${rejected.fileSize()} bytes of rejected rows, to mend and upload)")
}

private suspend fun peopleWrite(platform: Platform, shop: Org, account: AccountId) {
    title("People write; each webhook is signed, and durable when it is answered.")
    // The platform's clock tells whole seconds: a moment later, what they write comes after the import.
    delay(1000)
    val ana = Person(phone = "+351912345678", name = "Ana")
    val dora = Person(phone = "+12025550123", name = "Dora")
    val new = Person(phone = "+5215512345678", name = "Ximena")
    val hidden = Person(userId = "US.13491208655302741918", name = "Pablo", username = "pablomorales")
    for ((id, person, text) in listOf(
        Triple("ana-1", ana, "Is my order ready?"),
        Triple("new-1", new, "PROMO"),
        Triple("pablo-1", hidden, "REF 77, a friend sent me"),
        Triple("dora-1", dora, "  stop!! "),
        Triple("dora-2", dora, "and who are you?"),
    )) {
        platform.say(person, text, "wamid.quickstart-$id")
        platform.drain()
    }
    shop.contacts.list(Filter.Everyone, ContactOrder.NAME).collect { contact ->
        val consent = shop.consent.get(contact.id)
        val source = consent.basis?.source?.name?.lowercase() ?: "never asked"
        val window = when (val state = shop.contacts.window(contact.id, account)) {
            is WindowState.Open -> "open, %d h %02d min left".format(state.secondsLeft / 3600, state.secondsLeft / 60 % 60)
            else -> "closed"
        }
        println(
            "  %-12s %-15s opted in: %-3s (%-11s) window: %-22s tags: %s".format(
                contact.name.orEmpty(), contact.phone ?: "no number", if (consent.optedIn) "yes" else "no", source, window,
                contact.tags.joinToString(", "),
            ),
        )
    }

    title("May Dora, who said STOP, be sent “Sorry, who is asking?”  No, and this is why:")
    val known = shop.contacts.findByPhone("+12025550123") ?: error("Dora is missing")
    val request = SendRequest(known.id, account, Draft.Content(Content.Text("Sorry, who is asking?")))
    for (denial in shop.consent.explain(request).denials) {
        val lifts = when (val lift = denial.lifts) {
            is Lift.At -> lift.value
            is Lift.When -> lift.value
        }
        println("  [${denial.code}] yes when $lifts")
    }
    try {
        shop.inbox.send(request)
        error("the gate let it through")
    } catch (refused: RefusedError) {
        println("  and sending fails with ${refused.code}")
    }
}

private suspend fun broadcast(platform: Platform, crm: Crm, shop: Org, account: AccountId) {
    platform.receipts(Reach.READ)
    val known = shop.broadcasts.listPage(PageRequest(limit = 1)).items.firstOrNull()
    val id = if (known != null) {
        title("The broadcast of an earlier run is found again; what is left of it goes on.")
        known.id
    } else {
        val id = shop.broadcasts.create(
            NewBroadcast(
                name = "Spring",
                account = account,
                template = "spring_sale",
                language = "en_US",
                parameters = TemplateParameters(
                    body = BodyParameters.List(
                        listOf(Parameter.Text("{{contact.firstName|there}}"), Parameter.Text("{{org.name}}")),
                    ),
                ),
                target = Selection.Filter(Filter.Tags(TagFilter.Any(listOf("vip", "promo", "referral")))),
            ),
        )
        title("A broadcast to everybody tagged vip, promo or referral, looked at before it goes:")
        val preview = shop.broadcasts.preview(id)
        println("  goes to ${preview.total}: ${preview.first.mapNotNull { it.name }.joinToString(", ")}")
        for ((reason, count) in preview.leftOut) {
            println("  left out: $count ${reason.replace('_', ' ')}")
        }
        shop.broadcasts.launch(id)
        id
    }
    crm.runDue()
    platform.drain()
    funnel(shop.broadcasts.stats(id))
}

private fun funnel(stats: Stats) {
    title("The funnel, after the platform's statuses came in:")
    val most = maxOf(stats.total, 1)
    val rows = listOf(
        "fitted the target" to stats.total,
        "left out" to stats.skipped.values.sum(),
        "sent" to stats.sent,
        "delivered" to stats.delivered,
        "read" to stats.read,
        "failed" to stats.failed.values.sum(),
        "waiting" to stats.pending,
        "in doubt" to stats.sending + stats.unknown + stats.unconfirmed,
    )
    for ((name, count) in rows) {
        println("  %-18s %3d %s".format(name, count, "█".repeat((count * 40 / most).toInt())))
    }
    if (stats.sending + stats.unknown > 0) {
        println("  (an earlier run was killed while it sent: a status settles these, or they end as unconfirmed)")
    }
}

private suspend fun timeline(shop: Org) {
    title("Ana's timeline:")
    val ana = shop.contacts.findByPhone("+351 912 345 678") ?: error("Ana is missing")
    val time = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss").withZone(ZoneOffset.UTC)
    for (entry in shop.contacts.timelinePage(ana.id).items) {
        println("  ${time.format(entry.at)}  ${told(entry.what)}")
    }
}

private fun told(what: JournalEvent): String = when (what) {
    is JournalEvent.TagAdded -> if (what.rule != null) "tagged ${what.tag} by a rule" else "tagged ${what.tag}"
    is JournalEvent.ConsentChanged ->
        "consent: ${spoken(what.fact.change)} by ${spoken(what.fact.source)}; opted in: ${what.after}"
    is JournalEvent.MessageReceived -> "wrote"
    is JournalEvent.MessageSent -> if (what.broadcast != null) "was sent the broadcast" else "message sent"
    is JournalEvent.IdentityAdded -> "address ${what.address.value} (${what.address.kind.name.lowercase()})"
    // `contact created` for `ContactCreated`.
    else -> what::class.simpleName.orEmpty().replace(Regex("(?<=[a-z])[A-Z]")) { " ${it.value}" }.lowercase()
}

/** `OptIn` for `OPT_IN`. */
private fun spoken(word: Enum<*>): String =
    word.name.split('_').joinToString("") { it.lowercase().replaceFirstChar(Char::uppercase) }

private val CONTACTS = File("examples/data/contacts.csv")
