//! What was removed is made unreadable in the server's files.

use tertulia_storage_traits::StorageError;

use crate::connect::Connections;
use crate::error::{self, Attempts, Failure, Result, Written};
use crate::transaction::Tried;

/// All tables of the store.
const TABLES: &str = "
    SELECT string_agg(format('%I', c.relname), ', ' ORDER BY c.relname) FROM pg_class c
    WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND c.relkind = 'r'";

/// Takes what nobody can see any more out of the tables and their indexes.
pub(crate) async fn scrub(connections: &Connections) -> Result<()> {
    let mut attempts = Attempts::default();
    loop {
        match once(connections).await {
            Err(failure) if attempts.again(&failure).await => {}
            outcome => return outcome.map_err(StorageError::from),
        }
    }
}

async fn once(connections: &Connections) -> Tried<()> {
    let client = connections.get().await?;
    let failed = |failed| error::failed(&failed, "scrubbing", Written::Nothing);
    let row = client.query_one(TABLES, &[]).await.map_err(failed)?;
    let tables: String = crate::values::get(&row, 0).map_err(Failure::from)?;
    client
        .batch_execute(&format!("VACUUM {tables}"))
        .await
        .map_err(failed)
}
