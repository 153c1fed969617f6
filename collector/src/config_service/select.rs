//! Pages of `SelectResourceConfig`.

use super::error::CallError;
use super::query::Query;
use super::tokens::Tokens;
use crate::action::Action;
use crate::region_client::RegionClient;

/// The largest page; AWS gives 25 rows unasked.
pub(crate) const PAGE_SIZE: i32 = 100;

/// Gives the next page of rows, each a JSON text. Pages may be empty or short while a token follows.
pub(crate) async fn page(
    region: &RegionClient,
    query: &Query,
    tokens: &mut Tokens,
) -> Result<Vec<String>, CallError> {
    let page = region
        .config_line
        .call(Action::Select, || {
            let request = region.config.select_resource_config().expression(&query.expression);
            request.limit(PAGE_SIZE).set_next_token(tokens.next()).send()
        })
        .await?;
    tokens.take(Action::Select, page.next_token)?;
    Ok(page.results.unwrap_or_default())
}
