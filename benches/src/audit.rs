//! Tags given to many and taken away, with the sealing of what that adds to the audit and without.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use tertulia::{BulkAction, BulkWatch, Filter, ImportOptions, Selection, WhatsApp, WhatsAppConfig};
use tokio::runtime::Runtime;

use crate::measure::{Outcome, compare, side};
use crate::shop::Shop;

const CONTACTS: usize = 10_000;

pub(crate) fn run() -> Outcome<()> {
    let runtime = Runtime::new()?;
    let (sealed, bare) = runtime.block_on(async { Outcome::Ok((peopled().await?, peopled().await?)) })?;
    compare(
        &format!("audit: {CONTACTS} contacts tagged and untagged in bulk, two entries each"),
        &mut [
            side("and sealed by due work", 2 * CONTACTS, || {
                runtime.block_on(async {
                    let start = Instant::now();
                    tag_and_untag(&sealed).await?;
                    sealed.crm.run_due().await?;
                    Ok(start.elapsed())
                })
            }),
            side("peer: and not sealed", 2 * CONTACTS, || {
                runtime.block_on(async {
                    let start = Instant::now();
                    tag_and_untag(&bare).await?;
                    Ok(start.elapsed())
                })
            }),
        ],
    )?;
    let start = Instant::now();
    let verdict = runtime.block_on(sealed.org.audit().verify(None))?;
    let took: Duration = start.elapsed();
    println!(
        "\nverify: {} entries in {:.1} s",
        verdict.entries,
        took.as_secs_f64()
    );
    Ok(())
}

async fn peopled() -> Outcome<Shop> {
    let shop = Shop::open(WhatsApp::new(WhatsAppConfig::new("app secret", "verify token"))?).await?;
    let mut file = "name,phone\n".to_owned();
    for number in 0..CONTACTS {
        writeln!(file, "Somebody,+1202{:07}", 5_550_000 + number)?;
    }
    let options = ImportOptions::default();
    let report = shop
        .org
        .imports()
        .run(file.as_bytes(), &options, tertulia::Watch::default())
        .await?;
    if report.counts.created != CONTACTS as u64 {
        return Err(format!("{:?}", report.counts).into());
    }
    shop.crm.run_due().await?;
    Ok(shop)
}

async fn tag_and_untag(shop: &Shop) -> Outcome<()> {
    let everybody = Selection::Filter(Filter::Everyone);
    let tags = vec!["vip".to_owned()];
    for action in [BulkAction::Tag(tags.clone()), BulkAction::Untag(tags)] {
        let report = shop
            .org
            .contacts()
            .bulk(&everybody, &action, BulkWatch::default())
            .await?;
        if report.changed != CONTACTS as u64 {
            return Err(format!("{report:?}").into());
        }
    }
    Ok(())
}
