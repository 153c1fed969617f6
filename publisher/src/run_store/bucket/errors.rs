//! What S3's errors mean for the store, and what to do about them.

use object_store::Error as StoreError;

use crate::run_store::RunStoreError;

/// Sorts an error of a request.
pub(super) fn sort(action: &'static str, place: String, error: StoreError) -> RunStoreError {
    let advice = match &error {
        StoreError::NotFound { .. } => ": there is no such bucket; correct `run_store.url`, or create it",
        StoreError::Unauthenticated { .. } => ": AWS does not accept the job's credentials",
        error if is_denied(error) => {
            ": allow the job's role s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket there, and the use of the bucket's KMS key"
        }
        StoreError::NotImplemented { .. } | StoreError::NotSupported { .. } => {
            return RunStoreError::Unsuited { what: error.to_string() };
        }
        _ => "",
    };
    RunStoreError::Remote { action, place, advice, source: Box::new(error) }
}

/// A listing or a deletion that is denied comes as an error of no kind: its text alone tells.
fn is_denied(error: &StoreError) -> bool {
    match error {
        StoreError::PermissionDenied { .. } => true,
        StoreError::Generic { source, .. } => source.to_string().contains("AccessDenied"),
        _ => false,
    }
}
