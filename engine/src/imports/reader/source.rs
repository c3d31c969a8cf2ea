//! Bytes that are known to be UTF-8, a piece at a time.

use std::io::{ErrorKind, Read};

use tertulia_core::error::Code;

use super::Failure;

const BUFFER: usize = 64 << 10;
const HEAD: usize = 4;

/// A source of bytes, checked as they come; a byte order mark is taken off.
#[derive(Debug)]
pub(super) struct Source<R> {
    inner: R,
    buffer: Box<[u8]>,
    /// What is checked and not yet consumed.
    start: usize,
    checked: usize,
    /// From `checked` to here: the beginning of a character that goes on in the next piece.
    filled: usize,
    /// Where the buffer begins in the file.
    offset: u64,
    /// The file's first bytes: they tell what it is if it is no text.
    head: Vec<u8>,
    /// Anything was checked.
    begun: bool,
    ended: bool,
    /// What is wrong right after the checked bytes.
    wrong: Option<Failure>,
}

impl<R: Read> Source<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            start: 0,
            checked: 0,
            filled: 0,
            offset: 0,
            head: Vec::with_capacity(HEAD),
            begun: false,
            ended: false,
            wrong: None,
        }
    }

    /// The bytes that come next; none at the end only. What comes before a fault is given first.
    pub(super) fn fill(&mut self) -> Result<&[u8], Failure> {
        while self.start == self.checked && !self.ended {
            if let Some(wrong) = self.wrong.take() {
                self.ended = true;
                return Err(wrong);
            }
            self.read()?;
        }
        Ok(&self.buffer[self.start..self.checked])
    }

    /// Passes over bytes that [`fill`](Self::fill) gave.
    pub(super) fn consume(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.checked);
    }

    fn read(&mut self) -> Result<(), Failure> {
        self.buffer.copy_within(self.checked..self.filled, 0);
        self.offset += self.checked as u64;
        self.filled -= self.checked;
        (self.start, self.checked) = (0, 0);
        let read = loop {
            match self.inner.read(&mut self.buffer[self.filled..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        let read = read.map_err(|error| Failure {
            code: Code::ImportIo,
            message: format!("the file cannot be read: {error}"),
        })?;
        if read == 0 {
            self.ended = true;
            if self.filled > 0 {
                return Err(self.not_utf8(0));
            }
            return Ok(());
        }
        let new = &self.buffer[self.filled..self.filled + read];
        self.head.extend(new.iter().take(HEAD - self.head.len()));
        self.filled += read;
        self.check();
        Ok(())
    }

    fn check(&mut self) {
        let bytes = &self.buffer[..self.filled];
        let (valid, broken) = match std::str::from_utf8(bytes) {
            Ok(_) => (bytes.len(), false),
            Err(error) => (error.valid_up_to(), error.error_len().is_some()),
        };
        let nul = bytes[..valid].iter().position(|byte| *byte == 0);
        self.checked = nul.unwrap_or(valid);
        if broken || nul.is_some() {
            self.wrong = Some(self.not_utf8(self.checked));
        }
        if !self.begun && self.checked > 0 {
            self.begun = true;
            if self.buffer[..self.checked].starts_with("\u{feff}".as_bytes()) {
                self.start = "\u{feff}".len();
            }
        }
    }

    /// The fault at this place of the buffer, and what the file may be instead.
    fn not_utf8(&self, place: usize) -> Failure {
        let offset = self.offset + place as u64;
        let byte = self.buffer[place];
        let hint = if self.head.starts_with(b"PK\x03\x04") {
            "this is a spreadsheet or archive; export it as CSV in UTF-8"
        } else if offset < 2 && matches!(byte, 0 | 0xfe | 0xff) {
            "the file is probably UTF-16; export it as CSV in UTF-8"
        } else {
            "export the file as CSV in UTF-8"
        };
        Failure {
            code: Code::ImportEncoding,
            message: format!("the byte {byte:#04x} at offset {offset} is not UTF-8 text: {hint}"),
        }
    }
}
