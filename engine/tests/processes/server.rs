//! PostgreSQL servers: the one that tests find, and one of a test's own.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::place::Place;

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: put `cargo xtask with-postgres` before the command that runs the tests")
    })
}

/// A store in a schema of its own, at the server that tests find.
pub(crate) fn schema(name: &str) -> Place {
    let url = variable("TERTULIA_TEST_POSTGRES");
    let and = if url.contains('?') { '&' } else { '?' };
    Place::at(&format!("{url}{and}schema={name}_{}", std::process::id()))
}

/// A server that may be taken down, gone when it is dropped.
pub(crate) struct Server {
    script: Child,
    /// Closed, it ends the server.
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        let mut command = Command::new("sh");
        command
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../storage-postgres/tests/cluster.sh"
            ))
            .arg(variable("TERTULIA_TEST_POSTGRES_PROGRAMS"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        // What a terminal tells those in front of it would cut the script off before it has removed anything.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut script = command.spawn().unwrap();
        let mut server = Self {
            input: script.stdin.take(),
            output: BufReader::new(script.stdout.take().unwrap()).lines(),
            script,
            url: String::new(),
        };
        server.read_until("ready");
        server
    }

    /// Has one of the script's commands done.
    pub(crate) fn tell(&mut self, command: &str) {
        writeln!(self.input.as_mut().unwrap(), "{command}").unwrap();
        self.read_until("done");
    }

    fn read_until(&mut self, word: &str) {
        for line in self.output.by_ref().map(Result::unwrap) {
            if let Some(url) = line.strip_prefix("TERTULIA_TEST_POSTGRES=") {
                url.clone_into(&mut self.url);
            }
            assert_ne!(line, "failed");
            if line == word {
                return;
            }
        }
        panic!("the server's script ended before it said {word:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.input.take());
        // What it had to say, it has said.
        let _ = self.script.wait();
    }
}
