//! What was removed is made unreadable in the server's files.

use crate::connect::Connections;
use crate::error::{self, Failure, Result, Tried, Written, patiently};

/// All tables of the store.
const TABLES: &str = "
    SELECT string_agg(format('%I', c.relname), ', ' ORDER BY c.relname) FROM pg_class c
    WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND c.relkind = 'r'";

/// Takes what nobody can see any more out of the tables and their indexes.
pub(crate) async fn scrub(connections: &Connections) -> Result<()> {
    Ok(patiently(|| once(connections)).await?)
}

async fn once(connections: &Connections) -> Tried<()> {
    let connection = connections.get().await?;
    let failed = |failed| error::failed(&failed, "scrubbing", Written::Nothing);
    let row = connection.client.query_one(TABLES, &[]).await.map_err(failed)?;
    let tables: String = crate::values::get(&row, 0).map_err(Failure::from)?;
    connection
        .client
        .batch_execute(&format!("VACUUM {tables}"))
        .await
        .map_err(failed)
}
