package org.tertulia

import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Test
import org.tertulia.testing.Platform

class TextTest {
    @Test
    fun keysStayOutOfTexts() = runBlocking {
        for (holder in listOf(
            WhatsApp(appSecret = "hush", verifyToken = "hush"),
            Twilio(authToken = "hush", publicUrl = "https://shop.example/webhooks/twilio"),
            Sender(Channel.SMS, "1", credential = "hush"),
            StaticCredentials("key" to "hush"),
        )) {
            assertFalse("$holder".contains("hush"))
        }
        assertEquals("Sender(channel=SMS, senderId=1, businessId=null)", Sender(Channel.SMS, "1", credential = "hush").toString())
        val info = Platform.start().info()
        for (secret in listOf(info.appSecret, info.accessToken, info.verifyToken)) assertFalse("$info".contains(secret))
    }

    @Test
    fun everyCodeHasTheClassOfItsKind() {
        val classes = mapOf(
            "invalid" to InvalidError::class, "refused" to RefusedError::class, "not_found" to NotFoundError::class,
            "conflict" to ConflictError::class, "forbidden" to ForbiddenError::class,
            "unavailable" to UnavailableError::class, "corrupt" to CorruptError::class,
        )
        assertEquals(classes.keys, ErrorCode.kinds.values.toSet())
        for ((code, kind) in ErrorCode.kinds) {
            val error = TertuliaError(code, "why")
            assertEquals(code, classes[kind], error::class)
            assertEquals(kind, error.kind)
            assertEquals("${classes[kind]?.simpleName}: $code: why", error.toString())
        }
    }

    @Test
    fun anErrorHasAllThatAHostBranchesOn() = inShop { crm, org ->
        org.person("+351912345678")
        val taken = failsWith<ConflictError>("contact.duplicate") { org.person("+351912345678") }
        assertEquals(listOf("conflict", Retry.NEVER), listOf(taken.kind, taken.retry))
        failsWith<NotFoundError>("org.not_found") { crm.org(OrgId("019b8d2a-0000-7000-8000-000000000001")).tags.list() }
    }

    @Test
    fun aRuleThatSaysNoIsARefusal() = runBlocking {
        val crm = Crm.open(transports = mapOf("whatsapp" to WhatsApp("app secret", "verify token")))
        val org = crm.shop()
        val account = org.accounts.connect(NewAccount(Channel.WHATSAPP, senderId = "106540352242922", name = "Main", credential = "main"))
        val ana = org.person("+351912345678").id
        val request = SendRequest(ana, account, Draft.Content(Content.Text("Olá!")))
        val refused = failsWith<RefusedError>("window.closed") { org.inbox.send(request) }
        assertEquals("refused", refused.kind)
        crm.close()
    }

    @Test
    fun idsOfOneTextAreEqualAndPrintIt() {
        assertEquals(ContactId("a"), ContactId("a"))
        assertEquals("a", ContactId("a").toString())
    }
}
