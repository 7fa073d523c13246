//! Covering arrays of strength 2: few rows in which every two levels of different factors meet. Knows no requests.

/// One row: the level of each factor.
pub(super) type Row = Vec<usize>;

/// Rows in which every pair of levels of two factors occurs. `levels` holds the number of levels of each factor.
///
/// Greedy: a row begins with a pair that is missing, and takes for each other factor the level with which the most missing
/// pairs come. The result is the same for the same input.
pub(super) fn rows(levels: &[usize]) -> Vec<Row> {
    let mut missing = pairs(levels);
    let mut rows = Vec::new();
    while let Some(&(first, one, second, other)) = missing.first() {
        let mut row: Vec<Option<usize>> = vec![None; levels.len()];
        (row[first], row[second]) = (Some(one), Some(other));
        for factor in 0..levels.len() {
            if row[factor].is_some() {
                continue;
            }
            let gain = |level: usize| {
                let meets = |at: usize, set: usize| {
                    let pair = if at < factor { (at, set, factor, level) } else { (factor, level, at, set) };
                    missing.binary_search(&pair).is_ok()
                };
                row.iter().enumerate().filter(|(at, set)| set.is_some_and(|set| meets(*at, set))).count()
            };
            // Of equal gains the lowest level, so that rows stay plain.
            row[factor] = (0..levels[factor]).rev().max_by_key(|level| gain(*level));
        }
        let row: Row = row.into_iter().flatten().collect();
        missing.retain(|(first, one, second, other)| row[*first] != *one || row[*second] != *other);
        rows.push(row);
    }
    rows
}

/// All pairs of levels: factor, level, later factor, level. Sorted.
fn pairs(levels: &[usize]) -> Vec<(usize, usize, usize, usize)> {
    let mut pairs = Vec::new();
    for (first, ones) in levels.iter().enumerate() {
        for one in 0..*ones {
            for (second, others) in levels.iter().enumerate().skip(first + 1) {
                pairs.extend((0..*others).map(|other| (first, one, second, other)));
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_occurs_in_few_rows() {
        for (levels, most) in [
            (vec![2, 2], 4),
            (vec![2; 10], 12),
            (vec![11, 3, 2, 2, 2], 36),
            (vec![2; 20], 18),
            (vec![3; 13], 27),
            (vec![5], 0),
            (vec![], 0),
        ] {
            let rows = rows(&levels);
            for (first, one, second, other) in pairs(&levels) {
                assert!(rows.iter().any(|row| row[first] == one && row[second] == other), "{levels:?}");
            }
            assert!(rows.iter().all(|row| row.iter().zip(&levels).all(|(level, levels)| level < levels)));
            assert!(rows.len() <= most, "{levels:?}: {} rows", rows.len());
        }
    }
}
