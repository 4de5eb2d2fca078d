use super::*;

#[test]
fn adhoc() {
    for entry in std::fs::read_dir("/work/shared/corpus/pdf").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "pdf") {
            let t = std::time::Instant::now();
            println!(
                "== {path:?}\n{:#?}",
                pdf(&std::fs::read(&path).unwrap()).map(|p| {
                    println!("{}", p.text);
                    p
                })
            );
            println!("{:?}", t.elapsed());
        }
    }
}
