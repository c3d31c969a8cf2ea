//! Definitions of custom attributes.

use tertulia_core::attributes::{Attribute, AttributeKind};
use tertulia_core::context::Context;
use tertulia_core::decide::{organisation, profile};
use tertulia_core::error::{Code, Error};
use tertulia_core::filter::{AttributeFilter, Filter, ValueTest};
use tertulia_core::record::RecordKind;
use tertulia_core::roles::Call;
use tertulia_core::working_set::WorkingSet;
use tertulia_storage_traits::Query;

use crate::handles::batches::everybody;
use crate::org::Org;

/// Definitions of custom attributes.
#[derive(Debug, Clone, Copy)]
pub struct Attributes<'a>(pub(crate) &'a Org);

impl Attributes<'_> {
    /// Defines an attribute; nothing if it is defined just so. Fails with `attribute.invalid`, also if it is defined
    /// otherwise: that is [`change`](Self::change).
    pub async fn define(&self, name: &str, kind: AttributeKind) -> Result<(), Error> {
        let attribute = Attribute {
            org: self.0.id,
            name: name.to_owned(),
            kind,
        };
        self.0
            .decide(Call::AttributesDefine, move |set, ctx| {
                organisation::define_attribute(set, ctx, &attribute)
            })
            .await
    }

    /// Defines an attribute anew. Values that do not fit any more are taken away from contacts; how many contacts lost one.
    ///
    /// Fails with `attribute.unknown`, `attribute.invalid`, and, unless it is forced, with `attribute.in_use` if there are
    /// values that may not fit: those of a dropdown's entry that goes, and all of an attribute that becomes anything else
    /// than text.
    pub async fn change(&self, name: &str, kind: AttributeKind, force: bool) -> Result<u64, Error> {
        let before = self.known(Call::AttributesChange, name).await?;
        let Some(misfits) = before.kind.misfits(&kind, name) else {
            self.0
                .decide(Call::AttributesChange, move |set, ctx| {
                    organisation::redefine_attribute(set, ctx, &before, &kind)
                })
                .await?;
            return Ok(0);
        };
        self.refuse_in_use(Call::AttributesChange, name, &misfits, force)
            .await?;
        self.0
            .decide(Call::AttributesChange, move |set, ctx| {
                organisation::redefine_attribute(set, ctx, &before, &kind)
            })
            .await?;
        self.drop_misfits(Call::AttributesChange, name, misfits).await
    }

    /// Removes the definition of an attribute, and its values from contacts; how many contacts lost one. Filters and
    /// texts that name it are refused from then on.
    ///
    /// Fails with `attribute.unknown`, and, unless it is forced, with `attribute.in_use` if there are values.
    pub async fn remove(&self, name: &str, force: bool) -> Result<u64, Error> {
        let before = self.known(Call::AttributesRemove, name).await?;
        let having = Filter::Attribute(AttributeFilter {
            name: name.to_owned(),
            is: ValueTest::Set,
        });
        self.refuse_in_use(Call::AttributesRemove, name, &having, force)
            .await?;
        self.0
            .decide(Call::AttributesRemove, move |set, ctx| {
                organisation::remove_attribute(set, ctx, &before)
            })
            .await?;
        self.drop_misfits(Call::AttributesRemove, name, having).await
    }

    async fn known(&self, call: Call, name: &str) -> Result<Attribute, Error> {
        self.0
            .look(call, |set, ctx| organisation::attribute(set, ctx, name))
            .await
    }

    async fn refuse_in_use(
        &self,
        call: Call,
        name: &str,
        misfits: &Filter,
        force: bool,
    ) -> Result<(), Error> {
        if force {
            return Ok(());
        }
        match self.0.contacts().counted(call, misfits).await? {
            0 => Ok(()),
            count => {
                let message = format!("{count} contacts have values of {name:?} that this would take away");
                Err(Error::new(Code::AttributeInUse, message))
            }
        }
    }

    /// The definition is there no more, or another: nobody can be given such a value again.
    async fn drop_misfits(&self, call: Call, name: &str, misfits: Filter) -> Result<u64, Error> {
        let name = name.to_owned();
        let drop =
            move |set: &mut WorkingSet, ctx: &mut Context<'_>, id| profile::drop_misfit(set, ctx, id, &name);
        let runtime = &self.0.admitted(call).await?.runtime;
        everybody(runtime, self.0, Some(call), misfits.folded(), drop).await
    }

    /// All definitions, by name.
    pub async fn list(&self) -> Result<Vec<Attribute>, Error> {
        self.0
            .all(
                Call::AttributesList,
                Query::Records {
                    org: Some(self.0.id),
                    kind: RecordKind::Attribute,
                },
            )
            .await
    }
}
