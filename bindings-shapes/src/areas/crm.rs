//! What a CRM does for all its organisations.

use tertulia::core::ids::OrgId;
use tertulia::core::settings::Settings;
use tertulia::{Crm, Done, Received};

use crate::host::WebhookShape;
use crate::method::area;

area! {
    /// A CRM inside this process: opened once, shared by all its tasks.
    crm(crm: Crm) {
        /// Creates an organisation; its id.
        fn create_org(settings: Settings) -> OrgId {
            Ok(crm.create_org(settings).await?.id())
        }

        /// All organisations, by id.
        fn orgs() -> Vec<OrgId> {
            crm.orgs().await
        }

        /// Takes in one request of a platform, and returns when its events are durable: then answer 200 with the body.
        /// On an error answer its `http_status`; the platform sends the webhook again later.
        ///
        /// `endpoint` is the name that the transport was given.
        fn receive(endpoint: String, request: WebhookShape) -> Received {
            crm.receive(&endpoint, request.into()).await
        }

        /// Does what is due now, until nothing is, and returns: for cron jobs, phones and tests. Several at once, in
        /// one process or many, are safe.
        fn run_due() -> Done {
            crm.run_due().await
        }

        /// Does what is due as it falls due, until the CRM is closed.
        fn work() -> () {
            crm.work().await
        }

        /// Answers if the store can be read.
        fn ping() -> () {
            crm.ping().await
        }

        /// Ends workers after what they are sending, finishes commits, and lets go of the store. Closing what is
        /// closed does nothing.
        fn close() -> () {
            crm.close().await
        }
    }
}
