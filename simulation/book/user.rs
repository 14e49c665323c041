//! What the world knows of its probers.
use super::Book;
use jiff::Timestamp;
use std::sync::{Mutex, MutexGuard, Weak};

/// What the world knows of a prober: when it asks next. It is forgotten with its prober.
pub(crate) struct User {
    pub book: Weak<Mutex<Book>>,
    pub next: Timestamp,
    /// So many of the world's calls it has seen.
    pub calls: usize,
}

/// A prober's book, to read it and to write in it.
pub(crate) fn open(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().expect("nobody panics while writing the book")
}
