//! The entries under our name in the central register, page by page.

use bestand_model::asset::PublishedAsset;
use bestand_publisher::central_register::{CentralRegister, ListScope};

use crate::error::Error;

/// Lists the entries, and counts those that show that bestand wrote them.
pub(crate) async fn list(
    register: &dyn CentralRegister,
    scope: &ListScope,
    mut each: impl FnMut(PublishedAsset) -> Result<(), Error>,
) -> Result<u64, Error> {
    let (mut cursor, mut entries) = (None, 0);
    loop {
        let page = register.list(scope, cursor).await?;
        for entry in page.items {
            entries += u64::from(entry.bears_our_mark());
            each(entry)?;
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(entries),
        }
    }
}
