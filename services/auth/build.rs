//! Embedded migrations are read at compile time: a new file must cause a new compilation.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
