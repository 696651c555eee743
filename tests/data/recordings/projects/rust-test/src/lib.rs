pub fn interest(balance: i64, percent: i64) -> i64 {
    return balance / 100 * percent;
}

pub fn is_empty(list: &Vec<i64>) -> bool {
    list.len() == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_to_the_cent() {
        assert_eq!(interest(150, 10), 15);
    }

    #[test]
    fn empty_list() {
        assert!(is_empty(&vec![]));
    }

    #[test]
    fn unknown_account() {
        let accounts: Vec<i64> = Vec::new();
        accounts.first().expect("account 7 exists");
    }
}
