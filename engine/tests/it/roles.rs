//! Roles at the engine's own calls; that every method holds members to theirs is tested where methods are listed.

use tertulia::core::journal::{EntryKind, What};
use tertulia::{AuditFilter, BulkAction, BulkWatch, Code, Filter, NewContact, PageOf, Role, Selection};

use crate::support::Shop;

const ANA: &str = "+12025550100";
const BRUNO: &str = "+12025550101";

#[tokio::test]
async fn a_demotion_counts_from_the_next_call_and_its_refusals_are_audited() {
    for shop in [Shop::open().await, Shop::in_memory().await] {
        let ana = shop.opted_in(ANA, &[]).await;
        let iris = shop.org.team().add("Iris", Role::Admin).await.unwrap();
        let by_iris = shop.org.acting_as(iris.id);
        by_iris.tags().list().await.unwrap();
        shop.org.team().set_role(iris.id, Role::Viewer).await.unwrap();
        by_iris.contacts().get(ana.id).await.unwrap();
        let refused = by_iris.contacts().tag(ana.id, &["vip"]).await.unwrap_err();
        assert_eq!(refused.code(), Code::RoleForbidden);
        shop.org.team().deactivate(iris.id, None).await.unwrap();
        let gone = by_iris.contacts().get(ana.id).await.unwrap_err();
        assert_eq!(gone.code(), Code::MemberInactive);
        let filter = AuditFilter::of(&[EntryKind::AccessRefused]);
        let refusals = shop.org.audit().list(&filter, &PageOf::default()).await.unwrap();
        let calls: Vec<(String, Option<Role>, Role)> = refusals
            .items
            .into_iter()
            .filter_map(|entry| match entry.what {
                What::AccessRefused { call, role, needs } => Some((call, role, needs)),
                _ => None,
            })
            .collect();
        let viewer = Some(Role::Viewer);
        let expected = [
            ("contacts.tag".to_owned(), viewer, Role::Agent),
            ("contacts.get".to_owned(), viewer, Role::Viewer),
        ];
        assert_eq!(calls, expected);
        assert!(shop.find(ANA).await.tags.is_empty());
    }
}

#[tokio::test]
async fn a_bulk_action_ends_at_the_batch_before_which_its_member_was_demoted() {
    let shop = Shop::in_memory().await;
    for number in 0..2_001 {
        let new = NewContact {
            phone: Some(format!("+1202555{number:04}")),
            name: Some("Somebody".to_owned()),
            ..NewContact::default()
        };
        shop.org.contacts().create(new).await.unwrap();
    }
    let iris = shop.org.team().add("Iris", Role::Admin).await.unwrap();
    let (told, demoted) = std::sync::mpsc::channel();
    let org = shop.org.clone();
    let demoting = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        demoted.recv().unwrap();
        runtime
            .block_on(org.team().set_role(iris.id, Role::Agent))
            .unwrap();
    });
    let mut demoting = Some(demoting);
    let watch = BulkWatch {
        progress: Some(Box::new(move |_| {
            if let Some(demoting) = demoting.take() {
                told.send(()).unwrap();
                demoting.join().unwrap();
            }
        })),
        ..BulkWatch::default()
    };
    let by_iris = shop.org.acting_as(iris.id);
    let action = BulkAction::Tag(vec!["vip".to_owned()]);
    let ended = by_iris
        .contacts()
        .bulk(&Selection::Filter(Filter::Everyone), &action, watch)
        .await;
    assert_eq!(ended.unwrap_err().code(), Code::RoleForbidden);
    let tagged = shop
        .org
        .contacts()
        .count(&Filter::tagged_any(["vip"]))
        .await
        .unwrap();
    assert_eq!(tagged, 2_000);
}

#[tokio::test]
async fn who_leaves_by_their_own_call_hands_their_contacts_over() {
    let shop = Shop::open().await;
    let (ana, bruno) = (shop.opted_in(ANA, &[]).await, shop.opted_in(BRUNO, &[]).await);
    let iris = shop.org.team().add("Iris", Role::Owner).await.unwrap().id;
    let otto = shop.org.team().add("Otto", Role::Owner).await.unwrap().id;
    for id in [ana.id, bruno.id] {
        shop.org.contacts().set_owner(id, Some(iris)).await.unwrap();
    }
    let by_iris = shop.org.acting_as(iris);
    assert_eq!(by_iris.team().deactivate(iris, Some(otto)).await.unwrap(), 2);
    assert_eq!(shop.find(ANA).await.owner, Some(otto));
    let last = shop
        .org
        .acting_as(otto)
        .team()
        .deactivate(otto, None)
        .await
        .unwrap_err();
    assert_eq!(last.code(), Code::MemberLastOwner);
}
