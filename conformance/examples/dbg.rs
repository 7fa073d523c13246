#![allow(missing_docs)]
use connect_conformance::{case::*, client::*, plan::*, runner::Judge, suite::*, *};
use std::sync::Arc;
fn main() {
    let schema = connect_model::schema::Schema::connect();
    let rt = tokio::runtime::Runtime::new().unwrap();
    let args: Vec<String> = std::env::args().collect();
    let filter = args.get(1).cloned();
    let defect = args.get(2).and_then(|d| emulator::Defect::named(d));
    rt.block_on(async {
        let emu = emulator::Emulator::start(schema, &emulator::Config { defect, ..Default::default() }).await.unwrap();
        let mut target = target::Target::unsigned(emu.url().parse().unwrap());
        target.instance_id = Some(emulator::DEFAULT_INSTANCE_ID.to_owned());
        let transport = Arc::new(transport::Transport::new(&target, "connect", Default::default()).unwrap());
        let permission = Permission { loopback: true, ..Default::default() };
        let t = std::time::Instant::now();
        let plan = Plan::new(schema, &Selection { permission: permission.clone(), filter, ..Default::default() });
        println!("planned {} left out {} in {:?}", plan.cases.len(), plan.left_out.len(), t.elapsed());
        let client =
            Client::new(schema, target, transport, ClientConfig { seed: 1, cases: 3, salt: "abc".into(), permission });
        let suite = Arc::new(Suite::new(plan, client));
        let n = suite.cases().len();
        let next = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let mut set = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let s = suite.clone();
            let next = next.clone();
            set.spawn(async move {
                let mut r = vec![];
                loop {
                    let i = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    if i >= n {
                        break;
                    }
                    r.push((i, s.run(i).await));
                }
                r
            });
        }
        let mut all = vec![];
        while let Some(r) = set.join_next().await {
            all.extend(r.unwrap());
        }
        let mut pass = 0;
        let mut kinds = std::collections::BTreeMap::<String, usize>::new();
        for (i, o) in &all {
            match &o.verdict {
                Verdict::Pass => pass += 1,
                Verdict::Fail => {
                    let f = &o.findings[0];
                    let k = suite.cases()[*i].to_string();
                    println!("FAIL {k}: {} | {} | {}", f.pointer, f.expected, f.actual);
                }
                Verdict::Unsupported(w) => *kinds.entry(format!("unsup {w}")).or_default() += 1,
                Verdict::Indeterminate(w) => {
                    let k = &suite.cases()[*i];
                    println!("IND {k}: {w}");
                    *kinds.entry(format!("ind {}", k.check)).or_default() += 1
                }
            }
            for f in &o.findings {
                if f.level != Level::Must {
                    *kinds.entry(format!("{:?} {}", f.level, f.check)).or_default() += 1;
                    if f.level == Level::Should {
                        println!("SHOULD {} {} {} {}", suite.cases()[*i], f.pointer, f.expected, f.actual);
                    }
                }
            }
        }
        println!("pass {pass} of {n}; {kinds:#?} in {:?}; {} requests", t.elapsed(), suite.client().requests_sent());
        println!("{:#?}", suite.client().learned());
    });
}
