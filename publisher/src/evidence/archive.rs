//! The one form of a pack's archive: how each file lies in it, and the check that an archive has that form.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::manifest::MANIFEST_FILE;

/// Whoever unpacks may read.
const MODE: u32 = 0o644;
/// zlib's own middle: reports shrink tenfold.
const DEFLATE_LEVEL: i64 = 6;

/// Gives how a file lies in the pack. What is compressed already is stored, and the manifest too: its digest can be
/// checked with whatever reads a file.
pub(super) fn method(path: &str) -> CompressionMethod {
    if path.ends_with(".zst") || path == MANIFEST_FILE {
        CompressionMethod::Stored
    } else {
        CompressionMethod::Deflated
    }
}

pub(super) fn options(path: &str, bytes: u64, at: Timestamp) -> SimpleFileOptions {
    let method = method(path);
    SimpleFileOptions::default()
        .compression_method(method)
        .compression_level((method == CompressionMethod::Deflated).then_some(DEFLATE_LEVEL))
        .last_modified_time(time(at))
        .unix_permissions(MODE)
        .large_file(bytes > u64::from(u32::MAX))
}

/// Gives the start of the run as archives write times: in UTC, with an even second.
pub(super) fn time(at: Timestamp) -> DateTime {
    let at = TimeZone::UTC.to_datetime(at);
    let small = |part: i8| u8::try_from(part).unwrap_or_default();
    u16::try_from(at.year())
        .ok()
        .and_then(|year| {
            let (month, day) = (small(at.month()), small(at.day()));
            let second = small(at.second()) & !1;
            DateTime::from_date_and_time(year, month, day, small(at.hour()), small(at.minute()), second).ok()
        })
        .unwrap_or_default()
}

/// Finds the first byte in which an archive differs from what bestand would have written of the same compressed
/// files; none where it has the one form.
///
/// So whatever lies before, between or behind the files, overlaps, stands there twice, is a link, has another time or
/// a comment, shows here.
pub(super) fn first_difference<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    file: &File,
    at: Timestamp,
) -> io::Result<Option<u64>> {
    let length = file.metadata()?.len();
    let mut writer = ZipWriter::new(Comparing { file, at: 0, end: 0, differs: None, own: Vec::new() });
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index)?;
        if let Err(error) = writer.raw_copy_file_touch(entry, time(at), Some(MODE)) {
            let error = io::Error::from(error);
            return if error.kind() == io::ErrorKind::Other { Ok(Some(0)) } else { Err(error) };
        }
    }
    let compared = writer.finish()?;
    Ok(compared.differs.or_else(|| (compared.end != length).then_some(compared.end.min(length))))
}

/// Takes what is written, and holds it against a file instead of keeping it.
struct Comparing<'a> {
    file: &'a File,
    at: u64,
    end: u64,
    differs: Option<u64>,
    own: Vec<u8>,
}

impl Write for Comparing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.own.resize(bytes.len(), 0);
        let mut read = 0;
        while let Some(rest) = self.own.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, self.at + read as u64)? {
                0 => break,
                more => read += more,
            }
        }
        let same = self.own.iter().take(read).zip(bytes).take_while(|(left, right)| left == right).count();
        if same < bytes.len() && self.differs.is_none() {
            self.differs = Some(self.at + same as u64);
        }
        self.at += bytes.len() as u64;
        self.end = self.end.max(self.at);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Comparing<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let moved = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.end.checked_add_signed(by),
        };
        self.at = moved.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
