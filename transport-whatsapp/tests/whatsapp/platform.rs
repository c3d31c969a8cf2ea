//! A server on this machine that answers as a test says, and remembers what it was asked.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What the server does about one request.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Answers with this status and body, and keeps the connection.
    Answer(u16, String),
    /// Answers, then closes the connection.
    AnswerAndClose(u16, String),
    /// Reads the request, then writes these bytes and closes.
    Write(&'static [u8]),
    /// Reads the request, then never answers.
    Hang,
    /// Closes as soon as the connection stands.
    CloseUnread,
}

/// A request as it came.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: Value,
    pub(crate) text: String,
}

/// The server: its base URL, and the requests as they come in.
pub(crate) struct Platform {
    pub(crate) url: String,
    requests: mpsc::UnboundedReceiver<Request>,
}

impl Platform {
    /// A server that does these things, one a request; after the last it takes no more connections.
    pub(crate) async fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        Self::start_naming(|_| acts.into_iter().collect()).await
    }

    /// The same, where what it does names its own URL.
    pub(crate) async fn start_naming(acts: impl FnOnce(&str) -> Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (seen, requests) = mpsc::unbounded_channel();
        let mut acts = acts(&url).into_iter();
        tokio::spawn(async move {
            let mut silent = Vec::new();
            'connections: while acts.len() > 0 {
                let (mut stream, _) = listener.accept().await.unwrap();
                if matches!(acts.as_slice()[0], Act::CloseUnread) {
                    acts.next();
                    continue;
                }
                while acts.len() > 0 {
                    let Some(request) = read(&mut stream).await else {
                        continue 'connections;
                    };
                    seen.send(request).unwrap();
                    match acts.next().unwrap() {
                        Act::Answer(status, body) => answer(&mut stream, status, &body).await,
                        Act::AnswerAndClose(status, body) => {
                            answer(&mut stream, status, &body).await;
                            continue 'connections;
                        }
                        Act::Write(bytes) => {
                            stream.write_all(bytes).await.unwrap();
                            continue 'connections;
                        }
                        Act::Hang => {
                            silent.push(stream);
                            continue 'connections;
                        }
                        Act::CloseUnread => {
                            unreachable!("the first request of a connection cannot be unread")
                        }
                    }
                }
            }
            // Connections that hang stay open for as long as the test runs.
            std::future::pending::<()>().await;
            drop(silent);
        });
        Self { url, requests }
    }

    /// All requests so far.
    pub(crate) fn requests(&mut self) -> Vec<Request> {
        std::iter::from_fn(|| self.requests.try_recv().ok()).collect()
    }
}

async fn answer(stream: &mut TcpStream, status: u16, body: &str) {
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes()).await.unwrap();
}

/// Reads one request to its end; nothing if the client closed.
async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let length = head
        .lines()
        .find_map(|line| {
            line.to_lowercase()
                .strip_prefix("content-length: ")?
                .parse::<usize>()
                .ok()
        })
        .unwrap_or(0);
    while bytes.len() < end + length {
        // A client whose file breaks off hangs up.
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = serde_json::from_slice(&bytes[end..end + length]).unwrap_or(Value::Null);
    let text = String::from_utf8_lossy(&bytes[end..end + length]).into_owned();
    Some(Request { head, body, text })
}
