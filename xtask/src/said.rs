//! Where what a stage prints goes: to the terminal, or, of stages that run beside others, to a file that is shown when
//! the stage has ended.

use std::cell::RefCell;
use std::fmt::Arguments;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

thread_local! {
    static KEPT: RefCell<Option<File>> = const { RefCell::new(None) };
}

/// Keeps in this file what this thread's stages print from now on.
pub(crate) fn keep(path: &Path) -> Result<(), String> {
    let file = File::create(path).map_err(|error| format!("{}: {error}", path.display()))?;
    KEPT.set(Some(file));
    Ok(())
}

/// Prints where this thread's stages print.
pub(crate) fn say(text: Arguments<'_>) {
    KEPT.with_borrow_mut(|kept| {
        // What cannot be kept must not be lost.
        if kept.as_mut().is_none_or(|file| file.write_fmt(text).is_err()) {
            print!("{text}");
        }
    });
}

/// Where a command prints that this thread starts.
pub(crate) fn place() -> Stdio {
    KEPT.with_borrow(|kept| kept.as_ref().and_then(|file| file.try_clone().ok()))
        .map_or_else(Stdio::inherit, Stdio::from)
}
