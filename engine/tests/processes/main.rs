//! Several processes over one store: killed, cut off, the store gone for a while, told the same, and writing the same.
//!
//! Each proof is a function of where the store is, and has a test for each kind of store.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cut_off;
mod importing;
mod outage;
mod place;
mod process;
mod receiving;
mod server;
mod shops;

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::place::Place;
use crate::server::Server;

/// A number that `cargo xtask soak` says, or somebody who looks for a fault.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().unwrap())
}

/// A file for a store, in a folder of its own.
fn file() -> (TempDir, Place) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    let place = Place::at(path.to_str().unwrap());
    (folder, place)
}

/// Lets nobody write to a file for a while, as a program that backs it up may.
fn lock(file: &Path, time: Duration) {
    let mut connection = rusqlite::Connection::open(file).unwrap();
    // Others lock it again and again, and not for long.
    let soon = |_| {
        std::thread::sleep(Duration::from_micros(100));
        true
    };
    connection.busy_handler(Some(soon)).unwrap();
    connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
    std::thread::sleep(time);
    connection.execute_batch("ROLLBACK").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_and_cut_off_processes_on_one_file_send_nobody_twice() {
    let (_folder, place) = file();
    cut_off::prove(place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_locked_for_a_while_loses_nobody() {
    let (_folder, mut place) = file();
    // Sooner than the file is let go.
    place.patience = Duration::from_millis(200);
    let path = place.location.clone();
    outage::prove(place, move || {
        lock(Path::new(&path), Duration::from_millis(1_500));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_that_are_told_the_same_write_it_to_one_file_once() {
    let (_folder, place) = file();
    receiving::prove(place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_import_the_same_people_into_one_file() {
    let (_folder, place) = file();
    importing::prove(place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_and_cut_off_processes_on_one_server_send_nobody_twice() {
    cut_off::prove(server::schema("cut_off")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_and_comes_back_loses_nobody() {
    let mut server = Server::start();
    let place = Place::at(&server.url);
    outage::prove(place, move || {
        for command in ["kill", "start"] {
            server.tell(command);
        }
        server
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_that_are_told_the_same_write_it_to_one_server_once() {
    receiving::prove(server::schema("receiving")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_import_the_same_people_into_one_server() {
    importing::prove(server::schema("importing")).await;
}
