//! Tests of the search, with a register as the object, and against a judge that tries every order.

use std::cell::Cell;

use connect_model::generate::seed::Stream;

use super::*;

/// A register with small numbers.
struct Register;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Write(u8),
    Read(u8),
}

impl Model for Register {
    type State = u8;
    type Act = Act;

    fn start(&self) -> u8 {
        0
    }

    fn step(&self, state: &u8, act: &Act) -> Option<u8> {
        match *act {
            Act::Write(value) => Some(value),
            Act::Read(value) => (value == *state).then_some(value),
        }
    }

    fn reads(&self, act: &Act) -> bool {
        matches!(act, Act::Read(_))
    }
}

fn history(rows: &[(u64, u64, Act)]) -> Vec<Timed<Act>> {
    let call = |(at, (start, end, act)): (usize, &(u64, u64, Act))| {
        let end = (*end > 0).then_some(*end);
        Timed { start: *start, end, act: *act, at }
    };
    rows.iter().enumerate().map(call).collect()
}

/// True if a call must come before another one.
fn precedes(one: &Timed<Act>, other: &Timed<Act>, lag: Lag) -> bool {
    let Some(end) = one.end else { return false };
    match (Register.reads(&one.act), Register.reads(&other.act)) {
        (false, true) => end.saturating_add(lag.most) < other.start,
        (true, true) => lag.ordered && end < other.start,
        _ => end < other.start,
    }
}

/// Tries every order. Calls without an answer may take effect at any time after their start, any number of times.
fn by_force(calls: &[Timed<Act>], lag: Lag) -> bool {
    fn go(calls: &[Timed<Act>], lag: Lag, state: u8, left: &mut Vec<usize>) -> bool {
        if left.is_empty() {
            return true;
        }
        let may = |call: &Timed<Act>, left: &[usize]| left.iter().all(|other| !precedes(&calls[*other], call, lag));
        let loose = calls.iter().filter(|call| call.end.is_none() && may(call, left));
        let states: Vec<u8> = loose.filter_map(|call| Register.step(&state, &call.act)).chain([state]).collect();
        for state in states {
            for nth in 0..left.len() {
                let at = left[nth];
                let others: Vec<usize> = left.iter().copied().filter(|other| *other != at).collect();
                let Some(next) = Register.step(&state, &calls[at].act).filter(|_| may(&calls[at], &others)) else {
                    continue;
                };
                left.remove(nth);
                let found = go(calls, lag, next, left);
                left.insert(nth, at);
                if found {
                    return true;
                }
            }
        }
        false
    }
    go(calls, lag, Register.start(), &mut (0..calls.len()).filter(|at| calls[*at].end.is_some()).collect())
}

/// A random history of up to seven calls of three clients.
fn random(stream: &mut Stream) -> Vec<Timed<Act>> {
    let mut below = |bound: u64| stream.next() % bound;
    let mut clocks = [1_u64; 3];
    let rows: Vec<(u64, u64, Act)> = (0..3 + below(5))
        .map(|_| {
            let client = below(3) as usize;
            let start = clocks[client] + below(4);
            let end = start + below(6);
            clocks[client] = end + 1;
            let value = below(3) as u8;
            let act = if below(2) == 0 { Act::Write(value) } else { Act::Read(value) };
            let is_lost = below(6) == 0 && matches!(act, Act::Write(_));
            (start, if is_lost { 0 } else { end }, act)
        })
        .collect();
    history(&rows)
}

#[test]
fn agrees_with_a_judge_that_tries_every_order() {
    let mut stream = Stream::new(7, "small histories");
    let (mut good, mut bad) = (0, 0);
    for _ in 0..20_000 {
        let calls = random(&mut stream);
        for lag in [Lag::NONE, Lag { most: 2, ordered: true }, Lag { most: 3, ordered: false }] {
            let expected = if by_force(&calls, lag) { Found::Order } else { Found::None };
            assert_eq!(search(&Register, &calls, lag, &Effort::default()), expected, "{calls:?} {lag:?}");
            *(if expected == Found::Order { &mut good } else { &mut bad }) += 1;
        }
    }
    assert!(good > 5_000 && bad > 5_000, "{good} {bad}");
}

#[test]
fn the_smallest_lag_is_the_smallest() {
    let mut stream = Stream::new(8, "small histories");
    let mut found = 0;
    for _ in 0..3_000 {
        let calls = random(&mut stream);
        let by_trial = (0..40).find(|most| by_force(&calls, Lag { most: *most, ordered: false }));
        assert_eq!(smallest_lag(&Register, &calls, 40, false, &Effort::default()), by_trial, "{calls:?}");
        found += u32::from(by_trial.is_some_and(|lag| lag > 0));
    }
    assert!(found > 100, "{found}");
}

#[test]
fn the_fewest_calls_still_fail_and_each_is_needed() {
    let mut stream = Stream::new(9, "small histories");
    let mut tried = 0;
    for _ in 0..5_000 {
        let calls = random(&mut stream);
        if search(&Register, &calls, Lag::NONE, &Effort::default()) == Found::Order {
            continue;
        }
        tried += 1;
        let few = fewest(&Register, &calls, Lag::NONE, &Effort::default());
        assert!(!by_force(&few, Lag::NONE), "{few:?}");
        for leaves_out in few.iter().filter(|call| Register.reads(&call.act)).map(|call| call.at) {
            let rest: Vec<_> = few.iter().filter(|call| call.at != leaves_out).cloned().collect();
            let hidden =
                calls.iter().filter(|call| !Register.reads(&call.act) && !few.iter().any(|kept| kept.at == call.at));
            let hidden = hidden.map(|call| Timed { end: None, ..call.clone() });
            let whole: Vec<_> = rest.into_iter().chain(hidden).collect();
            assert!(by_force(&whole, Lag::NONE), "{few:?} without {leaves_out}");
        }
    }
    assert!(tried > 500, "{tried}");
}

#[test]
fn a_lost_update_is_shown_by_three_calls() {
    let calls = history(&[
        (0, 1, Act::Read(0)),
        (2, 5, Act::Write(1)),
        (3, 6, Act::Write(2)),
        (7, 8, Act::Read(2)),
        (9, 10, Act::Write(3)),
        (11, 12, Act::Read(2)),
        (13, 14, Act::Read(2)),
    ]);
    assert_eq!(search(&Register, &calls, Lag::NONE, &Effort::default()), Found::None);
    let few: Vec<Act> = fewest(&Register, &calls, Lag::NONE, &Effort::default()).iter().map(|call| call.act).collect();
    assert_eq!(few, [Act::Write(2), Act::Write(3), Act::Read(2)]);
    assert_eq!(smallest_lag(&Register, &calls, u64::MAX, false, &Effort::default()), Some(3));
    // All searches in a history share their effort.
    for effort in
        [Effort { orders: Cell::new(1), ..Effort::default() }, Effort { looks: Cell::new(1), ..Effort::default() }]
    {
        assert_eq!(search(&Register, &calls, Lag::NONE, &effort), Found::GivenUp);
        assert_eq!(search(&Register, &calls, Lag::NONE, &effort), Found::GivenUp);
    }
}

#[test]
fn a_thousand_calls_of_four_clients_are_judged() {
    let mut stream = Stream::new(3, "long history");
    let mut state = 0;
    // Each call takes effect when it is made; its start and end reach over those of others.
    let rows: Vec<(u64, u64, Act)> = (0..1_000_u64)
        .map(|at| {
            let value = (stream.next() % 5) as u8;
            let writes = stream.next().is_multiple_of(2);
            let act = if writes { Act::Write(value) } else { Act::Read(state) };
            state = if writes { value } else { state };
            (at * 10 + 100 - stream.next() % 20, at * 10 + 100 + stream.next() % 20, act)
        })
        .collect();
    assert_eq!(search(&Register, &history(&rows), Lag::NONE, &Effort::default()), Found::Order);
    let mut wrong = rows;
    wrong[700].2 = Act::Read(9);
    assert_eq!(search(&Register, &history(&wrong), Lag::NONE, &Effort::default()), Found::None);
    assert_eq!(fewest(&Register, &history(&wrong), Lag::NONE, &Effort::default()).len(), 1);
}

#[test]
fn a_long_history_is_judged() {
    let mut rows: Vec<(u64, u64, Act)> = (0..40_000_u64)
        .map(|at| {
            let value = (at / 2 % 200) as u8;
            let act = if at.is_multiple_of(2) { Act::Write(value) } else { Act::Read(value) };
            (at * 10 + 1, at * 10 + 5, act)
        })
        .collect();
    assert_eq!(search(&Register, &history(&rows), Lag::NONE, &Effort::default()), Found::Order);
    rows.push((500_001, 500_002, Act::Read(7)));
    assert_eq!(search(&Register, &history(&rows), Lag::NONE, &Effort::default()), Found::None);
}
