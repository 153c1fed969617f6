//! Where a store lies: `file:` and `s3:` addresses.

use std::path::{Path, PathBuf};

use super::RunStoreError;

/// A place for a store.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Location {
    /// On the disk.
    Folder(PathBuf),
    /// On S3.
    Bucket(BucketAddress),
}

/// A bucket and a prefix in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct BucketAddress {
    pub(super) bucket: String,
    /// Without slashes at its ends; may be empty.
    pub(super) prefix: String,
}

impl BucketAddress {
    pub(super) fn url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }

    /// Gives the object's key in the bucket.
    pub(super) fn key(&self, key: &str) -> String {
        let parts = [self.prefix.as_str(), key].into_iter().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join("/")
    }

    pub(super) fn url_of(&self, key: &str) -> String {
        format!("s3://{}/{}", self.bucket, self.key(key))
    }
}

/// Tells whether an address names a bucket.
pub(super) fn is_bucket(url: &str) -> bool {
    url.starts_with("s3:")
}

/// Reads `file:relative`, `file:///absolute` and `s3://bucket/prefix`. A path is taken as it is written: nothing is
/// decoded, so that a folder's name can be copied from a shell.
pub(super) fn read(url: &str, base: &Path) -> Result<Location, RunStoreError> {
    let refuse = |reason: &str| RunStoreError::Url { url: url.to_owned(), reason: reason.to_owned() };
    if is_bucket(url) {
        return bucket(url).map(Location::Bucket).map_err(|reason| refuse(&reason));
    }
    let Some(path) = url.strip_prefix("file:") else {
        return Err(match url.split_once(':') {
            Some((scheme, _)) if !scheme.contains('/') => refuse(&format!(
                "`{scheme}:` is not supported, give `file:folder`, `file:///folder` or `s3://bucket/prefix`"
            )),
            _ => refuse("give an address such as `file:folder`, `file:///folder` or `s3://bucket/prefix`"),
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
    Ok(Location::Folder(base.join(path)))
}

fn bucket(url: &str) -> Result<BucketAddress, String> {
    let Some(rest) = url.strip_prefix("s3://") else {
        return Err("write it as `s3://bucket/prefix`".to_owned());
    };
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let safe = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(safe) {
        return Err(format!("`{bucket}` is no bucket's name: 3 to 63 of a-z, 0-9, `-` and `.`"));
    }
    let prefix = prefix.trim_end_matches('/');
    let part = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.=".contains(c))
    };
    if !prefix.is_empty() && !prefix.split('/').all(part) {
        return Err(format!(
            "`{prefix}` is no prefix: letters, digits, `-`, `_`, `.`, `=` between single slashes"
        ));
    }
    Ok(BucketAddress { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
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
            assert_eq!(read(url, base).unwrap(), Location::Folder(expected.into()), "{url}");
        }
    }

    #[test]
    fn buckets_have_a_name_and_may_have_a_prefix() {
        for (url, bucket, prefix, object) in [
            ("s3://bestand-runs", "bestand-runs", "", "s3://bestand-runs/runs/a"),
            ("s3://bestand-runs/", "bestand-runs", "", "s3://bestand-runs/runs/a"),
            (
                "s3://bestand.runs/staging/v=1/",
                "bestand.runs",
                "staging/v=1",
                "s3://bestand.runs/staging/v=1/runs/a",
            ),
        ] {
            let Location::Bucket(found) = read(url, Path::new("/")).unwrap() else { panic!("{url}") };
            assert_eq!((found.bucket.as_str(), found.prefix.as_str()), (bucket, prefix), "{url}");
            assert_eq!(found.url_of("runs/a"), object);
        }
    }

    #[test]
    fn other_addresses_are_refused_with_what_to_write() {
        let wrong = [
            ("file://host/x", "three slashes"),
            ("file:", "names no folder"),
            ("file://", "three slashes"),
            ("/var/runs", "file:folder"),
            ("", "file:folder"),
            ("runs", "file:folder"),
            ("gs://bucket", "`gs:` is not supported"),
            ("s3:bucket", "s3://bucket/prefix"),
            ("s3://", "no bucket's name"),
            ("s3://Bucket/x", "no bucket's name"),
            ("s3://bucket/a//b", "no prefix"),
            ("s3://bucket/../b", "no prefix"),
            ("s3://bucket/a b", "no prefix"),
        ];
        for (url, words) in wrong {
            let message = read(url, Path::new("/")).unwrap_err().to_string();
            assert!(message.contains(words), "{url}: {message}");
        }
    }
}
