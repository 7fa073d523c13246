//! The command `connect-model`.
fn main() {
    let a: Vec<String> = std::env::args().skip(1).collect();
    if a[0] == "import" {
        let s: Vec<_> =
            a[1..].iter().map(|p| connect_model::import::Source::open(std::path::Path::new(p)).unwrap()).collect();
        let ast = connect_model::import::import(
            &s,
            &[
                ("package".into(), "botocore".into()),
                ("version".into(), "1.44.5".into()),
                ("licence".into(), "Apache-2.0".into()),
            ],
        )
        .unwrap();
        print!("{}", connect_model::ast::to_text(&ast));
    } else {
        match connect_model::schema::Schema::load(std::path::Path::new(&a[1])) {
            Ok(s) => println!(
                "{} ops {} shapes; paginated {}",
                s.operations().count(),
                s.shapes().count(),
                s.operations().filter(|o| o.1.pagination.is_some()).count()
            ),
            Err(e) => println!("{} {e}", a[1]),
        }
    }
}
