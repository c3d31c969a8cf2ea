//! Prints the description of all that crosses to other languages.

fn main() {
    println!("{:#}", tertulia_bindings_shapes::describe());
}
