//! The areas, one file each: what every language can call.

pub(crate) mod accounts;
pub(crate) mod analytics;
pub(crate) mod attributes;
pub(crate) mod audit;
pub(crate) mod broadcasts;
pub(crate) mod consent;
pub(crate) mod contacts;
pub(crate) mod crm;
pub(crate) mod events;
pub(crate) mod imports;
pub(crate) mod inbox;
pub(crate) mod notes;
pub(crate) mod phones;
pub(crate) mod quick_replies;
pub(crate) mod routing;
pub(crate) mod rules;
pub(crate) mod segments;
pub(crate) mod sequences;
pub(crate) mod settings;
pub(crate) mod tags;
pub(crate) mod team;
pub(crate) mod templates;
pub(crate) mod testing;

use tertulia::Org;

use crate::method::Area;

/// The areas of an organisation.
pub(crate) fn of_org() -> Vec<Area<Org>> {
    vec![
        contacts::contacts(),
        notes::notes(),
        phones::phones(),
        consent::consent(),
        tags::tags(),
        rules::rules(),
        attributes::attributes(),
        segments::segments(),
        imports::imports(),
        inbox::inbox(),
        routing::routing(),
        quick_replies::quick_replies(),
        analytics::analytics(),
        templates::templates(),
        broadcasts::broadcasts(),
        sequences::sequences(),
        accounts::accounts(),
        team::team(),
        settings::settings(),
        events::events(),
        audit::audit(),
    ]
}
