//! Where a store lies: `file:` addresses. Other kinds of store get their own schemes here.

use std::path::{Path, PathBuf};

use super::RunStoreError;

/// Reads `file:relative` and `file:///absolute`. The path is taken as it is written: nothing is decoded, so
/// that a folder's name can be copied from a shell.
pub(super) fn folder(url: &str, base: &Path) -> Result<PathBuf, RunStoreError> {
    let refuse = |reason: &str| RunStoreError::Url { url: url.to_owned(), reason: reason.to_owned() };
    let Some(path) = url.strip_prefix("file:") else {
        return Err(match url.split_once(':') {
            Some((scheme, _)) if !scheme.contains('/') => {
                refuse(&format!("`{scheme}:` is not supported, give `file:folder` or `file:///folder`"))
            }
            _ => refuse("give an address such as `file:folder` or `file:///folder`"),
        });
    };
    let path = match path.strip_prefix("//") {
        Some(rest) if rest.starts_with('/') => rest,
        Some(_) => {
            return Err(refuse("it names a host, an absolute folder has three slashes: `file:///folder`"));
        }
        None => path,
    };
    if path.is_empty() {
        return Err(refuse("it names no folder"));
    }
    Ok(base.join(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_addresses_are_relative_to_the_base_or_absolute() {
        let base = Path::new("/srv/job");
        for (url, expected) in [
            ("file:./runs", "/srv/job/./runs"),
            ("file:runs here", "/srv/job/runs here"),
            ("file:///var/runs", "/var/runs"),
            ("file:/var/runs", "/var/runs"),
        ] {
            assert_eq!(folder(url, base).unwrap(), Path::new(expected), "{url}");
        }
    }

    #[test]
    fn other_addresses_are_refused_with_what_to_write() {
        for url in ["s3://bucket/prefix", "file://host/x", "file:", "file://", "/var/runs", "", "runs"] {
            let message = folder(url, Path::new("/")).unwrap_err().to_string();
            assert!(message.contains("file:") || message.contains("names no folder"), "{message}");
        }
        assert!(folder("s3://b", Path::new("/")).unwrap_err().to_string().contains("`s3:` is not supported"));
    }
}
