//! The native half of the Python package: open a handle, call it by a method's name with JSON, and let the library
//! call Python. Everything typed is Python, generated from the same description as all bindings.
//!
//! Only text and handles cross. The library's threads never touch Python: one thread speaks to it
//! (`speaker`), and ends before the interpreter does.

mod handle;
mod host;
mod speaker;

/// The native half of tertulia.
#[pyo3::pymodule]
mod _native {
    use std::sync::OnceLock;

    use pyo3::exceptions::PyImportError;
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::handle::{CancelToken, Handle, open};
    #[pymodule_export]
    use crate::host::Reply;

    /// The interpreter that this was first imported by: its `sys`, which each has one of.
    static INTERPRETER: OnceLock<usize> = OnceLock::new();

    /// The speaker ends before the interpreter does: nothing may call Python after that. It speaks to one interpreter,
    /// so that the module refuses any other of the process, as Python itself does from 3.12 on.
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let sys = module.py().import("sys")?;
        let interpreter = sys.as_ptr().addr();
        if *INTERPRETER.get_or_init(|| interpreter) != interpreter {
            let message = "module tertulia._native does not support loading in subinterpreters";
            return Err(PyImportError::new_err(message));
        }
        refuse_copies(module, &sys)?;
        let hush = wrap_pyfunction!(crate::speaker::hush, module)?;
        module.py().import("atexit")?.call_method1("register", (hush,))?;
        Ok(())
    }

    /// Two copies of the library in one process would have two copies of SQLite, which take each other's locks away
    /// from a file that both open. The first leaves its place in `sys`.
    fn refuse_copies(module: &Bound<'_, PyModule>, sys: &Bound<'_, PyModule>) -> PyResult<()> {
        let here = module.getattr("__file__")?;
        match sys.getattr_opt("_tertulia")? {
            Some(first) if !first.eq(&here)? => Err(PyImportError::new_err(format!(
                "{here} is a second copy of a library that this process has loaded from {first}"
            ))),
            _ => sys.setattr("_tertulia", here),
        }
    }
}
