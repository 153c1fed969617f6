//! The secrets that the settings name: each is fetched as a run would, and forgotten.

use super::report::{CheckedSecret, Part, PartStatus, Report};
use crate::secrets;
use crate::settings::{SecretKey, Settings};

/// Which registers lack a secret. They are not tried: it would be the same failure again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lacking {
    pub(super) source: bool,
    pub(super) central: bool,
}

/// Fetches every secret.
pub(super) async fn check(settings: &Settings, report: &mut Report) -> Lacking {
    let mut lacking = Lacking::default();
    for (key, reference) in settings.secrets() {
        let place = reference.place().map(|place| place.to_string()).unwrap_or_default();
        let detail = match secrets::fetch(settings, key, &reference).await {
            Ok(_) => None,
            Err(error) => Some(report.fail("secrets", &error)),
        };
        if detail.is_some() {
            match key {
                SecretKey::SourcePassword | SecretKey::SourceRoots => lacking.source = true,
                SecretKey::ApiKey
                | SecretKey::BearerFile
                | SecretKey::ClientSecret
                | SecretKey::CertificateKey
                | SecretKey::CentralRoots => lacking.central = true,
            }
        }
        let status = if detail.is_some() { PartStatus::Failed } else { PartStatus::Ok };
        report.secrets.push(CheckedSecret { key, place, status, detail });
    }
    if lacking.central {
        report.central_register = Part::without(PartStatus::NotTried);
    }
    lacking
}
