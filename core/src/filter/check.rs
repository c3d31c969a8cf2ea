//! What a filter may be: not too large, and about attributes that are defined.

use super::{Filter, TagFilter};
use crate::attributes::Attribute;
use crate::ctwa;
use crate::error::{Code, Error};
use crate::ids::SegmentId;
use crate::search::MAX_CHARS;

/// How many conditions may stand inside each other.
pub const MAX_DEPTH: usize = 60;

/// How many conditions, and values in their lists, a filter may have.
pub const MAX_SIZE: usize = 5_000;

impl Filter {
    /// Refuses a filter that is too large to be looked at.
    ///
    /// # Errors
    /// `filter.too_large` beyond [`MAX_DEPTH`] or [`MAX_SIZE`].
    pub fn check_size(&self) -> Result<(), Error> {
        let mut left = MAX_SIZE;
        self.fits_into(MAX_DEPTH, &mut left)
    }

    fn fits_into(&self, depth: usize, left: &mut usize) -> Result<(), Error> {
        let too_large = |what: String| Err(Error::new(Code::FilterTooLarge, what));
        let Some(depth) = depth.checked_sub(1) else {
            return too_large(format!("the filter is more than {MAX_DEPTH} conditions deep"));
        };
        if let Self::Text(text) = self
            && text.chars().count() > MAX_CHARS
        {
            return too_large(format!(
                "the text to search for has more than {MAX_CHARS} characters"
            ));
        }
        let values = match self {
            Self::Tags(TagFilter::Any(tags) | TagFilter::All(tags) | TagFilter::None(tags)) => tags.len(),
            Self::Status(any) => any.len(),
            Self::Lead(any) => any.len(),
            Self::Source(any) => any.len(),
            Self::Conversation(any) => any.len(),
            _ => 0,
        };
        *left = match left.checked_sub(values.saturating_add(1)) {
            Some(left) => left,
            None => {
                return too_large(format!(
                    "the filter has more than {MAX_SIZE} conditions and values"
                ));
            }
        };
        self.parts().try_for_each(|part| part.fits_into(depth, left))
    }

    /// The conditions that this one joins or negates.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Self> {
        let (many, one) = match self {
            Self::And(filters) | Self::Or(filters) => (filters.as_slice(), None),
            Self::Not(filter) => (&[][..], Some(&**filter)),
            _ => (&[][..], None),
        };
        many.iter().chain(one)
    }

    /// Shows each condition within, and this one.
    pub(crate) fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Self)) {
        see(self);
        for part in self.parts() {
            part.visit(see);
        }
    }

    /// The attributes that it asks about.
    pub(crate) fn attributes(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.visit(&mut |part| {
            if let Self::Attribute(attribute) = part {
                names.push(attribute.name.as_str());
            }
        });
        names
    }

    /// The segments that it names.
    pub(crate) fn segments(&self) -> Vec<SegmentId> {
        let mut ids = Vec::new();
        self.visit(&mut |part| {
            if let Self::Segment(id) = part {
                ids.push(*id);
            }
        });
        ids
    }

    /// Refuses conditions that the attributes' definitions give no meaning to. The filter's size must have been checked.
    ///
    /// # Errors
    /// `filter.attribute_unknown`, `filter.misfit`; both name the attribute.
    pub fn check_attributes<'a>(
        &self,
        mut definition: impl FnMut(&str) -> Option<&'a Attribute>,
    ) -> Result<(), Error> {
        let mut outcome = Ok(());
        self.visit(&mut |part| {
            if let (Self::Attribute(attribute), Ok(())) = (part, &outcome) {
                outcome = match definition(&attribute.name) {
                    None if attribute.name == ctwa::ATTRIBUTE => attribute.check_ctwa(),
                    Some(definition) => attribute.check(definition),
                    None => Err(Error::new(
                        Code::FilterAttributeUnknown,
                        format!(
                            "the filter names attribute {:?}, which nobody defined",
                            attribute.name
                        ),
                    )),
                };
            }
        });
        outcome
    }
}
