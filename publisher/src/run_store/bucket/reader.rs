//! Reads an object piece by piece, as it comes.

use std::io::{self, Read};

use bytes::{Buf as _, Bytes};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use object_store::Error as StoreError;

use super::bridge::Bridge;

/// An object's content, asked for as it is read.
pub(super) struct BodyReader {
    bridge: Bridge,
    /// None once it has ended, or broken off.
    body: Option<BoxStream<'static, Result<Bytes, StoreError>>>,
    piece: Bytes,
}

impl BodyReader {
    pub(super) fn new(bridge: Bridge, body: BoxStream<'static, Result<Bytes, StoreError>>) -> Self {
        Self { bridge, body: Some(body), piece: Bytes::new() }
    }
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            let Some(mut body) = self.body.take() else { return Ok(0) };
            let next =
                self.bridge.wait(async move { (body.next().await, body) }).map_err(io::Error::other)?;
            match next {
                (None, _) => return Ok(0),
                (Some(Ok(piece)), body) => (self.piece, self.body) = (piece, Some(body)),
                // Not told as an error of its own kind: a file that breaks off is damaged, or cannot be read now.
                (Some(Err(error)), _) => return Err(io::Error::new(io::ErrorKind::ConnectionAborted, error)),
            }
        }
        let length = self.piece.len().min(buffer.len());
        self.piece.split_to(length).copy_to_slice(buffer.get_mut(..length).unwrap_or_default());
        Ok(length)
    }
}
