//! A file's bytes as text, a piece at a time, whatever it is written in, and where the text cannot be trusted.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, DecoderResult, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use tertulia_core::error::Code;
use tertulia_core::import::Encoding;

use super::Failure;
use super::kind::other_kind;

/// How many bytes are read at once, and judged together where the encoding is found out.
const WINDOW: usize = 64 << 10;

/// How many bytes before the first that is not ASCII help to judge.
const CONTEXT: usize = 64;

/// A place where the bytes are no text; the text has U+FFFD or what the bytes gave there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    kind: FaultKind,
    /// Where it is in the file, in bytes.
    offset: u64,
    encoding: Encoding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FaultKind {
    /// Bytes that stand for nothing in the encoding.
    Broken,
    /// A NUL.
    Nul,
    /// What an earlier program put in the place of a character that it could not read.
    Replaced,
}

impl Fault {
    /// What is wrong, and what would mend it.
    pub(super) fn message(self) -> String {
        let Self {
            kind,
            offset,
            encoding,
        } = self;
        match kind {
            FaultKind::Broken => format!(
                "the bytes at offset {offset} are no {encoding} text; if the whole file is in another encoding, say in \
                 which, else write the character again"
            ),
            FaultKind::Nul => format!("there is a NUL byte at offset {offset}; take it out"),
            FaultKind::Replaced => format!(
                "at offset {offset} stands \\u{{fffd}}, which an earlier program wrote for a character that it could not \
                 read; write the character again"
            ),
        }
    }
}

/// A source of bytes, decoded as they come; a byte order mark is taken off.
pub(super) struct Source<R> {
    inner: R,
    raw: Box<[u8]>,
    /// From here to `filled`: what is read and not yet decoded.
    begin: usize,
    filled: usize,
    /// Where `raw[begin]` is in the file.
    offset: u64,
    /// Where the next character begins in the file: before `offset`, if the decoder has its first bytes already.
    next: u64,
    ended: bool,
    /// The file's first bytes were looked at.
    begun: bool,
    /// As the caller said, as the first bytes say, or as the first that are not ASCII say.
    encoding: Option<Encoding>,
    decoder: Decoder,
    /// The last of what was ASCII, by which the encoding of what follows is judged.
    context: Vec<u8>,
    decoded_all: bool,
    text: String,
    /// What of the text is consumed, and how much was consumed before it.
    consumed: usize,
    before: u64,
    faults: VecDeque<(u64, Fault)>,
    /// The first fault in what was consumed since somebody asked.
    passed: Option<Fault>,
}

impl<R> std::fmt::Debug for Source<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("encoding", &self.encoding)
            .finish_non_exhaustive()
    }
}

impl<R: Read> Source<R> {
    /// `encoding`: as the caller says; else it is found out.
    pub(super) fn new(inner: R, encoding: Option<Encoding>) -> Self {
        Self {
            inner,
            raw: vec![0; WINDOW].into_boxed_slice(),
            begin: 0,
            filled: 0,
            offset: 0,
            next: 0,
            context: Vec::new(),
            ended: false,
            begun: false,
            encoding,
            decoder: decoder(encoding.unwrap_or(Encoding::Utf8)),
            decoded_all: false,
            text: String::new(),
            consumed: 0,
            before: 0,
            faults: VecDeque::new(),
            passed: None,
        }
    }

    /// How the text is written down, as far as it was read: what is ASCII so far is UTF-8.
    pub(super) fn encoding(&self) -> Encoding {
        self.encoding.unwrap_or(Encoding::Utf8)
    }

    /// The text that comes next; none at the end only.
    pub(super) fn fill(&mut self) -> Result<&str, Failure> {
        while self.consumed == self.text.len() && !self.decoded_all {
            self.before += self.consumed as u64;
            self.consumed = 0;
            self.text.clear();
            self.more()?;
        }
        Ok(&self.text[self.consumed..])
    }

    /// The text that comes next, with more of it than was there before; the same if there is no more.
    pub(super) fn peek_further(&mut self) -> Result<(), Failure> {
        let known = self.text.len();
        while self.text.len() == known && !self.decoded_all {
            self.more()?;
        }
        Ok(())
    }

    /// Passes over bytes of text that [`fill`](Self::fill) gave.
    pub(super) fn consume(&mut self, bytes: usize) {
        self.consumed = (self.consumed + bytes).min(self.text.len());
        let place = self.before + self.consumed as u64;
        while let Some((_, fault)) = self.faults.pop_front_if(|(at, _)| *at < place) {
            self.passed.get_or_insert(fault);
        }
    }

    /// The first fault in what was consumed since this was last asked.
    pub(super) fn fault(&mut self) -> Option<Fault> {
        self.passed.take()
    }

    /// Reads and decodes another piece, and adds it to the text.
    fn more(&mut self) -> Result<(), Failure> {
        self.read()?;
        if !self.begun {
            self.begun = true;
            self.begin()?;
        }
        let mut end = self.filled;
        if self.encoding.is_none() {
            let bytes = &self.raw[self.begin..self.filled];
            let ascii = bytes
                .iter()
                .position(|byte| !byte.is_ascii())
                .unwrap_or(bytes.len());
            if ascii > 0 {
                end = self.begin + ascii;
                self.context = bytes[ascii.saturating_sub(CONTEXT)..ascii].to_vec();
            } else if !bytes.is_empty() {
                self.encoding =
                    Some(
                        detect(&self.context, bytes, self.ended).map_err(|message| Failure {
                            code: Code::ImportEncoding,
                            message,
                        })?,
                    );
                self.decoder = decoder(self.encoding());
            }
        }
        self.decode(end)
    }

    /// Fills the buffer as far as it goes, so that what is judged does not depend on the pieces in which a file comes.
    fn read(&mut self) -> Result<(), Failure> {
        self.raw.copy_within(self.begin..self.filled, 0);
        self.filled -= self.begin;
        self.begin = 0;
        while self.filled < self.raw.len() && !self.ended {
            match self.inner.read(&mut self.raw[self.filled..]) {
                Ok(0) => self.ended = true,
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::IsADirectory => {
                    return Err(Failure {
                        code: Code::ImportKind,
                        message: "this is a folder; name one CSV file in it".to_owned(),
                    });
                }
                // What came before is given first; the next call meets the fault again.
                Err(_) if self.filled > 0 => return Ok(()),
                Err(error) => {
                    return Err(Failure {
                        code: Code::ImportIo,
                        message: format!("the file cannot be read: {error}"),
                    });
                }
            }
        }
        Ok(())
    }

    /// Looks at the file's first bytes.
    fn begin(&mut self) -> Result<(), Failure> {
        let head = &self.raw[..self.filled];
        if let Some(message) = other_kind(head) {
            return Err(Failure {
                code: Code::ImportKind,
                message,
            });
        }
        let marks: [(&[u8], Encoding); 3] = [
            (b"\xef\xbb\xbf", Encoding::Utf8),
            (b"\xff\xfe", Encoding::Utf16Le),
            (b"\xfe\xff", Encoding::Utf16Be),
        ];
        for (mark, encoding) in marks {
            if head.starts_with(mark) && self.encoding.is_none_or(|said| said == encoding) {
                self.begin = mark.len();
                self.offset = mark.len() as u64;
                self.next = self.offset;
                self.encoding = Some(encoding);
            }
        }
        if self.encoding.is_none() {
            // Two characters of ASCII in UTF-16; text has no NUL.
            self.encoding = match head {
                [1..=127, 0, 1..=127, 0, ..] => Some(Encoding::Utf16Le),
                [0, 1..=127, 0, 1..=127, ..] => Some(Encoding::Utf16Be),
                _ => None,
            };
        }
        self.decoder = decoder(self.encoding());
        Ok(())
    }

    /// Decodes the bytes up to here.
    fn decode(&mut self, end: usize) -> Result<(), Failure> {
        let last = self.ended && end == self.filled;
        let encoding = self.encoding();
        loop {
            let bytes = &self.raw[self.begin..end];
            let room = self
                .decoder
                .max_utf8_buffer_length_without_replacement(bytes.len());
            self.text.reserve(room.unwrap_or(WINDOW));
            let from = self.text.len();
            let (result, read) =
                self.decoder
                    .decode_to_string_without_replacement(bytes, &mut self.text, last);
            self.find_faults(from);
            self.begin += read;
            self.offset += read as u64;
            match result {
                DecoderResult::InputEmpty => {
                    self.decoded_all = last;
                    return Ok(());
                }
                DecoderResult::Malformed(length, after) => {
                    let offset = self.offset - u64::from(length) - u64::from(after);
                    let fault = Fault {
                        kind: FaultKind::Broken,
                        offset,
                        encoding,
                    };
                    self.faults
                        .push_back((self.before + self.text.len() as u64, fault));
                    self.text.push('\u{fffd}');
                    self.next = offset + u64::from(length);
                }
                DecoderResult::OutputFull => {}
            }
        }
    }

    /// Finds characters in new text that no honest text has.
    fn find_faults(&mut self, from: usize) {
        let encoding = self.encoding();
        let text = &self.text[from..];
        let suspect = |c: char| match c {
            '\0' => Some(FaultKind::Nul),
            '\u{fffd}' => Some(FaultKind::Replaced),
            // The five bytes that Windows-1252 leaves free.
            '\u{80}'..='\u{9f}' if encoding == Encoding::Windows1252 => Some(FaultKind::Broken),
            _ => None,
        };
        let (mut offset, mut at) = (self.next, 0);
        while let Some(place) = text[at..].find(|c| suspect(c).is_some()).map(|place| at + place) {
            offset += length(encoding, &text[at..place]);
            at = place;
            if let Some(c) = text[at..].chars().next()
                && let Some(kind) = suspect(c)
            {
                let fault = Fault {
                    kind,
                    offset,
                    encoding,
                };
                self.faults.push_back((self.before + (from + at) as u64, fault));
                offset += length(encoding, c.encode_utf8(&mut [0; 4]));
                at += c.len_utf8();
            }
        }
        self.next = offset + length(encoding, &text[at..]);
    }
}

fn decoder(encoding: Encoding) -> Decoder {
    match encoding {
        Encoding::Utf8 => UTF_8,
        Encoding::Utf16Le => UTF_16LE,
        Encoding::Utf16Be => UTF_16BE,
        Encoding::Windows1252 => WINDOWS_1252,
    }
    .new_decoder_without_bom_handling()
}

/// How many bytes of the file this text was.
fn length(encoding: Encoding, text: &str) -> u64 {
    let bytes = match encoding {
        Encoding::Utf8 => text.len(),
        Encoding::Utf16Le | Encoding::Utf16Be => 2 * text.encode_utf16().count(),
        Encoding::Windows1252 => text.chars().count(),
    };
    bytes as u64
}

/// What bytes are written in, the first of which is not ASCII: UTF-8 if most of them that are not ASCII are, else what
/// their languages' habits say. What is none of the promised encodings is refused rather than read wrong.
fn detect(context: &[u8], bytes: &[u8], whole: bool) -> Result<Encoding, String> {
    let (mut good, mut broken) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += chunk.invalid().len();
    }
    // A character that goes on in the next piece is not broken.
    if !whole
        && let Err(error) = std::str::from_utf8(bytes)
        && error.error_len().is_none()
    {
        broken = 0;
    }
    if good > 0 && good >= broken {
        return Ok(Encoding::Utf8);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(context, false);
    detector.feed(bytes, whole);
    let guess = detector.guess(None, Utf8Detection::Deny);
    if guess == WINDOWS_1252 {
        return Ok(Encoding::Windows1252);
    }
    Err(format!(
        "the file's text seems to be {}, which is not read; export it as CSV in UTF-8, or say in which encoding it is",
        guess.name()
    ))
}
